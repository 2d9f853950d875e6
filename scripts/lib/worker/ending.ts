/**
 * What has to be over, besides the worker's own work, before its process ends.
 *
 * @module
 */

/** Each is called once the worker has nothing in flight. */
export const ending: (() => Promise<void>)[] = [];
