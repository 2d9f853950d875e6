/** The server side of RFC 6455, as much as an echo takes. */
import { createHash } from "node:crypto";
import type http from "node:http";
import type { Duplex } from "node:stream";

const CLOSE = 8;
const PING = 9;
const PONG = 10;

export type Echo = { readonly socket: Duplex; readonly pongs: string[] };

type Frame = { readonly first: number; readonly payload: Buffer; readonly size: number };

/** Echoes each frame; `onOpen` gets each connection. */
export function echoWebSockets(server: http.Server, onOpen: (echo: Echo) => void): void {
  server.on("upgrade", (request, socket, head) => {
    const hash = createHash("sha1").update(
      `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
    );
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${hash.digest("base64")}\r\n\r\n`,
    );
    const echo: Echo = { socket, pongs: [] };
    let come: Buffer = head;
    const take = () => {
      for (let frame = read(come); frame; frame = read(come)) {
        come = come.subarray(frame.size);
        answer(echo, frame);
      }
    };
    socket.on("data", (bytes: Buffer) => {
      come = Buffer.concat([come, bytes]);
      take();
    });
    socket.on("end", () => socket.end());
    socket.on("error", () => socket.destroy());
    onOpen(echo);
    take();
  });
}

/** Asks the client for a sign of life; its answer comes to `Echo.pongs`. */
export function ping({ socket }: Echo, text: string): void {
  socket.write(frame(0x80 | PING, Buffer.from(text)));
}

/** Closes from the server's side. */
export function close({ socket }: Echo, code: number): void {
  socket.write(frame(0x80 | CLOSE, Buffer.of(code >> 8, code & 255)));
}

function answer({ socket, pongs }: Echo, { first, payload }: Frame): void {
  const opcode = first & 15;
  if (opcode === PONG) {
    pongs.push(payload.toString());
    return;
  }
  socket.write(frame(opcode === PING ? 0x80 | PONG : first, payload));
  if (opcode === CLOSE) socket.end();
}

function frame(first: number, payload: Buffer): Buffer {
  const size = payload.length;
  const long = size > 65_535 ? 8 : size > 125 ? 2 : 0;
  const head = Buffer.alloc(2 + long);
  head[0] = first;
  head[1] = long === 8 ? 127 : long === 2 ? 126 : size;
  if (long === 8) head.writeBigUInt64BE(BigInt(size), 2);
  else if (long === 2) head.writeUInt16BE(size, 2);
  return Buffer.concat([head, payload]);
}

/** The first frame, unmasked; null if it has not come whole. */
function read(bytes: Buffer): Frame | null {
  if (bytes.length < 2) return null;
  const short = bytes[1]! & 127;
  const long = short === 127 ? 8 : short === 126 ? 2 : 0;
  const start = 2 + long + 4;
  if (bytes.length < start) return null;
  const size = long === 8 ? Number(bytes.readBigUInt64BE(2)) : long === 2 ? bytes.readUInt16BE(2) : short;
  if (bytes.length < start + size) return null;
  const mask = bytes.subarray(start - 4, start);
  const payload = Buffer.from(bytes.subarray(start, start + size));
  for (let i = 0; i < size; i++) payload[i]! ^= mask[i & 3]!;
  return { first: bytes[0]!, payload, size: start + size };
}
