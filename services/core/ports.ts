/** The ports of DAPS and the defaults of Dapr's sidecar. @module */

/** Where daprd reaches the app through DAPS; on loopback only. */
export const RELAY_PORT = 9696;
/** Hooks, probes, metrics and status; on the pod's address, because the kubelet calls it. */
export const ADMIN_PORT = 9697;
/** Dapr's HTTP API (`--dapr-http-port`). */
export const DAPR_HTTP_PORT = 3500;
/** Dapr's gRPC API (`--dapr-grpc-port`). */
export const DAPR_GRPC_PORT = 50001;
/** Dapr's public port, which serves `/v1.0/healthz` to the kubelet (`--dapr-public-port`). */
export const DAPR_PUBLIC_PORT = 3501;
