/**
 * What a sidecar answers on `/status`, checked: another program may listen there, or another version.
 * @module
 */
import * as v from "valibot";
import { PHASES, type Status } from "../../core/status.ts";

const text = v.nullable(v.string());

const schema = v.object({
  phase: v.picklist(PHASES),
  since: v.string(),
  inFlight: v.object({ delivery: v.number(), call: v.number(), opaque: v.number() }),
  parked: v.number(),
  busy: v.object({ source: v.picklist(["endpoint", "in-flight"]), value: v.boolean(), reason: text }),
  waitingFor: text,
  deadline: text,
});

/**
 * @param answer the body, as text or already read as JSON
 * @throws {TypeError} if it is not a sidecar's status
 */
export function readStatus(answer: unknown): Status {
  let value = answer;
  if (typeof answer === "string") {
    try {
      value = JSON.parse(answer);
    } catch {
      // Named below with all else that is no status.
    }
  }
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new TypeError(
    `the answer is no status of DAPS: ${
      v.getDotPath(issue) ?? "it"
    } must be ${issue.expected}: received ${issue.received}`,
  );
}
