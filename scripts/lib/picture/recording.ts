/**
 * What is recorded of a rollout, and the file that holds it: all that a picture is drawn from.
 *
 * @module
 */
import * as v from "valibot";
import { PHASES } from "../../../services/core/status.ts";

/** In ms since the first message was published, by the clocks of one machine. */
const at = v.number();
const message = v.string();
const pod = v.string();

const event = v.variant("kind", [
  /** The rolling restart was asked for. */
  v.object({ kind: v.literal("rollout"), at }),
  /** The API server told that the pod is to go (`deleted`), and that it is not there any more (`gone`). */
  v.object({ kind: v.picklist(["deleted", "gone"]), at, pod }),
  /** `ready`: of the app, its ready path gave 2xx; of daprd, it had initialized. */
  v.object({ kind: v.picklist(["running", "ready", "sigterm", "ended"]), at, pod, container: v.string() }),
  /** DAPS began a phase. */
  v.object({ kind: v.literal("phase"), at, pod, phase: v.picklist(PHASES) }),
  v.object({ kind: v.literal("published"), at, message }),
  /** The broker gave the message to a pod's daprd; null: to a pod that is not known. */
  v.object({ kind: v.literal("delivered"), at, message, pod: v.nullable(pod) }),
  /** An attempt of the app. */
  v.object({ kind: v.picklist(["begun", "completed"]), at, message, pod, attempt: v.string() }),
  /** The app answered with an error, as it was not ready. */
  v.object({ kind: v.literal("refused"), at, message, pod }),
]);

const recording = v.object({
  version: v.literal(1),
  /** daprd as a native sidecar. */
  native: v.boolean(),
  prefetch: v.number(),
  seed: v.number(),
  sides: v.object({ alone: v.array(event), daps: v.array(event) }),
});

export type RolloutEvent = v.InferOutput<typeof event>;
export type Recording = v.InferOutput<typeof recording>;
export type SideName = keyof Recording["sides"];

/**
 * @param name what the text is, for the error's sake
 * @throws {TypeError} saying what of the text is not as `writeRecording` writes it
 */
export function readRecording(text: string, name = "a text"): Recording {
  const { issues, output, success } = v.safeParse(recording, parseJson(text, name));
  if (success) return output;
  const [issue] = issues;
  const where = v.getDotPath(issue) ?? "the whole";
  throw new TypeError(`Cannot take ${name} for a recorded rollout as of ${where}: ${issue.message}`);
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TypeError(`Cannot take ${name} for a recorded rollout as it is no JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** An event a line, so that recordings can be looked at and compared. */
export function writeRecording({ sides, ...head }: Recording): string {
  const lines = (events: readonly RolloutEvent[]) => events.map((each) => `      ${JSON.stringify(each)}`).join(",\n");
  const fields = Object.entries(head).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`);
  const arrays = Object.entries(sides).map(([name, events]) => `    "${name}": [\n${lines(events)}\n    ]`);
  return `{\n${fields.join("")}  "sides": {\n${arrays.join(",\n")}\n  }\n}\n`;
}
