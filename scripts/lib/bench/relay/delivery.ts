/**
 * The request of the bench: a message as daprd delivers it to an app.
 * @module
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { repositoryRoot } from "../../toolchain/index.ts";

/** Files that the load generators read: headers, a line each, and the body. */
export type Delivery = { readonly headFile: string; readonly bodyFile: string };

const HEAD_FILE = join(repositoryRoot, "bench/load/delivery.head");

export async function writeDelivery(folder: string, bytes: number): Promise<Delivery> {
  const bodyFile = join(folder, `delivery-${bytes}.json`);
  await writeFile(bodyFile, cloudEvent(bytes));
  return { headFile: HEAD_FILE, bodyFile };
}

/**
 * The envelope that Dapr puts around a message (`pkg/runtime/pubsub/cloudevents.go`), its data filled up so that the
 * whole has exactly so many bytes.
 *
 * @throws {RangeError} if the envelope alone is larger
 */
export function cloudEvent(bytes: number): string {
  const event = (fill: number) =>
    JSON.stringify({
      data: { order: "x".repeat(fill) },
      datacontenttype: "application/json",
      id: "5929aaac-a5e2-4ca1-859c-edfe73f11565",
      pubsubname: "pubsub",
      source: "orders",
      specversion: "1.0",
      time: "2026-11-24T08:00:00Z",
      topic: "orders",
      traceid: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      tracestate: "",
      type: "com.dapr.event.sent",
    });
  const least = event(0).length;
  if (bytes < least) throw new RangeError(`Cannot make a CloudEvent of less than ${least} bytes: received ${bytes}`);
  return event(bytes - least);
}
