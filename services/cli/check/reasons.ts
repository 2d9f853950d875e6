/**
 * The verdict in words.
 * @module
 */
import type { Reason } from "../../core/admission/admit.ts";

const SENTENCES: Readonly<Record<Reason, string>> = {
  "injected": "gets DAPS",
  "app-address": "left alone: dapr.io/app-channel-address is no address",
  "disabled": 'left alone: daps.io/enabled is "false", here or in the chart',
  "host-network": "left alone: it uses the host's network",
  "job-on-failure": "left alone: a Job with restartPolicy OnFailure and an ordinary daprd",
  "mirror-pod": "left alone: a mirror pod",
  "name-taken": "left alone: another container is named daps",
  "no-app-container": "left alone: no container could be the app",
  "no-app-port": "left alone: no app port",
  "no-daprd": "left alone: no daprd",
  "not-a-pod": "left alone: not a pod",
  "not-created": "left alone: it exists already",
  "not-dapr": 'left alone: not for Dapr (no annotation dapr.io/enabled: "true")',
  "not-linux": "left alone: not for Linux",
  "port-taken": "left alone: a port that DAPS needs is taken",
};

export function sentenceOf(reason: Reason): string {
  return SENTENCES[reason];
}
