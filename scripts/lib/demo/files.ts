/**
 * The files of the demo: recorded events and the picture of them.
 *
 * @module
 */
import { access, constants, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { draw } from "../picture/draw/draw.ts";
import { readRecording, type Recording, writeRecording } from "../picture/recording.ts";

/** Where the picture and the events go, if they are wanted. */
export interface Files {
  readonly picture: string | undefined;
  readonly events: string | undefined;
}

/**
 * To be called before the work, whose end would be too late.
 *
 * @throws {Error} naming the file that can't be written
 */
export async function checkFolders({ picture, events }: Files): Promise<void> {
  for (const file of [picture, events]) {
    if (file === undefined) continue;
    await access(dirname(file), constants.W_OK).catch((cause: unknown) => {
      throw new Error(`Cannot write ${file} as its folder is not there or can't be written`, { cause });
    });
  }
}

/** @throws {Error} naming the file that can't be read or written, or does not hold a recording */
export async function drawFile(from: string, picture: string): Promise<void> {
  await checkFolders({ picture, events: undefined });
  const text = await readFile(from, "utf8").catch((cause: unknown) => {
    throw new Error(`Cannot read ${from}: ${(cause as Error).message}`, { cause });
  });
  await writePicture(readRecording(text, from), picture);
}

export async function keep(recording: Recording, { picture, events }: Files): Promise<void> {
  if (events !== undefined) {
    await writeFile(events, writeRecording(recording));
    process.stderr.write(`recorded events: ${events}\n`);
  }
  if (picture !== undefined) await writePicture(recording, picture);
}

async function writePicture(recording: Recording, picture: string): Promise<void> {
  await writeFile(picture, draw(recording));
  process.stderr.write(`picture: ${picture}\n`);
}
