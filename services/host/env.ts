/**
 * Environment variables, read one at a time from a given record: Deno grants them by name.
 * @module
 */

export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws {TypeError} naming the variable when it is not set or empty */
export function requiredEnv(env: Environment, name: string): string {
  const value = optionalEnv(env, name);
  if (value === undefined) throw new TypeError(`Cannot start as environment variable ${name} is not set`);
  return value;
}

/** The variable's value; undefined when it is not set or empty. */
export function optionalEnv(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === "" ? undefined : value;
}
