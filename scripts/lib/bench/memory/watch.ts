/**
 * The most memory that a process has while something happens to it.
 * @module
 */
import { type Memory, memoryOf } from "../relay/machine.ts";

const LOOK_INTERVAL_MS = 50;

/** Looks every 50 ms, from before `action` until after it. */
export async function mostMemory(pid: number, action: () => Promise<void>): Promise<Memory> {
  let most = await memoryOf(pid);
  const look = async () => {
    const { rssMb, dirtyMb } = await memoryOf(pid);
    most = { rssMb: Math.max(most.rssMb, rssMb), dirtyMb: Math.max(most.dirtyMb, dirtyMb) };
  };
  let failure: unknown;
  const timer = setInterval(() => void look().catch((error) => failure ??= error), LOOK_INTERVAL_MS);
  try {
    await action();
  } finally {
    clearInterval(timer);
  }
  await look();
  if (failure !== undefined) throw new Error("Cannot tell the memory of the process", { cause: failure });
  return most;
}
