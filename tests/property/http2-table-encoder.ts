/** Writes header blocks that lean on the dynamic table as much as they can. */
import type { HeaderField } from "../../services/sidecar/http2/hpack/static-table.ts";
import { encodeFields } from "../../services/sidecar/http2/hpack/encoder.ts";
import type { Chance } from "./relay-memory-sockets.ts";

const TABLE_BYTES = 4096;

export class TableEncoder {
  #chance: Chance;
  /** The newest is the first. */
  #table: HeaderField[] = [];

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  encode(fields: readonly HeaderField[]): Uint8Array {
    const parts: Uint8Array[] = [];
    if (this.#chance.next(10) === 0) {
      this.#table = [];
      parts.push(Uint8Array.of(0x20, 0x3f, 0xe1, 0x1f)); // Emptied, then as large as before.
    }
    for (const field of fields) {
      const index = this.#table.findIndex(({ name, value }) => name === field.name && value === field.value);
      if (index >= 0 && !field.secret) {
        parts.push(integer(0x80, 7, 62 + index));
      } else if (field.secret || this.#chance.next(4) === 0) {
        parts.push(encodeFields([field]));
      } else {
        parts.push(Uint8Array.of(0x40), spelt(field.name), spelt(field.value));
        this.#add(field);
      }
    }
    return Buffer.concat(parts);
  }

  #add(field: HeaderField): void {
    this.#table.unshift(field);
    const size = () => this.#table.reduce((sum, { name, value }) => sum + name.length + value.length + 32, 0);
    while (size() > TABLE_BYTES) this.#table.pop();
  }
}

function spelt(text: string): Uint8Array {
  return Buffer.concat([integer(0, 7, text.length), Buffer.from(text, "latin1")]);
}

function integer(flags: number, prefixBits: number, value: number): Uint8Array {
  const full = (1 << prefixBits) - 1;
  if (value < full) return Uint8Array.of(flags | value);
  const bytes = [flags | full];
  let rest = value - full;
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128);
  return Uint8Array.from([...bytes, rest]);
}
