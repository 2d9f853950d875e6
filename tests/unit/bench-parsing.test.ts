import { describe, expect, it } from "vitest";
import { parseH2load, parsePaced, parseWrk } from "../../scripts/lib/bench/relay/load.ts";
import {
  parseCpuTimeUs,
  parseMachineTimeUs,
  parseMemory,
  parseTreeTimeUs,
} from "../../scripts/lib/bench/relay/machine.ts";

describe("what the load generators say", () => {
  const wrk = (errors: number) =>
    `Running 3s test @ http://127.0.0.1:9696/orders\n{"requests":180000,"seconds":3.000123,"errors":${errors}}\n`;

  it("is read from the last line of wrk's output", () => {
    expect(parseWrk(wrk(0))).toEqual({ requests: 180_000, seconds: 3.000_123 });
  });

  it("counts for nothing where requests failed: who drops them must not look fast", () => {
    expect(() => parseWrk(wrk(3))).toThrow("3 requests failed");
    expect(() => parsePaced(paced(1), true)).toThrow("1 requests failed");
    expect(() => parseH2load(h2load(5, 2), 2)).toThrow("7 requests failed");
  });

  const paced = (errors: number) =>
    `{"requests":2000,"errors":${errors},"seconds":4.000,"cpu_us":94000.5,` +
    '"p50_us":110.5,"p90_us":130.0,"p99_us":210.0,"p999_us":900.0}\n';

  it("is percentiles and CPU time in the open loop", () => {
    expect(parsePaced(paced(0), true)).toEqual({
      requests: 2000,
      cpuUs: 94_000.5,
      p50Us: 110.5,
      p90Us: 130,
      p99Us: 210,
      p999Us: 900,
    });
    expect(parsePaced(paced(0), false).cpuUs).toBeNull();
  });

  const h2load = (failed: number, errored: number) =>
    "finished in 2.00s, 30000.00 req/s, 1.80MB/s\n" +
    `requests: 60016 total, 60016 started, 60000 done, 60000 succeeded, ${failed} failed, ${errored} errored, 0 timeout\n` +
    "status codes: 60000 2xx, 0 3xx, 0 4xx, 0 5xx\n";

  it("is h2load's summary over HTTP/2", () => {
    expect(parseH2load(h2load(0, 0), 2)).toEqual({ requests: 60_000, seconds: 2 });
  });

  it.each([["nothing", ""], ["something else", "connection refused\n"], ["half of it", '{"requests":1}\n']])(
    "is refused when it is %s",
    (_, text) => {
      expect(() => parseWrk(text)).toThrow("Cannot read what the load generator said");
      expect(() => parsePaced(text, true)).toThrow("Cannot read what the load generator said");
      expect(() => parseH2load(text, 1)).toThrow("Cannot read what");
    },
  );
});

describe("what the kernel says", () => {
  // utime 250, stime 150, cutime 40, cstime 10.
  const stat = "37 (deno (x) y) S 1 37 37 0 -1 4194560 5000 0 0 0 250 150 40 10 20 0 12 0 123456 789\n";

  it("is the CPU time of a process, whatever its name", () => {
    expect(parseCpuTimeUs(stat)).toBe(4_000_000);
    expect(parseTreeTimeUs(stat)).toBe(4_500_000);
    expect(() => parseCpuTimeUs("no stat")).toThrow("Cannot read CPU times");
  });

  it("is what the processors of the machine worked: not idle, not waiting, not stolen", () => {
    const text = "cpu  100 1 50 9999 88 5 4 77 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
    expect(parseMachineTimeUs(text)).toBe(1_600_000);
    expect(() => parseMachineTimeUs("")).toThrow("Cannot read CPU times");
  });

  it("is memory, in MiB", () => {
    const rollup =
      "55d0-7ffd ---p 00000000 00:00 0   [rollup]\nRss:               61440 kB\nPss:               30000 kB\n" +
      "Private_Clean:      1024 kB\nPrivate_Dirty:     10240 kB\n";
    expect(parseMemory(rollup)).toEqual({ rssMb: 60, dirtyMb: 10 });
    expect(() => parseMemory("Rss: 1 kB\n")).toThrow("Cannot read Private_Dirty");
  });
});
