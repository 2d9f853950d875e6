/**
 * Visits of one peer: each time it is started afresh, measured, and ended.
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ADMIN_PORT } from "../../../../services/core/ports.ts";
import { type Running, start } from "./children.ts";
import { dapsCommand, type Protocol, type Runtime } from "./daps.ts";
import type { Delivery } from "./delivery.ts";
import { type Figures, NOT_MEASURED } from "./figures.ts";
import { closedLoop, openLoop, RATE, requestsUntil } from "./load.ts";
import { listen } from "./listen.ts";
import { cpuTimeUs, type Memory, memoryOf } from "./machine.ts";
import { type Peer, peerProcess } from "./peers.ts";
import type { Programs } from "./programs.ts";

/** How long each part of a visit takes, in whole seconds where wrk needs them. */
export type Plan = {
  readonly protocol: Protocol;
  readonly delivery: Delivery;
  readonly warmUpSeconds: number;
  readonly closedSeconds: number;
  /** How often the open loop visits every peer in a round. */
  readonly turns: number;
  readonly leadSeconds: number;
  readonly openSeconds: number;
  /** So long a process that has just started, or was under load, is left alone before its memory is read. */
  readonly settleMs: number;
  /** The memory afterwards is that after so many requests, in a visit of its own; null: at the end of each visit. */
  readonly requests: number | null;
};

/** Where nothing but the bench itself listens. */
const START_PORT = 18_090;

/** Its memory before any request, and what passes over 16 connections. */
export async function visit(peer: Peer, plan: Plan, programs: Programs): Promise<Figures> {
  const { protocol, delivery } = plan;
  const { command, port } = await peerProcess(peer, protocol, programs);
  await using process = command && await start(command, port);
  const idle = await settledMemory(process, plan.settleMs);
  await closedLoop(protocol, port, plan.warmUpSeconds, delivery);
  const cpuBefore = process && await cpuTimeUs(process.pid);
  const closed = await closedLoop(protocol, port, plan.closedSeconds, delivery);
  const cpuAfter = process && await cpuTimeUs(process.pid);
  const loaded = plan.requests === null ? await settledMemory(process, plan.settleMs) : undefined;
  return {
    ...NOT_MEASURED,
    rps: closed.requests / closed.seconds,
    cpu_us: cpuBefore === undefined || cpuAfter === undefined ? null : (cpuAfter - cpuBefore) / closed.requests,
    rss_idle_mb: idle?.rssMb ?? null,
    dirty_idle_mb: idle?.dirtyMb ?? null,
    ...(plan.requests === null && after(loaded)),
  };
}

/** What 500 requests a second take, once the process is warm. */
export async function pacedVisit(peer: Peer, plan: Plan, programs: Programs): Promise<Figures> {
  const { protocol, delivery, openSeconds: seconds, leadSeconds } = plan;
  const { command, port } = await peerProcess(peer, protocol, programs);
  await using process = command && await start(command, port);
  await closedLoop(protocol, port, plan.warmUpSeconds + plan.closedSeconds, delivery);
  const open = await openLoop(programs.paced, protocol, port, { leadSeconds, seconds }, delivery, process?.pid);
  return {
    ...NOT_MEASURED,
    p50_us: open.p50Us,
    p90_us: open.p90Us,
    p99_us: open.p99Us,
    p999_us: open.p999Us,
    cpu_500_us: open.cpuUs === null ? null : open.cpuUs / (RATE * seconds),
  };
}

/** What a process has in memory after so many requests. */
export async function afterRequests(peer: Peer, requests: number, plan: Plan, programs: Programs): Promise<Figures> {
  const { command, port } = await peerProcess(peer, plan.protocol, programs);
  if (command === undefined) return NOT_MEASURED;
  await using process = await start(command, port);
  await requestsUntil(requests, plan.protocol, port, plan.delivery);
  return { ...NOT_MEASURED, ...after(await settledMemory(process, plan.settleMs)) };
}

function after(memory: Memory | undefined) {
  return { rss_after_mb: memory?.rssMb ?? null, dirty_after_mb: memory?.dirtyMb ?? null };
}

async function settledMemory(process: Running | undefined, settleMs: number): Promise<Memory | undefined> {
  if (process === undefined) return undefined;
  await sleep(settleMs);
  return await memoryOf(process.pid);
}

/** From the start of DAPS's process until its gate asks the app whether it is ready, in ms. */
export async function startMs(runtime: Runtime, programs: Programs): Promise<number> {
  const asked = Promise.withResolvers<number>();
  await using _app = await listen(START_PORT, () => asked.resolve(performance.now()));
  const command = dapsCommand(runtime, "http", START_PORT, programs.bundle);
  const began = performance.now();
  await using _daps = await start(command, ADMIN_PORT);
  return await asked.promise - began;
}
