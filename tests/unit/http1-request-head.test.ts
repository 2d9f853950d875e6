import { describe, expect, it } from "vitest";
import { FramingError } from "../../services/sidecar/http1/framing-error.ts";
import { MAX_HEAD_BYTES } from "../../services/sidecar/http1/head.ts";
import { RequestHead } from "../../services/sidecar/http1/request-head.ts";

const bytesOf = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** The head as read at once, and read byte by byte from a buffer that moves: both must agree. */
function read(text: string): { head: RequestHead; end: number } {
  const whole = new RequestHead();
  const bytes = bytesOf(text);
  const end = whole.read(bytes, 0, bytes.length);
  const stepwise = new RequestHead();
  let stepEnd = -1;
  for (let i = 1; i <= bytes.length && stepEnd < 0; i++) {
    const shift = i % 7;
    const moved = new Uint8Array(shift + i + 3).fill(10);
    moved.set(bytes.subarray(0, i), shift);
    stepEnd = stepwise.read(moved, shift, shift + i);
    if (stepEnd >= 0) stepEnd -= shift;
  }
  expect(stepEnd).toBe(end);
  expect(summary(stepwise)).toEqual(summary(whole));
  return { head: whole, end };
}

function summary(head: RequestHead) {
  const { method, path, contentType, contentLength, chunked, persistent, upgrade, hasUpgrade } = head;
  const { hasCallerAppId, hasCalleeAppId, hasPubsubName, hasBody, safe, minor } = head;
  return {
    method,
    path,
    contentType,
    contentLength,
    chunked,
    persistent,
    upgrade,
    hasUpgrade,
    hasCallerAppId,
    hasCalleeAppId,
    hasPubsubName,
    hasBody,
    safe,
    minor,
  };
}

