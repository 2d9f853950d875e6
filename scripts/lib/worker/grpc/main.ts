/**
 * The worker as an app that speaks gRPC (`dapr.io/app-protocol: grpc`): grpc-js in front of worker.ts, in one process.
 * The environment is that of worker.ts; `PORT` is gRPC's, and `HTTP_PORT`, by default the next one, the worker's own.
 *
 * @module
 */
import "./front.ts";
import "../worker.ts";
