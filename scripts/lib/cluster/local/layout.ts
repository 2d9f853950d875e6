/**
 * Where a local cluster keeps its things, and its addresses.
 *
 * Every cluster has a network namespace of its own, so addresses and ports are the same in all of them; what the
 * namespace does not part (files, sockets, cgroups) carries the cluster's name.
 *
 * @module
 */
import { join } from "node:path";

const STATE = "/var/lib/daps/clusters";

/** The node's address: the API server's, RabbitMQ's and, for pods, the default gateway. */
export const NODE_IP = "10.77.0.1";
export const NODE_NETWORK = "10.77.0.0/24";
export const POD_NETWORK = "10.78.0.0/16";
export const SERVICE_NETWORK = "10.96.0.0/16";
/** The first address of the service network, which is always the API server's. */
export const KUBERNETES_SERVICE_IP = "10.96.0.1";
export const DNS_SERVICE_IP = "10.96.0.10";
export const API_SERVER_PORT = 6443;
export const API_SERVER = `https://${NODE_IP}:${API_SERVER_PORT}`;

export const RABBITMQ_USER = "daps";
export const RABBITMQ_PASSWORD = "daps";
export const AMQP_URL = `amqp://${RABBITMQ_USER}:${RABBITMQ_PASSWORD}@${NODE_IP}:5672`;
export const RABBITMQ_API = `http://${RABBITMQ_USER}:${RABBITMQ_PASSWORD}@${NODE_IP}:15672/api`;

export interface Layout {
  name: string;
  /** All of the cluster's files; gone after `down`. */
  state: string;
  /** The name of the network namespace, and the file that holds it open. */
  namespace: string;
  namespaceFile: string;
  /** Below the root of each cgroup hierarchy. */
  cgroup: string;
  socket: string;
  kubeconfig: string;
  bin: string;
  pki: string;
  config: string;
  logs: string;
  parts: string;
  /** Held by whatever changes the cluster. */
  lock: string;
}

export function layout(name: string): Layout {
  const state = join(STATE, name);
  return {
    name,
    state,
    namespace: `daps-${name}`,
    namespaceFile: `/run/netns/daps-${name}`,
    cgroup: `daps-${name}`,
    socket: join(state, "containerd/containerd.sock"),
    kubeconfig: join(state, "kubeconfig"),
    bin: join(state, "bin"),
    pki: join(state, "pki"),
    config: join(state, "config"),
    logs: join(state, "logs"),
    parts: join(state, "parts"),
    lock: `/run/lock/daps-cluster-${name}.lock`,
  };
}