describe("RequestHead", () => {
  it("reads what daprd sends with a delivery", () => {
    const text = "POST /orders?x=1 HTTP/1.1\r\nHost: 127.0.0.1:9696\r\nUser-Agent: Go-http-client/1.1\r\n" +
      "Content-Length: 12\r\nContent-Type: application/cloudevents+json\r\nTraceparent: 00-1-2-01\r\n\r\n";
    const { head, end } = read(`${text}{"data":true}`);
    expect(end).toBe(text.length);
    expect(summary(head)).toMatchObject({
      method: "POST",
      path: "/orders",
      contentType: "application/cloudevents+json",
      contentLength: 12,
      persistent: true,
      hasBody: true,
      safe: false,
    });
  });

  it("reads what tells a call between apps", () => {
    const { head } = read(
      "PUT /m HTTP/1.1\r\ndapr-caller-app-id: a\r\nDAPR-CALLEE-APP-ID:b\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    expect(summary(head)).toMatchObject({
      method: "PUT",
      hasCallerAppId: true,
      hasCalleeAppId: true,
      chunked: true,
      hasBody: true,
    });
  });

  it("reads what tells a bulk of messages", () => {
    expect(read("POST /m HTTP/1.1\r\nPubsubname: p\r\nContent-Length: 0\r\n\r\n").head.hasPubsubName).toBe(true);
  });

  it("forgets the request before", () => {
    const head = new RequestHead();
    const first = bytesOf(
      "POST /a HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 3\r\nContent-Type: t\r\nDapr-Caller-App-Id: a\r\nPubsubname: p\r\n\r\n",
    );
    head.read(first, 0, first.length);
    const second = bytesOf("GET /b HTTP/1.1\r\n\r\n");
    expect(head.read(second, 0, second.length)).toBe(second.length);
    expect(summary(head)).toEqual({
      method: "GET",
      path: "/b",
      contentType: "",
      contentLength: -1,
      chunked: false,
      persistent: true,
      upgrade: false,
      hasUpgrade: false,
      hasCallerAppId: false,
      hasCalleeAppId: false,
      hasPubsubName: false,
      hasBody: false,
      safe: true,
      minor: 1,
    });
  });

  it.each([
    ["/a/b", "/a/b"],
    ["/a?b/c", "/a"],
    ["/a#b", "/a"],
    ["/?", "/"],
    ["*", "*"],
    ["http://127.0.0.1:9696/a?b", "/a"],
    ["http://host/", "/"],
    ["/a%20b/ü", "/a%20b/ü"],
  ])("has as path of the target %s: %s", (target, path) => {
    expect(read(`GET ${target} HTTP/1.1\r\n\r\n`).head.path).toBe(path);
  });

  it.each([
    ["HTTP/1.1", "", true],
    ["HTTP/1.1", "Connection: close\r\n", false],
    ["HTTP/1.1", "CONNECTION: foo,  Close \t\r\n", false],
    ["HTTP/1.1", "Connection: foo\r\nConnection: close\r\n", false],
    ["HTTP/1.1", "Connection: closed\r\nX-Connection: close\r\n", true],
    ["HTTP/1.0", "", false],
    ["HTTP/1.0", "Connection: Keep-Alive\r\n", true],
    ["HTTP/1.0", "Connection: keep-alive, close\r\n", false],
  ])("%s with %j persists: %s", (version, fields, persistent) => {
    expect(read(`GET / ${version}\r\n${fields}\r\n`).head.persistent).toBe(persistent);
  });

  it.each(["0", "00012", "\t 7 \t", "9007199254740991"])("reads a Content-Length of %j", (value) => {
    expect(read(`POST / HTTP/1.1\r\nContent-Length:${value}\r\n\r\n`).head.contentLength).toBe(Number(value));
  });

  it("takes a length said twice for what it is", () => {
    expect(read("POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n").head.contentLength).toBe(5);
  });

  it.each(["chunked", "Chunked", "gzip, chunked", "gzip,\tCHUNKED"])("reads a Transfer-Encoding of %s", (value) => {
    expect(read(`POST / HTTP/1.1\r\nTransfer-Encoding: ${value}\r\n\r\n`).head.chunked).toBe(true);
  });

  it("is patient with a head as long as it may be, and with nothing beyond", () => {
    const start = "GET / HTTP/1.1\r\nX: ";
    const fits = `${start}${"a".repeat(MAX_HEAD_BYTES - start.length - 4)}\r\n\r\n`;
    const bytes = bytesOf(fits);
    expect(new RequestHead().read(bytes, 0, bytes.length)).toBe(MAX_HEAD_BYTES);
    const over = bytesOf(`${start}${"a".repeat(MAX_HEAD_BYTES - start.length)}`);
    expect(() => new RequestHead().read(over, 0, over.length)).toThrow("more than 65536 bytes");
  });

  it("looks at no byte behind the end", () => {
    const bytes = bytesOf("GET / HTTP/1.1\r\n\r\n");
    expect(new RequestHead().read(bytes, 0, bytes.length - 1)).toBe(-1);
  });
});

