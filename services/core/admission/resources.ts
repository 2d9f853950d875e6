/**
 * What the container that DAPS adds asks of its node, and how much of it may be filled with requests.
 * @module
 */
import { formatBytes, parseQuantity } from "../quantity.ts";
import { SETTINGS, type SettingsRead } from "../settings.ts";
import type { SidecarConfig } from "../sidecar-config.ts";
import { type Warning, warning } from "../warnings.ts";

export type Resources = {
  readonly requests: { readonly cpu: string; readonly memory: string };
  readonly limits: { readonly cpu?: string; readonly memory: string };
};

/** What may be kept of requests takes no more than this part of the memory limit: the rest is the runtime's. */
const HOLD_SHARE = 1 / 4;

/** Below this the sidecar would be killed while it starts, and its pod would never be ready. */
const LEAST_MEMORY = "64Mi";

/** The API server refuses a pod in which a request is above its limit: then the limit counts. */
export function dapsResources({ settings }: SettingsRead): {
  readonly resources: Resources;
  readonly hold: SidecarConfig["hold"];
  readonly warnings: Warning[];
} {
  const warnings: Warning[] = [];
  let memoryLimit = settings.memoryLimit;
  if (amount(memoryLimit) < amount(LEAST_MEMORY)) {
    memoryLimit = SETTINGS.memoryLimit.default;
    warnings.push(warning(
      "bad-value",
      `Cannot use daps.io/sidecar-memory-limit: accepted is ${LEAST_MEMORY} or more, without which the sidecar can't start; received ${
        JSON.stringify(settings.memoryLimit)
      }; ${memoryLimit} is used`,
    ));
  }
  const atMost = (what: "cpu" | "memory", request: string, limit: string | undefined, byDefault: string): string => {
    if (limit === undefined || amount(request) <= amount(limit)) return request;
    if (request !== byDefault) {
      warnings.push(warning(
        "bad-value",
        `Cannot use daps.io/sidecar-${what}-request: accepted is at most the limit, ${limit}; received ${
          JSON.stringify(request)
        }: raise daps.io/sidecar-${what}-limit too`,
      ));
    }
    return limit;
  };
  const most = Math.floor(amount(memoryLimit) * HOLD_SHARE);
  const totalBytes = Math.min(settings.holdTotal, most);
  if (totalBytes < settings.holdTotal && settings.holdTotal !== SETTINGS.holdTotal.default) {
    warnings.push(warning(
      "bad-value",
      `Cannot use daps.io/hold-total: accepted is at most a quarter of the sidecar's memory limit, ${memoryLimit}; received ${
        formatBytes(settings.holdTotal)
      }; ${formatBytes(totalBytes)} is used: raise daps.io/sidecar-memory-limit too`,
    ));
  }
  const { cpuRequest, cpuLimit, memoryRequest } = settings;
  return {
    hold: { perRequestBytes: Math.min(settings.holdPerRequest, totalBytes), totalBytes },
    resources: {
      requests: {
        cpu: atMost("cpu", cpuRequest, cpuLimit, SETTINGS.cpuRequest.default),
        memory: atMost("memory", memoryRequest, memoryLimit, SETTINGS.memoryRequest.default),
      },
      limits: { ...(cpuLimit !== undefined && { cpu: cpuLimit }), memory: memoryLimit },
    },
    warnings,
  };
}

/** A quantity of the settings' form as a number. */
function amount(quantity: string): number {
  return parseQuantity(quantity) ?? Number.NaN;
}
