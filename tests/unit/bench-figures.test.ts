import { describe, expect, it } from "vitest";
import { dapsCommand, TOKEN } from "../../scripts/lib/bench/relay/daps.ts";
import { cloudEvent } from "../../scripts/lib/bench/relay/delivery.ts";
import { type Figure, FIGURES, type Figures, medians, NOT_MEASURED } from "../../scripts/lib/bench/relay/figures.ts";
import { type Peer, PEERS } from "../../scripts/lib/bench/relay/peers.ts";
import { compare } from "../../scripts/lib/bench/relay/targets.ts";
import { parseSidecarConfig } from "../../services/core/sidecar-config.ts";

const round = (figures: Partial<Figures>): Figures => ({ ...NOT_MEASURED, ...figures });

describe("the medians of the rounds", () => {
  it("hold every peer and every figure, null where it was not measured", () => {
    const all = medians({ direct: [round({ rps: 3 }), round({ rps: 1 }), round({ rps: 2 })] });
    expect(Object.keys(all)).toEqual([...PEERS]);
    const figures = FIGURES.filter((figure) => figure !== "start_ms");
    for (const peer of PEERS) expect(Object.keys(all[peer])).toEqual(figures);
    expect(all.direct.rps).toBe(2);
    expect(all.direct.cpu_us).toBeNull();
    expect(all.queue_proxy.rps).toBeNull();
  });

  it("are those of the rounds in which a figure was measured", () => {
    const { daps_deno } = medians({
      daps_deno: [round({ cpu_us: 14.1 }), round({ cpu_us: 14.3 }), round({ rss_after_mb: 59.123 })],
    });
    expect(daps_deno.cpu_us).toBe(14.2);
    expect(daps_deno.rss_after_mb).toBe(59.12);
    expect(daps_deno).not.toHaveProperty("start_ms");
    expect(medians({ daps_deno: [round({ start_ms: 90 })] }).daps_deno.start_ms).toBe(90);
  });
});

describe("the targets", () => {
  const figures: Partial<Record<Peer, Partial<Record<Figure, number>>>> = {
    direct: { p50_us: 60, p99_us: 100 },
    haproxy_http: { cpu_us: 14, p50_us: 90, cpu_500_us: 30 },
    queue_proxy: { cpu_us: 70, rss_after_mb: 30 },
    daps_deno: {
      cpu_us: 14,
      p50_us: 75,
      p99_us: 390,
      cpu_500_us: 30,
      rss_after_mb: 60,
      dirty_idle_mb: 9,
      start_ms: 130,
    },
  };
  const told = compare((peer, figure) => figures[peer]?.[figure] ?? null);

  it.each([
    ["CPU a request, 16 connections, to HAProxy http", "1.00 ×", "≤ 0.90 ×", false],
    ["CPU a request, 16 connections, to queue-proxy", "0.20 ×", "≤ 0.20 ×", true],
    ["CPU a request, 500/s, to HAProxy http", "1.00 ×", "≤ 1.00 ×", true],
    ["added p50, 500/s, to HAProxy http's", "0.50 ×", "≤ 1.00 ×", true],
    ["added p99, 500/s", "290 µs", "≤ 300 µs", true],
    ["RSS after load, to queue-proxy's", "2.00 ×", "≤ 1.00 ×", false],
    ["Private_Dirty, idle", "9 MB", "≤ 10 MB", true],
    ["start until the gate asks", "130 ms", "≤ 120 ms", false],
  ])("%s: %s, %s", (what, value, target, met) => {
    expect(told.find((each) => each.what === what)).toEqual({ what, value, target, met });
  });

  it("are left out where a figure is missing", () => {
    expect(compare(() => null)).toEqual([]);
    expect(compare((peer) => peer === "direct" ? null : 1).map(({ what }) => what)).not.toContain("added p99, 500/s");
  });
});

describe("the request", () => {
  it("has exactly the size that was asked for, and is a CloudEvent", () => {
    for (const bytes of [1024, 65_536]) {
      const text = cloudEvent(bytes);
      expect(new TextEncoder().encode(text)).toHaveLength(bytes);
      expect(JSON.parse(text)).toMatchObject({ specversion: "1.0", topic: "orders" });
    }
    expect(() => cloudEvent(10)).toThrow("received 10");
  });
});

describe("DAPS as it is measured", () => {
  it.each(["http", "h2c"] as const)("is what admission makes of a pod whose app speaks %s", (protocol) => {
    const { args, env } = dapsCommand("deno", protocol, 18_080, "/tmp/bundle");
    expect(args).toContain("--no-prompt");
    expect(args).toContain("--allow-read=/tmp/bundle");
    expect(args.slice(-2)).toEqual(["/tmp/bundle/main.js", "sidecar"]);
    const config = parseSidecarConfig(env?.["DAPS_CONFIG"] ?? "");
    expect(config.app).toMatchObject({ host: "127.0.0.1", port: 18_080, protocol, relay: true });
    expect(config.redeliver.enabled).toBe(true);
    expect(env?.["DAPS_TOKEN"]).toBe(TOKEN);
  });

  it("gives V8 the same flags on both runtimes", () => {
    const [deno, node] = [dapsCommand("deno", "http", 1, "/b"), dapsCommand("node", "http", 1, "/b")];
    const flags = deno.args.find((arg) => arg.startsWith("--v8-flags="))?.slice("--v8-flags=".length).split(",") ?? [];
    expect(node.args).toEqual([...flags, "/b/main.js", "sidecar"]);
  });
});
