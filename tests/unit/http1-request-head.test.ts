import { describe, expect, it } from "vitest";
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
