import { describe, expect, it } from "vitest";
import { ResponseHead } from "../../services/sidecar/http1/response-head.ts";

function read(text: string): ResponseHead {
  const head = new ResponseHead();
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  expect(head.read(bytes, 0, bytes.length)).toBe(bytes.length);
  return head;
}

describe("ResponseHead", () => {
  it.each([
    ["HTTP/1.1 200 OK", 200],
    ["HTTP/1.1 404 ", 404],
    ["HTTP/1.1 503", 503],
    ["HTTP/1.0 299 Nobody knows\twhat: \u00e9", 299],
  ])("reads %j", (line, status) => {
    expect(read(`${line}\r\n\r\n`).status).toBe(status);
  });

  it.each([
    ["GET", 200, true],
    ["POST", 400, true],
    ["HEAD", 200, false],
    ["GET", 204, false],
    ["GET", 304, false],
  ])("of %s with %i has a body: %s", (method, status, hasBody) => {
    expect(read(`HTTP/1.1 ${status} x\r\nContent-Length: 5\r\n\r\n`).hasBody(method)).toBe(hasBody);
  });

  it.each([[100, true], [103, true], [101, false], [200, false]])("%i is interim: %s", (status, interim) => {
    expect(read(`HTTP/1.1 ${status} x\r\n\r\n`).interim).toBe(interim);
  });
});
