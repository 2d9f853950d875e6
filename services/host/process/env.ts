/**
 * Environment variables, read one at a time: Deno grants them by name.
 * @module
 */

/** The value of a variable; undefined when it is not set. */
export type Environment = (name: string) => string | undefined;

/** @throws {TypeError} naming the variable when it is not set or empty */
export function requiredEnv(env: Environment, name: string): string {
  const value = optionalEnv(env, name);
  if (value === undefined) throw new TypeError(`Cannot start as environment variable ${name} is not set`);
  return value;
}

/** The variable's value; undefined when it is not set or empty. */
export function optionalEnv(env: Environment, name: string): string | undefined {
  const value = env(name);
  return value === "" ? undefined : value;
}
