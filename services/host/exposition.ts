/**
 * Counters, gauges and histograms in Prometheus' text format (version 0.0.4): as much of it as the sidecar needs.
 *
 * Our own few lines, because the library that the webhook uses costs a sidecar 11 MB of memory, 6 of them private; a
 * test holds them to what that library writes.
 * @module
 */

/** One metric with all its label values. */
export interface Metric {
  /** Its lines, without the last newline. */
  text(): string;
}

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** What a scrape gets. */
export function expose(metrics: readonly Metric[]): string {
  return metrics.map((metric) => `${metric.text()}\n`).join("\n");
}

export type Counter = Metric & {
  /** @param values of the labels, in the order of their names */
  inc(...values: readonly string[]): void;
};

export function counter(name: string, help: string, labels: readonly string[] = []): Counter {
  // Counted in the relay's hot path, where a key made of the values would cost more than a look at the few there are.
  const counts: { readonly values: readonly string[]; count: number }[] = [];
  const inc = (...values: readonly string[]): void => {
    const found = counts.find((known) => known.values.every((value, i) => value === values[i]));
    if (found) found.count++;
    else counts.push({ values, count: 1 });
  };
  // Without labels there is but one, and it is there from the beginning.
  if (labels.length === 0) counts.push({ values: [], count: 0 });
  const lines = () => counts.map(({ values, count }) => `${sample(name, labels, values)} ${count}`);
  return { inc, text: () => block(name, help, "counter", lines()) };
}

/** @param read asked at each scrape: the values of the labels, and the gauge's */
export function gauge(
  name: string,
  help: string,
  labels: readonly string[],
  read: () => readonly (readonly [values: readonly string[], value: number])[],
): Metric {
  return {
    text: () => block(name, help, "gauge", read().map(([values, value]) => `${sample(name, labels, values)} ${value}`)),
  };
}

export type Histogram = Metric & { observe(value: number): void };

/** @param bounds upper bounds of the buckets, ascending; +Inf comes by itself */
export function histogram(name: string, help: string, bounds: readonly number[]): Histogram {
  const counts = bounds.map(() => 0);
  let count = 0;
  let sum = 0;
  return {
    observe(value) {
      count++;
      sum += value;
      bounds.forEach((bound, index) => {
        if (value <= bound) counts[index] = (counts[index] ?? 0) + 1;
      });
    },
    text: () =>
      block(name, help, "histogram", [
        ...bounds.map((bound, index) => `${name}_bucket{le="${bound}"} ${counts[index]}`),
        `${name}_bucket{le="+Inf"} ${count}`,
        `${name}_sum ${sum}`,
        `${name}_count ${count}`,
      ]),
  };
}

function block(name: string, help: string, type: string, lines: readonly string[]): string {
  return [`# HELP ${name} ${escape(help)}`, `# TYPE ${name} ${type}`, ...lines].join("\n");
}

function sample(name: string, labels: readonly string[], values: readonly string[]): string {
  if (labels.length === 0) return name;
  const pairs = labels.map((label, index) => `${label}="${escape(values[index] ?? "").replaceAll('"', '\\"')}"`);
  return `${name}{${pairs.join(",")}}`;
}

function escape(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
