/**
 * What sockets do with no more permissions than the sidecar has in a pod; run by sockets-permissions.test.ts. Prints
 * JSON.
 * @module
 */
import { codeOf, systemSockets, writeAll } from "../../services/host/sockets/index.ts";
import { readOnce } from "../support/sockets.ts";

const host = "127.0.0.1";
const sockets = await systemSockets();
const listener = await sockets.listen({ host, port: 0 });
const [there, here] = await Promise.all([listener.accept(), sockets.connect({ host, port: listener.port })]);
const into = new Uint8Array(8);
// Before there is anything to read, which the C library tells by an error's number.
const coming = readOnce(here, into);
await new Promise((resolve) => setTimeout(resolve, 20));
await writeAll(there!, Uint8Array.of(7));
const count = await coming;
here.close();
const left = await readOnce(there!, into);
there!.close();
listener.close();
const refused = await sockets.connect({ host, port: listener.port }).then(() => "nothing", codeOf);
console.log(JSON.stringify({ kind: sockets.kind, count, left, refused }));
