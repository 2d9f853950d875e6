/**
 * The messages in what Dapr sends to a worker.
 *
 * @module
 */
import { Buffer } from "node:buffer";

export interface Message {
  readonly id: string;
  readonly workMs: number;
  readonly poison: boolean;
  /** The app says that it is ill while it works on it. */
  readonly ill: boolean;
}

/** Of a bulk delivery, by which its answer names it. */
export interface Entry {
  readonly entryId: string;
  readonly message: Message;
}

/**
 * The message in a CloudEvent, or in a binding's body, which is the message itself. A raw payload comes as a CloudEvent
 * with the payload in `data_base64`.
 *
 * @param name is the id of a body that is empty, as a job's may be
 * @param workMs for a message that does not say it
 */
export function messageIn(body: string, name: string, workMs: number): Message {
  return messageOf(body === "" ? { id: name } : JSON.parse(body), workMs);
}

/** The entries of a bulk delivery; undefined for a body that is none. */
export function bulkIn(body: string, workMs: number): Entry[] | undefined {
  if (body === "") return undefined;
  const { entries } = JSON.parse(body) as { entries?: { entryId: string; event: unknown }[] };
  return entries?.map(({ entryId, event }) => ({ entryId, message: messageOf(event, workMs) }));
}

function messageOf(parsed: unknown, workMs: number): Message {
  const event = parsed as { id?: unknown; data?: unknown; data_base64?: unknown };
  if (typeof event.data_base64 === "string") {
    return messageOf(JSON.parse(Buffer.from(event.data_base64, "base64").toString()), workMs);
  }
  const data = (event.data ?? event) as { id?: unknown; workMs?: unknown; poison?: unknown; ill?: unknown };
  return {
    id: String(data.id ?? event.id),
    workMs: typeof data.workMs === "number" ? data.workMs : workMs,
    poison: data.poison === true,
    ill: data.ill === true,
  };
}
