/**
 * The preStop hooks: each answer is held until the container may end.
 * @module
 */
import { formatDuration } from "../core/duration.ts";
import type { HookName, UserHook } from "../core/sidecar-config.ts";
import { type Clock, sleep } from "../host/clock.ts";
import { request } from "../host/http-client.ts";
import type { Log } from "../host/log.ts";
import type { Lifecycle } from "./lifecycle.ts";

export type HooksOptions = {
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  readonly log: Log;
  /** What the user had there before DAPS took the place. */
  readonly userHooks: Readonly<Partial<Record<HookName, UserHook | null>>>;
  /** A user's hook gets no longer than this, ms. */
  readonly userHookTimeoutMs: number;
};

/** Answers may be asked for twice, by a kubelet that repeats a hook: both wait for the same end, and the user's hook runs once a drain. */
export class Hooks {
  readonly #options: HooksOptions;
  readonly #userHooks = new Map<HookName, { readonly drain: number; readonly done: Promise<void> }>();

  constructor(options: HooksOptions) {
    this.#options = options;
  }

  /** Resolves when the kubelet may go on to SIGTERM. */
  async hold(name: HookName): Promise<void> {
    const { lifecycle, clock, log } = this.#options;
    const arrived = clock.now();
    log.info("hook arrived", { hook: name });
    lifecycle.dispatch({ type: "hook", name });
    const drain = lifecycle.state.drain?.startedAt ?? arrived;
    await lifecycle.until((_, { hold }) => !hold.has(name));
    await this.#userHook(name, drain);
    log.info("hook answered", { hook: name, heldMs: Math.round(clock.now() - arrived) });
  }

  #userHook(name: HookName, drain: number): Promise<void> {
    const hook = this.#options.userHooks[name];
    if (!hook) return Promise.resolve();
    const before = this.#userHooks.get(name);
    if (before?.drain === drain) return before.done;
    const done = this.#run(name, hook);
    this.#userHooks.set(name, { drain, done });
    return done;
  }

  async #run(name: HookName, hook: UserHook): Promise<void> {
    const { lifecycle, log } = this.#options;
    const noTime = lifecycle.until(({ phase }) => phase === "forced" || phase === "gone").then(() => null);
    const detail = await Promise.race([noTime, this.#carryOut(hook)]);
    const said = { hook: name, kind: hook.kind, ...(hook.kind === "httpGet" && { path: hook.get.path }) };
    if (detail !== null) return log.info("carried out the user's own preStop", { ...said, detail });
    log.warn("broke off the user's own preStop, as the grace period is about to end", said);
  }

  async #carryOut(hook: UserHook): Promise<string> {
    const { clock, userHookTimeoutMs } = this.#options;
    if (hook.kind === "sleep") {
      const ms = Math.min(hook.ms, userHookTimeoutMs);
      await sleep(clock, ms);
      return `slept ${formatDuration(ms)}`;
    }
    const answer = await request(hook.get, { timeoutMs: userHookTimeoutMs });
    return answer.kind === "answered" ? `answered ${answer.status}` : answer.detail;
  }
}