/** What two parsers could read two ways, or none should read at all. */
const REFUSED: [what: string, text: string, says: string][] = [
  ["both lengths", "POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", "both"],
  [
    "both lengths, the other way round",
    "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 0\r\n\r\n",
    "both",
  ],
  ["two lengths", "POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n", "two lengths: 4 and 5"],
  ["a list of lengths", "POST / HTTP/1.1\r\nContent-Length: 4, 4\r\n\r\n", "not a number of bytes: 4, 4"],
  ["a length with a sign", "POST / HTTP/1.1\r\nContent-Length: +4\r\n\r\n", "not a number"],
  ["a negative length", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "not a number"],
  ["a hexadecimal length", "POST / HTTP/1.1\r\nContent-Length: 0x10\r\n\r\n", "not a number"],
  ["a length with a space inside", "POST / HTTP/1.1\r\nContent-Length: 1 0\r\n\r\n", "not a number"],
  ["an empty length", "POST / HTTP/1.1\r\nContent-Length: \r\n\r\n", "not a number"],
  [
    "a length beyond what can be counted",
    "POST / HTTP/1.1\r\nContent-Length: 9007199254740993\r\n\r\n",
    "not a number",
  ],
  ["chunked not last", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", "chunked, gzip"],
  ["chunked twice", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", "Transfer-Encoding"],
  [
    "two fields of Transfer-Encoding",
    "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
    "Transfer-Encoding",
  ],
  [
    "Transfer-Encoding in two fields",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
    "Transfer-Encoding",
  ],
  ["no chunked at all", "POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n", "identity"],
  ["an empty Transfer-Encoding", "POST / HTTP/1.1\r\nTransfer-Encoding:\r\n\r\n", "Transfer-Encoding"],
  ["an empty coding", "POST / HTTP/1.1\r\nTransfer-Encoding: ,chunked\r\n\r\n", "Transfer-Encoding"],
  ["almost chunked", "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n", "xchunked"],
  ["chunked with a parameter", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked;q=1\r\n\r\n", "chunked;q=1"],
  ["chunked behind a vertical tab", "POST / HTTP/1.1\r\nTransfer-Encoding: \vchunked\r\n\r\n", "Transfer-Encoding"],
  ["Transfer-Encoding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.0"],
  ["a space before the colon", "POST / HTTP/1.1\r\nContent-Length : 4\r\n\r\n", "0x20 in a field's name"],
  ["a tab before the colon", "POST / HTTP/1.1\r\nTransfer-Encoding\t: chunked\r\n\r\n", "0x09 in a field's name"],
  ["a folded field", "POST / HTTP/1.1\r\nX: a\r\n Content-Length: 4\r\n\r\n", "a folded line"],
  ["a fold by a tab", "POST / HTTP/1.1\r\nX: a\r\n\tb\r\n\r\n", "a folded line"],
  ["whitespace before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "a folded line"],
  ["a field without a colon", "GET / HTTP/1.1\r\nHost\r\n\r\n", "0x0d in a field's name"],
  ["a field without a name", "GET / HTTP/1.1\r\n: x\r\n\r\n", "0x3a in a field's name"],
  ["a NUL in a name", "GET / HTTP/1.1\r\nX\0Y: a\r\n\r\n", "0x00 in a field's name"],
  ["a NUL in a value", "GET / HTTP/1.1\r\nX: a\0b\r\n\r\n", "0x00 in a field's value"],
  ["a bare CR in a value", "GET / HTTP/1.1\r\nX: a\rContent-Length: 4\r\n\r\n", "0x0d in a field's value"],
  ["a CR more at a line's end", "GET / HTTP/1.1\r\nX: a\r\r\n\r\n", "0x0d in a field's value"],
  ["a bare LF at a field's end", "GET / HTTP/1.1\r\nX: a\nY: b\r\n\r\n", "bare LF"],
  ["a bare LF as the empty line", "GET / HTTP/1.1\r\nX: a\r\n\n", "bare LF"],
  ["a bare LF at the request line's end", "GET / HTTP/1.1\nX: a\r\n\r\n", "bare LF"],
  ["an empty line first", "\r\nGET / HTTP/1.1\r\n\r\n", "0x0d"],
  ["a space first", " GET / HTTP/1.1\r\n\r\n", "0x20"],
  ["a method with a bracket", "G[T / HTTP/1.1\r\n\r\n", "method with 0x5b"],
  ["two spaces before the target", "GET  / HTTP/1.1\r\n\r\n", "not method, target, version"],
  ["two spaces before the version", "GET /  HTTP/1.1\r\n\r\n", "version"],
  ["a space in the target", "GET /a b HTTP/1.1\r\n\r\n", "version"],
  ["a tab in the target", "GET /a\tb HTTP/1.1\r\n\r\n", "0x09"],
  ["a CR in the target", "GET /a\rb HTTP/1.1\r\n\r\n", "0x0d"],
  ["a space after the version", "GET / HTTP/1.1 \r\n\r\n", "version"],
  ["no version", "GET /\r\n\r\n", "not method, target, version"],
  ["HTTP/0.9", "GET / HTTP/0.9\r\n\r\n", "HTTP/0.9"],
  ["HTTP/1.2", "GET / HTTP/1.2\r\n\r\n", "HTTP/1.2"],
  ["HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2.0"],
  ["a version in lower case", "GET / http/1.1\r\n\r\n", "http/1.1"],
  ["a version with another digit", "GET / HTTP/1.10\r\n\r\n", "HTTP/1.10"],
  ["CONNECT", "CONNECT db:5432 HTTP/1.1\r\n\r\n", "CONNECT"],
  ["TLS", "\x16\x03\x01\x02\0\x01", "begins with 0x16"],
];

describe("RequestHead refuses", () => {
  it.each(REFUSED)("%s", (_, text, says) => {
    expect(() => read(text)).toThrow(FramingError);
    expect(() => read(text)).toThrow(says);
  });
});
