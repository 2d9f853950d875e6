/** The static table of HPACK (RFC 7541, appendix A). @module */

/** A header field; its strings hold one byte in each char. */
export type HeaderField = {
  readonly name: string;
  readonly value: string;
  /** Came as "never indexed" (RFC 7541 §6.2.3), and has to go on so. */
  readonly secret?: boolean;
};

const ROWS = `:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`;

/** Index 1 is the first. */
export const STATIC_TABLE: readonly HeaderField[] = ROWS.split("\n").map((row) => {
  const space = row.indexOf(" ");
  return space < 0 ? { name: row, value: "" } : { name: row.slice(0, space), value: row.slice(space + 1) };
});

const byName = new Map<string, number>();
const byField = new Map<string, number>();
for (const [i, { name, value }] of STATIC_TABLE.entries()) {
  if (!byName.has(name)) byName.set(name, i + 1);
  byField.set(`${name} ${value}`, i + 1);
}

/** @returns the index of a field with this name; 0 if there is none */
export function indexOfName(name: string): number {
  return byName.get(name) ?? 0;
}

/** @returns the index of this very field; 0 if there is none */
export function indexOfField(name: string, value: string): number {
  return byField.get(`${name} ${value}`) ?? 0;
}
