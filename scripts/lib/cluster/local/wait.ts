/**
 * Waiting for something outside to become true.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";

const LOOK_AGAIN_MS = 50;
/** Long, as the machine may be busy with other clusters; a part that ends is noticed at once. */
const GIVE_UP_MS = 180_000;

/** Looks until `condition` holds. A condition that throws does not hold yet; its last error says why it never did. */
export async function until(
  what: string,
  condition: () => Promise<boolean>,
  timeoutMs: number = GIVE_UP_MS,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let reason = "it stayed so";
  while (performance.now() < deadline) {
    try {
      if (await condition()) return;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    await sleep(LOOK_AGAIN_MS);
  }
  throw new Error(`Cannot wait any longer for ${what} as ${timeoutMs / 1000} s are over: ${reason}`);
}
