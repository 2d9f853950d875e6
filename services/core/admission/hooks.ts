/**
 * The preStop hooks by which the kubelet asks DAPS whether a container may end, and what becomes of the user's own.
 * @module
 */
import { ADMIN_PORT } from "../ports.ts";
import { type HookName, hookPath, TOKEN_HEADER, type UserHook } from "../sidecar-config.ts";
import { httpGetOf } from "./app.ts";
import type { Container, Handler } from "./pod.ts";

/**
 * DAPS's preStop of a container. The port is a number because a name resolves against the hooked container, and the
 * host is empty because Pod Security (baseline, from 1.34) forbids one.
 */
export function ownPreStop(name: HookName, token: string): Handler {
  return {
    httpGet: { path: hookPath(name), port: ADMIN_PORT, httpHeaders: [{ name: TOKEN_HEADER, value: token }] },
  };
}

export type TakenOver = {
  /** Whether DAPS holds this container's end. */
  readonly held: boolean;
  /** What DAPS carries out after the drain, in the user's place. */
  readonly preStop: UserHook | null;
};

/**
 * Puts DAPS's preStop on a container. A user's httpGet or sleep moves to DAPS; an exec stays where it is, because only
 * the kubelet can run it there.
 *
 * @param before what an earlier pass took over: it counts where the hook is DAPS's already
 */
export function takeOverPreStop(
  container: Container,
  name: HookName,
  token: string,
  before: TakenOver | undefined,
): TakenOver {
  const current = container.lifecycle?.preStop;
  if (before && tokenOfOwn(current, name) === token) return before;
  // One with another token came with a copy of a pod.
  const preStop = current && tokenOfOwn(current, name) === undefined ? userHook(current, container) : null;
  if (preStop === undefined) return { held: false, preStop: null };
  container.lifecycle = { ...container.lifecycle, preStop: ownPreStop(name, token) };
  return { held: true, preStop };
}

/** The token of a hook that DAPS made, empty if it has none; undefined for other hooks. */
function tokenOfOwn(handler: Handler | null | undefined, name: HookName): string | undefined {
  const get = handler?.httpGet;
  if (get?.port !== ADMIN_PORT || get.path !== hookPath(name)) return undefined;
  return get.httpHeaders?.find((header) => header.name === TOKEN_HEADER)?.value ?? "";
}

// Undefined: a hook that DAPS can't carry out, or that the API server will refuse and must see for that.
function userHook(handler: Handler, container: Container): UserHook | null | undefined {
  const kinds = Object.keys(handler).filter((kind) => handler[kind] != null);
  // The API server takes a tcpSocket for old times' sake, and the kubelet can't run it (`lifecycle/handlers.go`).
  if (kinds.every((kind) => kind === "tcpSocket")) return null;
  if (kinds.length > 1) return undefined;
  if (handler.sleep) {
    const { seconds } = handler.sleep;
    return Number.isSafeInteger(seconds) && seconds >= 0 ? { kind: "sleep", ms: seconds * 1000 } : undefined;
  }
  const get = handler.httpGet && httpGetOf(handler.httpGet, container);
  return get ? { kind: "httpGet", get } : undefined;
}
