import fc from "fast-check";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { counter, expose, gauge, histogram } from "../../services/host/exposition.ts";

/** Without the empty lines between metrics, which mean nothing. */
const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");

test("what is exposed is, line by line, what prom-client writes", async () => {
  const label = fc.string({ unit: fc.constantFrom("a", "é", '"', "\\", "\n", "{", " ") });
  await fc.assert(fc.asyncProperty(
    fc.array(fc.tuple(label, label)),
    fc.array(fc.double({ min: 0, max: 20, noNaN: true })),
    fc.nat(5),
    async (labels, observed, count) => {
      const registry = new Registry();
      const registers = [registry];
      const help = 'Says "so" \\ thus\nand on.';
      const theirs = {
        labelled: new Counter({ name: "labelled_total", help, labelNames: ["x", "y"], registers }),
        plain: new Counter({ name: "plain_total", help, registers }),
        gauge: new Gauge({ name: "now", help, labelNames: ["x"], registers }),
        times: new Histogram({ name: "seconds", help, buckets: [0.5, 1, 10], registers }),
      };
      const ours = {
        labelled: counter("labelled_total", help, ["x", "y"]),
        plain: counter("plain_total", help),
        gauge: gauge("now", help, ["x"], () => [[["a"], count]]),
        times: histogram("seconds", help, [0.5, 1, 10]),
      };
      for (const [x, y] of labels) {
        theirs.labelled.inc({ x, y });
        ours.labelled.inc(x, y);
      }
      for (let times = 0; times < count; times++) {
        theirs.plain.inc();
        ours.plain.inc();
      }
      theirs.gauge.set({ x: "a" }, count);
      for (const value of observed) {
        theirs.times.observe(value);
        ours.times.observe(value);
      }
      expect(lines(expose(Object.values(ours)))).toEqual(lines(await registry.metrics()));
    },
  ));
});
