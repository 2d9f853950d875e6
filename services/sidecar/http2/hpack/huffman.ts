/** The Huffman code of HPACK (RFC 7541, appendix B), for reading. @module */
import { CODE, Http2Error } from "../http2-error.ts";

/** Bits of the code of each byte, 0 to 255. Codes of one length follow each other in the order of their bytes. */
const LENGTHS = [
  [13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28],
  [28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12],
  [10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6],
  [5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22],
  [22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20],
  [22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23],
  [26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28],
  [27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28],
  [27, 27, 27, 27, 27, 26],
].flat();

/** End of string; all ones, 30 bits. In a string it is an error, its first bits fill the last byte. */
const EOS = 256;

// A binary tree: at 2 × node + bit either the next node, or −1 − byte.
const tree = new Int16Array(2 * 512);
let nodes = 1;

{
  let code = 0;
  let length = 0;
  const all = [...LENGTHS, 30].map((bits, byte) => ({ bits, byte })).sort((a, b) => a.bits - b.bits || a.byte - b.byte);
  for (const { bits, byte } of all) {
    code <<= bits - length;
    length = bits;
    insert(code++, bits, byte);
  }
}

function insert(code: number, bits: number, byte: number): void {
  let node = 0;
  for (let bit = bits - 1; bit > 0; bit--) {
    const at = 2 * node + ((code >> bit) & 1);
    tree[at] ||= nodes++;
    node = tree[at]!;
  }
  tree[2 * node + (code & 1)] = -1 - byte;
}

/** @throws {Http2Error} if it is not of that code, or its end is filled up with anything but the beginning of EOS */
export function huffmanText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  let node = 0;
  let bits = 0;
  let ones = true;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    for (let shift = 7; shift >= 0; shift--) {
      const bit = (byte >> shift) & 1;
      const next = tree[2 * node + bit]!;
      if (next >= 0) {
        node = next;
        bits++;
        ones &&= bit === 1;
        continue;
      }
      if (next === -1 - EOS) throw new Http2Error(CODE.COMPRESSION_ERROR, "Cannot read a string with EOS in it");
      text += String.fromCharCode(-1 - next);
      node = 0;
      bits = 0;
      ones = true;
    }
  }
  if (bits > 7 || !ones) {
    throw new Http2Error(CODE.COMPRESSION_ERROR, "Cannot read a string that does not end in a beginning of EOS");
  }
  return text;
}
