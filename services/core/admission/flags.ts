/**
 * Reading and changing command-line flags as Dapr's injector writes them (`--flag`, `value` as two items; bare
 * booleans) and as people write them (`--flag=value`).
 * @module
 */
import type { Container } from "./pod.ts";

type Place = { readonly list: string[]; readonly index: number; readonly inline: boolean };

/** The value of `--name`, or undefined if the flag is absent or has none. */
export function flag(container: Container, name: string): string | undefined {
  const place = find(container, name);
  if (!place) return undefined;
  const item = place.list[place.index] ?? "";
  return place.inline ? item.slice(item.indexOf("=") + 1) : place.list[place.index + 1];
}

/** Whether a boolean `--name` is set; bare, or with a value that Go's flag package takes for true. */
export function hasFlag(container: Container, name: string): boolean {
  const place = find(container, name);
  if (!place) return false;
  const item = place.list[place.index] ?? "";
  return !place.inline || /^(?:1|t|true)$/i.test(item.slice(item.indexOf("=") + 1));
}

/** Gives `--name` a value in place, in the form in which it is written. Absent: nothing is changed. */
export function changeFlag(container: Container, name: string, value: string): void {
  const place = find(container, name);
  if (!place) return;
  if (place.inline) place.list[place.index] = `--${name}=${value}`;
  else place.list[place.index + 1] = value;
}

/** Sets `--name`, adding it at the end if it is absent. */
export function setFlag(container: Container, name: string, value: string): void {
  if (find(container, name)) return changeFlag(container, name, value);
  if (container.args) container.args.push(`--${name}`, value);
  else if (container.command) container.command.push(`--${name}`, value);
}

/** Takes `--name` away with its value, as often as it is there. Returns whether it was. */
export function removeFlag(container: Container, name: string): boolean {
  let found = false;
  for (let place = find(container, name); place; place = find(container, name)) {
    place.list.splice(place.index, place.inline ? 1 : 2);
    found = true;
  }
  return found;
}

// The last one wins, and one dash is as good as two, as daprd reads them (`cmd/daprd/options`). `/dlv … --` may stand
// before daprd's own.
function find(container: Container, name: string): Place | undefined {
  const pattern = new RegExp(`^--?${name}(=|$)`);
  for (const list of [container.args, container.command]) {
    if (!list) continue;
    for (let index = list.length - 1; index >= 0; index--) {
      const match = pattern.exec(list[index] ?? "");
      if (match) return { list, index, inline: match[1] === "=" };
    }
  }
  return undefined;
}
