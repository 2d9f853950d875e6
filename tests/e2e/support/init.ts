/** An init before a worker. @module */
import type { PodSpec } from "../../../scripts/lib/proof/manifests.ts";
import { INIT } from "../../../services/core/admission/daps-container.ts";

/**
 * Changes a worker's pod so that its app ends at a SIGTERM even while it begins, when it has no handler for it yet: for
 * tests that take pods away at any moment, and look at how long those take to go.
 */
export function withInit({ containers: [app] }: PodSpec): void {
  if (app) app["command"] = [...INIT, ...app["command"] as string[]];
}
