/** Long work in short turns, between which the page does what its reader asks of it. */

const TURN = 8; // milliseconds, half of what a frame has

/** Goes through the steps of a generator. Once its signal has said so, not one more is taken.
 *
 * @param {Generator} steps
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} whether it came to the end
 */
export async function inTurns(steps, signal) {
  for (let end = performance.now() + TURN; !signal.aborted; ) {
    if (steps.next().done) return true;
    if (performance.now() < end) continue;
    await nextTurn();
    end = performance.now() + TURN;
  }
  return false;
}

/** After whatever else waits to be done; a timer would wait for 4 ms even if nothing does. */
function nextTurn() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
}
