/**
 * What the container that DAPS adds asks of its node.
 * @module
 */
import { SETTINGS, type SettingsRead } from "../settings.ts";
import { type Warning, warning } from "../warnings.ts";

export type Resources = {
  readonly requests: { readonly cpu: string; readonly memory: string };
  readonly limits: { readonly cpu?: string; readonly memory: string };
};

/** Below this the sidecar would be killed while it starts, and its pod would never be ready. */
const LEAST_MEMORY = "64Mi";

/** The API server refuses a pod in which a request is above its limit: then the limit counts. */
export function dapsResources(
  { settings }: SettingsRead,
): { readonly resources: Resources; readonly warnings: Warning[] } {
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
  const { cpuRequest, cpuLimit, memoryRequest } = settings;
  return {
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

const FACTORS: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  Ki: 2 ** 10,
  M: 1e6,
  Mi: 2 ** 20,
  G: 1e9,
  Gi: 2 ** 30,
};

/** A quantity of the settings' form as a number. */
function amount(quantity: string): number {
  const unit = quantity.replace(/^[\d.]+/, "");
  return Number.parseFloat(quantity) * (FACTORS[unit] ?? 1);
}
