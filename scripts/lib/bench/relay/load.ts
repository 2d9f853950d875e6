/**
 * The load generators, and what they say.
 * @module
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execute, repositoryRoot } from "../../toolchain/index.ts";
import type { Command } from "./children.ts";
import type { Protocol } from "./daps.ts";
import type { Delivery } from "./delivery.ts";

/** As daprd's pool might have open under load. */
export const CONNECTIONS = 16;
/** Requests a second of the open loop. */
export const RATE = 500;

/** Longer than any load may take to end by itself. */
const SPARE_MS = 60_000;

export type Throughput = { readonly requests: number; readonly seconds: number };

export type Latency = {
  readonly requests: number;
  /** CPU time of the process that was named, null if none was. */
  readonly cpuUs: number | null;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
};

/** As many requests as pass over 16 connections, each with one request at a time. */
export async function closedLoop(
  protocol: Protocol,
  port: number,
  seconds: number,
  delivery: Delivery,
): Promise<Throughput> {
  const url = `http://127.0.0.1:${port}/orders`;
  if (protocol === "http") {
    const script = join(repositoryRoot, "bench/load/delivery.lua");
    const args = ["-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, "-s", script, url];
    const env = { DAPS_BENCH_HEAD: delivery.headFile, DAPS_BENCH_BODY: delivery.bodyFile };
    return parseWrk(await output({ program: "wrk", args, env }, seconds));
  }
  const head = (await readFile(delivery.headFile, "utf8")).trim().split("\n").flatMap((line) => ["-H", line]);
  const args = ["-c", String(CONNECTIONS), "-m", "1", "-D", String(seconds), ...head, "-d", delivery.bodyFile, url];
  return parseH2load(await output({ program: "h2load", args }, seconds), seconds);
}

/** At least so many requests, as `closedLoop` sends them. */
export async function requestsUntil(
  requests: number,
  protocol: Protocol,
  port: number,
  delivery: Delivery,
): Promise<void> {
  let seconds = 2;
  for (let sent = 0; sent < requests;) {
    const { requests: more } = await closedLoop(protocol, port, seconds, delivery);
    if (more === 0) throw new Error("Cannot send requests as none is answered");
    sent += more;
    seconds = Math.ceil((requests - sent) * seconds / more);
  }
}

/** 500 requests a second, whether or not they are answered. */
export async function openLoop(
  paced: string,
  protocol: Protocol,
  port: number,
  { leadSeconds, seconds }: { readonly leadSeconds: number; readonly seconds: number },
  delivery: Delivery,
  pid?: number,
): Promise<Latency> {
  const args = [port, RATE, leadSeconds, seconds, CONNECTIONS, protocol === "http" ? "http1" : "http2"].map(String);
  const files = [delivery.headFile, delivery.bodyFile];
  const command = { program: paced, args: [...args, ...files, ...(pid === undefined ? [] : [String(pid)])] };
  return parsePaced(await output(command, leadSeconds + seconds), pid !== undefined);
}

async function output({ program, args, env }: Command, seconds: number): Promise<string> {
  const timeoutMs = seconds * 1000 + SPARE_MS;
  return (await execute(program, [...args], { timeoutMs, ...(env && { env: { ...env } }) })).stdout;
}

/** The last line of what bench/load/delivery.lua makes wrk print. */
export function parseWrk(text: string): Throughput {
  const { requests, seconds, errors } = lastObject(text);
  return sound({ requests, seconds }, errors, text);
}

/** What bench/load/paced.c prints. */
export function parsePaced(text: string, withCpu: boolean): Latency {
  const said = lastObject(text);
  const figures = {
    requests: said["requests"],
    cpuUs: withCpu ? said["cpu_us"] : null,
    p50Us: said["p50_us"],
    p90Us: said["p90_us"],
    p99Us: said["p99_us"],
    p999Us: said["p999_us"],
  };
  return sound(figures, said["errors"], text) as Latency;
}

/** h2load's summary, of a run by time. */
export function parseH2load(text: string, seconds: number): Throughput {
  const counts = /^requests: .*?(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored/m.exec(text);
  const codes = /^status codes: (\d+) 2xx/m.exec(text)?.[1];
  const [, , succeeded, failed, errored] = counts?.map(Number) ?? [];
  // The requests in flight at the end of the time are in "failed" of no version, and in "2xx" of some.
  const errors = failed === undefined || errored === undefined ? undefined : failed + errored;
  if (codes === undefined) throw new TypeError(`Cannot read what h2load said: received ${text}`);
  return sound({ requests: succeeded, seconds }, errors, text) as Throughput;
}

function lastObject(text: string): Record<string, number> {
  try {
    return JSON.parse(text.trim().split("\n").at(-1) ?? "") as Record<string, number>;
  } catch {
    throw new TypeError(`Cannot read what the load generator said: received ${text}`);
  }
}

/** A proxy that drops requests must not look fast. */
function sound<T extends Record<string, number | null | undefined>>(
  figures: T,
  errors: number | undefined,
  text: string,
): { [K in keyof T]: NonNullable<T[K]> } {
  const missing = Object.values(figures).some((value) => value === undefined);
  if (missing || errors === undefined) {
    throw new TypeError(`Cannot read what the load generator said: received ${text}`);
  }
  if (errors > 0) throw new Error(`Cannot count what was measured as ${errors} requests failed: ${text}`);
  return figures as { [K in keyof T]: NonNullable<T[K]> };
}
