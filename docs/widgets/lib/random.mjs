/** Python's random.Random in JavaScript: the same seed, the same numbers.
 *
 * Source: Matsumoto and Nishimura 1998, the Mersenne Twister MT19937, and their init_by_array for the seed.
 */

const WORDS = 624;

/** The low 32 bits of a product, without a sign. */
const times = (a, b) => Math.imul(a, b) >>> 0;

export class Random {
  /** @param {number} seed a whole number from 0 to 2**32 - 1 */
  constructor(seed) {
    if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
      throw new RangeError(`${seed} is no whole number from 0 to 2**32 - 1; try 0`);
    }
    const state = new Uint32Array(WORDS);
    state[0] = 19650218;
    for (let i = 1; i < WORDS; i++) state[i] = times(state[i - 1] ^ (state[i - 1] >>> 30), 1812433253) + i;
    let i = 1;
    for (let left = WORDS; left; left--) {
      state[i] = (state[i] ^ times(state[i - 1] ^ (state[i - 1] >>> 30), 1664525)) + seed;
      if (++i === WORDS) [state[0], i] = [state[WORDS - 1], 1];
    }
    for (let left = WORDS - 1; left; left--) {
      state[i] = (state[i] ^ times(state[i - 1] ^ (state[i - 1] >>> 30), 1566083941)) - i;
      if (++i === WORDS) [state[0], i] = [state[WORDS - 1], 1];
    }
    state[0] = 0x80000000;
    this.state = state;
    this.next = WORDS;
  }

  /** A number from 0 to below 1, of 53 random bits. */
  random() {
    const high = this.word() >>> 5;
    const low = this.word() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** The next 32 bits. */
  word() {
    if (this.next === WORDS) this.twist();
    let bits = this.state[this.next++];
    bits ^= bits >>> 11;
    bits ^= (bits << 7) & 0x9d2c5680;
    bits ^= (bits << 15) & 0xefc60000;
    return (bits ^ (bits >>> 18)) >>> 0;
  }

  twist() {
    const { state } = this;
    for (let i = 0; i < WORDS; i++) {
      const joined = (state[i] & 0x80000000) | (state[(i + 1) % WORDS] & 0x7fffffff);
      state[i] = state[(i + 397) % WORDS] ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
    }
    this.next = 0;
  }
}
