/** The classifier over what real daprd sent: tests/e2e/classes holds the recording to be true. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Recorded } from "../../scripts/lib/fixtures/requests/app.ts";
import { BINDING, subscriptions } from "../../scripts/lib/fixtures/requests/scene.ts";
import { classify, subscribedPaths } from "../../services/core/classes.ts";
import { RequestHead } from "../../services/sidecar/http1/request-head.ts";
import { headOf as headOfFields } from "../../services/sidecar/http2/stream.ts";
import { EXPECTED, type FixtureName, requestsOf } from "../fixtures/requests.ts";

/** What DAPS has learned once Dapr has asked its questions. */
const KNOWN = new Set([`/${BINDING}`, ...subscribedPaths(subscriptions("apps"))]);

/** As the relay reads it. */
function headOf({ method, path, headers }: Recorded): RequestHead {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}\r\n`);
  const bytes = new TextEncoder().encode(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  const head = new RequestHead();
  expect(head.read(bytes, 0, bytes.length)).toBe(bytes.length);
  return head;
}

const NAMES = Object.keys(EXPECTED) as FixtureName[];

it("every recording has its expectation", () => {
  const files = readdirSync(join(import.meta.dirname, "../fixtures/requests"));
  expect(files.sort()).toEqual(NAMES.map((name) => `${name}.json`).sort());
});

describe.each(NAMES)("%s", (name) => {
  const requests = requestsOf(name);

  it("is classed as what it is", () => {
    const classed = requests.map((request, index) =>
      classify(headOf(request), KNOWN, EXPECTED[name][index]?.atWork !== true)
    );
    expect(classed).toEqual(EXPECTED[name].map(({ class: cls, rule }) => ({ class: cls, rule })));
  });

  it("is so over HTTP/2 too", () => {
    for (const request of requests) {
      const fields = Object.entries({ ":method": request.method, ":path": request.path, ...request.headers });
      const head = headOfFields(fields.map(([name, value]) => ({ name, value: String(value) })));
      expect(classify(head, KNOWN, false)).toEqual(classify(headOf(request), KNOWN, false));
    }
  });

  it("is so whatever else is in flight, unless it is a guess", () => {
    for (const [index, request] of requests.entries()) {
      if (EXPECTED[name][index]?.rule === "guess") continue;
      expect(classify(headOf(request), KNOWN, true)).toEqual(classify(headOf(request), KNOWN, false));
    }
  });
});

it("the routes of subscriptions need not be known", () => {
  const guessed = NAMES.filter((name) =>
    requestsOf(name).some((request) => classify(headOf(request), new Set(), false).rule === "guess")
  );
  expect(guessed).toEqual(["binding", "binding-directed", "invocation-own", "invocation-own-at-work"]);
});
