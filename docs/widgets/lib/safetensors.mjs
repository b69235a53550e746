/** Reads the files of weights that `lower-triangle export` writes, and checks that they arrived as they were written. */

const BYTES = { F16: 2, F32: 4 };

/** A file that cannot be what was written. Its message is for the reader of the page. */
export class DamagedFile extends Error {}

/** The tensors of a safetensors file, by name.
 *
 * A file is eight bytes of length, a JSON header of that length, and the numbers of all tensors.
 *
 * @param {ArrayBuffer} buffer the file
 * @returns {Map<string, {shape: number[], data: Float32Array}>} each row by row
 * @throws {DamagedFile} for a file that is no such file, or only a part of one, or has numbers of another kind
 */
export function readTensors(buffer) {
  const tensors = new Map();
  for (const [name, { dtype, shape, data_offsets: offsets }] of Object.entries(readHeader(buffer))) {
    if (name === "__metadata__") continue;
    if (!(dtype in BYTES)) throw new DamagedFile(`${name} is made of ${dtype}; only F16 and F32 can be read`);
    const start = 8 + headerLength(buffer) + offsets[0];
    const count = shape.reduce((product, size) => product * size, 1);
    if (offsets[1] - offsets[0] !== count * BYTES[dtype] || start + count * BYTES[dtype] > buffer.byteLength) {
      throw new DamagedFile(`${name} is not whole`);
    }
    tensors.set(name, { shape, data: readNumbers(new DataView(buffer, start), dtype, count) });
  }
  return tensors;
}

function headerLength(buffer) {
  return buffer.byteLength < 8 ? NaN : Number(new DataView(buffer).getBigUint64(0, true));
}

function readHeader(buffer) {
  try {
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, headerLength(buffer))));
    if (header && typeof header === "object") return header;
  } catch {
    // It is said below.
  }
  throw new DamagedFile("this is no file of weights, or not all of one");
}

/** Numbers of a kind as Float32Array, which holds each of either kind exactly. */
function readNumbers(view, dtype, count) {
  const numbers = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    numbers[i] = dtype === "F32" ? view.getFloat32(4 * i, true) : half(view.getUint16(2 * i, true));
  }
  return numbers;
}

/** The number that 16 bits stand for: a sign, five bits of exponent, ten of fraction. */
function half(bits) {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent ? sign * (1024 + fraction) * 2 ** (exponent - 25) : sign * fraction * 2 ** -24;
}

/** Refuses bytes whose sha256 is not the one that was written down when they were made.
 *
 * @param {ArrayBuffer} buffer
 * @param {string} expected in hexadecimal
 * @throws {DamagedFile}
 */
export async function requireSha256(buffer, expected) {
  // Browsers have it on https and on localhost alone.
  if (!globalThis.crypto?.subtle) throw new DamagedFile("it cannot be checked here: open this page by https");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", buffer));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== expected) throw new DamagedFile("it arrived damaged: its sha256 is not the one that was written down");
}
