/**
 * What the command lines of all scripts share.
 *
 * @module
 */
import process from "node:process";
import { parseArgs, type ParseArgsConfig } from "node:util";

/** What was written on the command line can't be used. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Options and other words. @throws {UsageError} for an option that is not there, or not as it has to be */
export function parseWords<T extends Options>(args: readonly string[], options: T) {
  return parse({ args: [...args], options, allowPositionals: true });
}

/** Options alone. @throws {UsageError} also for other words */
export function parseOptions<T extends Options>(args: readonly string[], options: T) {
  return parse({ args: [...args], options }).values;
}

function parse<T extends ParseArgsConfig>(config: T) {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(`Cannot read the command line: ${(error as Error).message}`);
  }
}

/** @throws {UsageError} naming the option, what is accepted and what was received */
export function integerOption(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`Cannot use --${option}: it must be an integer from ${min} to ${max}: received ${text}`);
}

/**
 * Some of the known words, with commas between them; all of them if the option is not given.
 *
 * @throws {UsageError} naming the option, what is accepted and what was received
 */
export function choiceOption<T extends string>(option: string, text: string | undefined, known: readonly T[]): T[] {
  if (text === undefined) return [...known];
  return text.split(",").map((word) => {
    const found = known.find((each) => each === word);
    if (found !== undefined) return found;
    throw new UsageError(`Cannot use --${option}: it must name some of ${known.join(", ")}: received ${word}`);
  });
}

/** Runs a command to its exit code: 2 for a `UsageError`, 1 for any other error, which is told in one line. */
export async function runCommand(name: string, main: (argv: string[]) => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof UsageError) process.stderr.write(`Try ./scripts/${name} --help\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
