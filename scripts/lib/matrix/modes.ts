/** How daprd and DAPS can stand in a pod, and what each scenario is compared with. @module */

/** daprd ordinary × DAPS ordinary, ordinary × native, native × native: there is no fourth. */
export const MODE_IDS = ["oo", "on", "nn"] as const;
export type ModeId = typeof MODE_IDS[number];

/** Dapr without DAPS, with daprd an ordinary container or a native sidecar: what shows that the fault can be seen. */
export const ALONE = ["alone", "alone-native"] as const;
export type Side = ModeId | typeof ALONE[number];
