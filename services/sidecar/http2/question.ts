/**
 * What Dapr asks once in its life, over HTTP/2; see `http1/asked-once.ts`. Such a stream always takes a detour, where
 * its answer is read and can be kept from daprd. It costs nothing that lasts: daprd's next streams come over a new
 * connection.
 * @module
 */
import { isGrpcQuestion } from "../../core/grpc-classes.ts";
import { isAskedOnce, isConclusive } from "../http1/asked-once.ts";
import type { HeaderField } from "./hpack/static-table.ts";
import type { Stream } from "./stream.ts";

/** gRPC's statuses that may be Dapr's last word: OK, and Unimplemented, which says that there is nothing to ask for. */
const CONCLUSIVE: ReadonlySet<string> = new Set(["0", "12"]);
const UNKNOWN = 2;

/** `hold`: what follows will tell. `again`, with the status that is no answer. */
export type Weighed = { readonly do: "pass" | "hold" } | { readonly do: "again"; readonly status: number };

export class Question {
  /** The head of an answer by gRPC whose trailers will tell what it is worth. */
  head: readonly HeaderField[] | null = null;

  /** What a header block of the answer means. */
  weigh({ grpc }: Stream, fields: readonly HeaderField[], endStream: boolean): Weighed {
    const status = Number(valueOf(fields, ":status") ?? Number.NaN);
    if (this.head === null && (!grpc || status !== 200)) {
      return isConclusive(status) ? { do: "pass" } : { do: "again", status };
    }
    const grpcStatus = valueOf(fields, "grpc-status");
    if (grpcStatus === undefined && !endStream) {
      this.head = fields;
      return { do: "hold" };
    }
    if (CONCLUSIVE.has(grpcStatus ?? "")) return { do: "pass" };
    return { do: "again", status: Number(grpcStatus ?? UNKNOWN) };
  }

  /** The held head, once. */
  takeHead(): readonly HeaderField[] | null {
    const { head } = this;
    this.head = null;
    return head;
  }
}

/** The question that a stream is; null if it is none. */
export function questionOf({ grpc, method, path }: Pick<Stream, "grpc" | "method" | "path">): Question | null {
  return (grpc ? isGrpcQuestion(path) : isAskedOnce({ method, path })) ? new Question() : null;
}

function valueOf(fields: readonly HeaderField[], name: string): string | undefined {
  return fields.find((field) => field.name === name)?.value;
}
