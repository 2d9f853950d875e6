/** The head of a request, read in place. @module */
import type { RequestHead as ClassifiedHead } from "../../core/classes.ts";
import { FramingError, hex } from "./framing-error.ts";
import { Head, isName, isText, text, TOKEN } from "./head.ts";

const SP = 32;
const METHODS = ["POST", "GET", "PUT", "OPTIONS", "DELETE", "HEAD", "PATCH"];

/** What the class of a request depends on, beside its framing. */
export class RequestHead extends Head implements ClassifiedHead {
  method = "";
  hasCallerAppId = false;
  hasCalleeAppId = false;
  hasPubsubName = false;
  /** An `Upgrade` field, whatever it names. */
  hasUpgrade = false;
  #path = new Recent();
  #contentType = new Recent();

  /** Path without query, as it came; without scheme and authority if the target has them. */
  get path(): string {
    return this.#path.value;
  }

  get contentType(): string {
    return this.#contentType.value;
  }

  /** Whether the request may be sent twice by anybody (RFC 9110 §9.2.1). */
  get safe(): boolean {
    return this.method === "GET" || this.method === "HEAD" || this.method === "OPTIONS";
  }

  get hasBody(): boolean {
    return this.chunked || this.contentLength > 0;
  }

  protected override reset(): void {
    super.reset();
    this.hasCallerAppId =
      this.hasCalleeAppId =
      this.hasPubsubName =
      this.hasUpgrade =
        false;
    this.#contentType.clear();
  }

  protected override startLine(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (TOKEN[bytes[at]!] === 1) at++;
    if (at === start || bytes[at] !== SP) throw new FramingError(`Cannot read a method with ${hex(bytes[at])}`);
    this.method = method(bytes, start, at);
    const target = at + 1;
    at = target;
    let query = -1;
    for (; at < end && bytes[at] !== SP; at++) {
      const byte = bytes[at]!;
      if (byte < 33 || byte === 127) throw new FramingError(`Cannot read a request target with ${hex(byte)}`);
      if (query < 0 && (byte === 63 || byte === 35)) query = at;
    }
    if (at === target || at === end) {
      throw new FramingError("Cannot read a request line that is not method, target, version");
    }
    this.version(bytes, at + 1, end);
    if (this.method === "CONNECT") throw new FramingError("Cannot relay a CONNECT: no tunnel leads to an app");
    const pathEnd = query < 0 ? at : query;
    this.#path.set(bytes, pathStart(bytes, target, pathEnd), pathEnd);
  }

  protected override field(bytes: Uint8Array, name: number, nameLength: number, value: number, end: number): void {
    switch (nameLength) {
      case 7:
        if (isName(bytes, name, "upgrade")) this.hasUpgrade = true;
        return;
      case 10:
        if (isName(bytes, name, "pubsubname")) this.hasPubsubName = true;
        else super.field(bytes, name, nameLength, value, end);
        return;
      case 12:
        if (isName(bytes, name, "content-type")) this.#contentType.set(bytes, value, end);
        return;
      case 18:
        if (isName(bytes, name, "dapr-caller-app-id")) this.hasCallerAppId = true;
        else if (isName(bytes, name, "dapr-callee-app-id")) this.hasCalleeAppId = true;
        return;
      default:
        super.field(bytes, name, nameLength, value, end);
    }
  }
}

/** A text that is mostly the same from one request to the next: decoded only when its bytes differ. */
class Recent {
  value = "";
  #decoded = "";

  set(bytes: Uint8Array, start: number, end: number): void {
    if (end - start !== this.#decoded.length || !isText(bytes, start, this.#decoded)) {
      this.#decoded = text(bytes, start, end);
    }
    this.value = this.#decoded;
  }

  clear(): void {
    this.value = "";
  }
}

function method(bytes: Uint8Array, start: number, end: number): string {
  for (const name of METHODS) {
    if (name.length === end - start && isText(bytes, start, name)) return name;
  }
  return text(bytes, start, end);
}

/** Where the path begins: daprd sends the origin form, other clients of the port may send `http://host/path`. */
function pathStart(bytes: Uint8Array, target: number, end: number): number {
  if (bytes[target] === 47) return target;
  const scheme = text(bytes, target, end).indexOf("://");
  const slash = scheme < 0 ? -1 : bytes.indexOf(47, target + scheme + 3);
  return slash < 0 || slash >= end ? target : slash;
}
