/**
 * A large body to an app that reads slowly, and one back to a daprd that does.
 * @module
 */
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "../relay/listen.ts";

const HEAD_END = "\r\n\r\n";
const CHUNK = Buffer.alloc(64 * 1024, "x");
/** A reader takes so much as fast as it can, and then nothing for so long. */
const GULP_BYTES = 32 * 1024 * 1024;
const PAUSE_MS = 1000;

/** The app is there when this resolves; `through` resolves when both bodies have gone through a relay. */
export async function exchangeSlowly(
  appPort: number,
  bytes: number,
): Promise<AsyncDisposable & { through(relayPort: number): Promise<void> }> {
  const app = await listen(appPort, (socket) => {
    void (async () => {
      await readSlowly(socket, bytes);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${bytes}\r\n\r\n`);
      await writeBody(socket, bytes);
    })().catch(() => socket.destroy());
  });
  return { [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](), through: (port) => exchange(port, bytes) };
}

async function exchange(port: number, bytes: number): Promise<void> {
  const daprd = createConnection({ port, host: "127.0.0.1" });
  await once(daprd, "connect");
  try {
    daprd.write(
      `POST /upload HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/octet-stream\r\n` +
        `Dapr-Caller-App-Id: a\r\nDapr-Callee-App-Id: b\r\nContent-Length: ${bytes}\r\n\r\n`,
    );
    await Promise.all([writeBody(daprd, bytes), readSlowly(daprd, bytes)]);
  } finally {
    daprd.destroy();
  }
}

/** @param bytes a multiple of 64 KiB */
async function writeBody(socket: Socket, bytes: number): Promise<void> {
  for (let written = 0; written < bytes; written += CHUNK.length) {
    if (!socket.write(CHUNK)) await once(socket, "drain");
  }
}

/** Resolves when so many bytes have come after the end of the head. */
function readSlowly(socket: Socket, bytes: number): Promise<void> {
  let head = "";
  let left: number | undefined;
  let gulp = 0;
  return new Promise((resolve, reject) => {
    socket.once("close", () => reject(new Error("Cannot go on as the connection ended before the body did")));
    socket.once("error", reject);
    socket.on("data", (chunk: Buffer) => {
      if (left === undefined) {
        head += chunk.toString("latin1");
        const end = head.indexOf(HEAD_END);
        if (end < 0) return;
        left = bytes - (head.length - end - HEAD_END.length);
      } else left -= chunk.length;
      if (left <= 0) return resolve();
      gulp += chunk.length;
      if (gulp < GULP_BYTES) return;
      gulp = 0;
      socket.pause();
      void sleep(PAUSE_MS).then(() => socket.resume());
    });
  });
}
