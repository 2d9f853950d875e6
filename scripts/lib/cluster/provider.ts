/**
 * The few operations that differ between a cluster of local processes and one of kind.
 *
 * @module
 */

import process from "node:process";

/** What a program needs to know of a cluster. The addresses are those that pods use too. */
export interface ClusterEnvironment {
  DAPS_CLUSTER: string;
  DAPS_CLUSTER_PROVIDER: ProviderName;
  KUBECONFIG: string;
  /** With user name and password. */
  AMQP_URL: string;
  /** The management plugin's, with user name and password; ends in /api. */
  RABBITMQ_API: string;
}

export interface PartStatus {
  name: string;
  alive: boolean;
  /** What is wrong, or where it is. */
  detail?: string;
  /** Of a part that is a process of this machine and lives. */
  pid?: number;
}

export type ProviderName = "local" | "kind";

/** That of the cluster in which this program runs; `local` outside. Throws a `TypeError` if there is no such provider. */
export function providerInUse(): ProviderName {
  const name = process.env["DAPS_CLUSTER_PROVIDER"] || "local";
  if (name !== "local" && name !== "kind") {
    throw new TypeError(`Cannot tell the provider as $DAPS_CLUSTER_PROVIDER must be local or kind: received ${name}`);
  }
  return name;
}

export interface Provider {
  name: ProviderName;
  /** Starts the cluster, unless it is up. */
  up(): Promise<void>;
  /** Removes it, or what is left of it. */
  down(): Promise<void>;
  /** No parts: there is no such cluster. */
  status(): Promise<PartStatus[]>;
  environment(): Promise<ClusterEnvironment>;
  /** Folders with `kubectl`, `helm` and the like. */
  path(): string[];
  /** The words before a command that let it reach the cluster. */
  enter(): Promise<string[]>;
  /** Makes the image of a docker-archive known to the node. */
  loadImage(tar: string): Promise<void>;
  /** Kills RabbitMQ, whose data stay. */
  stopBroker(): Promise<void>;
  /** Starts RabbitMQ again, from within reach of the cluster, and waits until it is ready. */
  startBroker(): Promise<void>;
}
