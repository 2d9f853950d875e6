/**
 * What the app's busy endpoint said, and whether that decides.
 * @module
 */

/** What became of one `GET` of the busy path. */
export type BusyAnswer =
  | { readonly kind: "answered"; readonly status: number; readonly body: string }
  /** The port accepted, but no answer came. */
  | { readonly kind: "failed"; readonly detail: string }
  /** The port refused: there is no app. */
  | { readonly kind: "refused" };

export type Busy = {
  /** What decides: the app's endpoint, or the count of what is in flight alone. */
  readonly source: "endpoint" | "in-flight";
  readonly value: boolean;
  /** The app's own words, or why its answer could not be used. */
  readonly reason: string | null;
};

export const NOT_ASKED: Busy = { source: "in-flight", value: false, reason: "not asked yet" };

/**
 * An endpoint binds when it was set by annotation, or has once answered in the form `{"busy": true|false}`. From then
 * on a failure counts as busy while the port still accepts; before, the count of what is in flight decides alone.
 *
 * @param bound whether the endpoint binds already
 */
export function readBusy(answer: BusyAnswer, bound: boolean): Busy {
  if (answer.kind === "refused") {
    return { source: bound ? "endpoint" : "in-flight", value: false, reason: "the app's port refuses" };
  }
  const form = answer.kind === "answered" && answer.status === 200 ? parse(answer.body) : undefined;
  if (form) return { source: "endpoint", value: form.busy, reason: form.reason };
  const reason = answer.kind === "failed"
    ? `no answer: ${answer.detail}`
    : `answered ${answer.status} ${JSON.stringify(answer.body.slice(0, 40))}, which is not {"busy": true|false}`;
  return bound ? { source: "endpoint", value: true, reason } : { source: "in-flight", value: false, reason };
}

function parse(body: string): { busy: boolean; reason: string | null } | undefined {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof json !== "object" || json === null) return undefined;
  const { busy, reason, count } = json as { busy?: unknown; reason?: unknown; count?: unknown };
  if (typeof busy !== "boolean") return undefined;
  const said = [typeof reason === "string" ? reason : "", typeof count === "number" ? `count ${count}` : ""].filter(
    Boolean,
  );
  return { busy, reason: said.length > 0 ? said.join(", ") : null };
}
