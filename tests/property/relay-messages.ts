/** Valid HTTP/1 exchanges of every shape, by generation. */
import fc from "fast-check";
import { isAskedOnce, isConclusive } from "../../services/sidecar/http1/asked-once.ts";

export type Message = { readonly head: string; readonly body: string };
export type GeneratedExchange = {
  readonly request: Message;
  /** Interim responses and the final one. */
  readonly answer: string;
  /** The app answers as soon as it has the request's head. */
  readonly early: boolean;
  /** The connection ends after it, whoever says so; the app closes its side behind the answer. */
  readonly last: boolean;
};

const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]{0,11}$/);
const value = fc.stringMatching(/^[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]{0,30}[\x21-\x7e\x80-\xff])?$/);
const whitespace = fc.constantFrom("", " ", "\t", "  ");
const RESERVED = /^(?:content-length|transfer-encoding|connection|upgrade|content-type|dapr-.*)$/i;

const field = fc.tuple(token, whitespace, value, whitespace)
  .filter(([name]) => !RESERVED.test(name))
  .map(([name, before, text, after]) => `${name}:${before}${text}${after}\r\n`);

const fields = fc.array(field, { maxLength: 6 }).map((all) => all.join(""));

const content = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: "binary-ascii", maxLength: 60 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("\r\n\r\n", "0\r\n\r\n", "POST / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"),
  },
  { weight: 1, arbitrary: fc.nat({ max: 40_000 }).map((length) => "0123456789abcdef".repeat(length >> 4)) },
);

const chunked = fc.record({
  chunks: fc.array(content.filter((text) => text !== ""), { maxLength: 4 }),
  extension: fc.constantFrom("", ";a", ";name=value", ';q="a;b c"'),
  upper: fc.boolean(),
  zeros: fc.constantFrom("", "0", "000"),
  trailers: fields,
}).map(({ chunks, extension, upper, zeros, trailers }) => {
  const size = (count: number) => zeros + (upper ? count.toString(16).toUpperCase() : count.toString(16)) + extension;
  return chunks.map((chunk) => `${size(chunk.length)}\r\n${chunk}\r\n`).join("") + `0${extension}\r\n${trailers}\r\n`;
});

const cased = (name: string) => fc.constantFrom(name, name.toLowerCase(), name.toUpperCase());

/** Fields and body that belong together. */
const framed = fc.oneof(
  fc.tuple(cased("Content-Length"), whitespace, content).map(([name, space, body]) => ({
    fields: `${name}:${space}${body.length}\r\n`,
    body,
  })),
  fc.tuple(cased("Transfer-Encoding"), fc.constantFrom("chunked", "Chunked", "gzip, chunked"), chunked).map((
    [name, coding, body],
  ) => ({ fields: `${name}: ${coding}\r\n`, body })),
);
const unframed = fc.constant({ fields: "", body: "" });

const contentType = fc.constantFrom(
  "",
  "Content-Type: application/cloudevents+json\r\n",
  "content-type: application/json\r\n",
);
const appIds = fc.constantFrom("", "Dapr-Caller-App-Id: a\r\nDapr-Callee-App-Id: b\r\n");

const request = fc.record({
  method: fc.constantFrom("POST", "POST", "POST", "GET", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH", "PROPFIND"),
  target: fc.constantFrom(
    "/orders",
    "/",
    "/a/b?c=d",
    "*",
    "/dapr/subscribe",
    "http://host/x",
    `/${"long/".repeat(300)}`,
  ),
  before: fields,
  type: contentType,
  ids: appIds,
  framed: fc.oneof({ weight: 3, arbitrary: framed }, { weight: 1, arbitrary: unframed }),
  after: fields,
}).map(({ method, target, before, type, ids, framed, after }) => ({
  method,
  path: target,
  head: `${method} ${target} HTTP/1.1\r\n${before}${type}${ids}${framed.fields}${after}\r\n`,
  body: framed.body,
}));

const interim = fc.array(
  fc.tuple(fc.constantFrom("100 Continue", "103 Early Hints", "102 "), fields).map(([status, some]) =>
    `HTTP/1.1 ${status}\r\n${some}\r\n`
  ),
  { maxLength: 2 },
).map((all) => all.join(""));

const exchange: fc.Arbitrary<GeneratedExchange> = fc.record({
  request,
  interim,
  status: fc.constantFrom("200 OK", "201", "404 Not Found", "500 Oh\t\u00e9", "204 No Content", "304 Not Modified"),
  before: fields,
  framed,
  early: fc.boolean(),
}).map(({ request, interim, status: anyStatus, before, framed, early }) => {
  // Another answer than these makes the relay ask again: tests/conformance/relay-asked-once.test.ts.
  const status = isAskedOnce(request) && !isConclusive(Number.parseInt(anyStatus)) ? "200 OK" : anyStatus;
  const bodiless = request.method === "HEAD" || /^(?:204|304)/.test(status);
  const answer = `${interim}HTTP/1.1 ${status}\r\n${before}${framed.fields}\r\n${bodiless ? "" : framed.body}`;
  return { request: { head: request.head, body: request.body }, answer, early, last: false };
});

const withLength = (body: string) => `Content-Length: ${body.length}\r\n`;

/** An exchange that ends its connection: because the request says so, or the answer, or as its body has no other end. */
const lastExchange: fc.Arbitrary<GeneratedExchange> = fc.record({
  says: fc.constantFrom("request", "HTTP/1.0", "answer", "HTTP/1.0 answer", "nobody"),
  type: contentType,
  before: fields,
  interim,
  asked: content,
  answered: fc.tuple(content, fc.boolean()),
}).map(({ says, type, before, interim, asked, answered: [body, known] }) => {
  const close = (side: string) => says === side ? "Connection: close\r\n" : "";
  const version = (text: string) => says === text ? "HTTP/1.0" : "HTTP/1.1";
  const length = known && says !== "nobody" ? withLength(body) : "";
  return {
    request: {
      head: `POST /last ${version("HTTP/1.0")}\r\n${type}${close("request")}${before}${withLength(asked)}\r\n`,
      body: asked,
    },
    answer: `${interim}${version("HTTP/1.0 answer")} 200 OK\r\n${close("answer")}${before}${length}\r\n${body}`,
    early: false,
    last: true,
  };
});

/** What one connection carries. */
export const exchanges: fc.Arbitrary<GeneratedExchange[]> = fc.tuple(
  fc.array(exchange, { minLength: 1, maxLength: 5 }),
  fc.option(lastExchange, { freq: 2 }),
).map(([all, last]) => last ? [...all, last] : all);
