/**
 * containerd, the kubelet and kube-proxy. Runs inside the cluster's namespace.
 *
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { stringify } from "yaml";
import { execute } from "../../toolchain/index.ts";
import { PAUSE_IMAGE } from "../images/names.ts";
import { DNS_SERVICE_IP, type Layout, NODE_IP, POD_NETWORK } from "./layout.ts";
import { type Started, startPart } from "./parts.ts";
import { until } from "./wait.ts";

const CNI_PLUGINS = "/usr/lib/cni";

export async function startContainerd(layout: Layout): Promise<Started> {
  const { config, state, socket } = layout;
  const cni = join(config, "cni");
  await mkdir(cni, { recursive: true });
  await mkdir(join(state, "containerd"), { recursive: true });
  // ptp rather than bridge: what pods of one node send each other is routed, so that it passes the rules of kube-proxy
  // whether or not the machine has br_netfilter.
  await writeFile(
    join(cni, "10-daps.conflist"),
    JSON.stringify({
      cniVersion: "0.4.0",
      name: layout.namespace,
      plugins: [
        {
          type: "ptp",
          ipMasq: false,
          ipam: {
            type: "host-local",
            dataDir: join(state, "cni"),
            ranges: [[{ subnet: POD_NETWORK }]],
            routes: [{ dst: "0.0.0.0/0" }],
          },
        },
        { type: "portmap", capabilities: { portMappings: true } },
      ],
    }),
  );
  await writeFile(join(config, "containerd.toml"), containerdConfig(layout, cni));
  const started = await startPart(layout, "containerd", "containerd", ["--config", join(config, "containerd.toml")]);
  await Promise.race([until("containerd's socket", () => canConnect(socket)), started.failed]);
  return started;
}

const containerdConfig = ({ state, socket }: Layout, cni: string): string => `
version = 2
root = "${state}/containerd/root"
state = "${state}/containerd/state"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]

[grpc]
  address = "${socket}"

[plugins."io.containerd.internal.v1.opt"]
  path = "${state}/containerd/opt"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  # Without CAP_SYS_RESOURCE runc could not lower the score, and no container would start.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${CNI_PLUGINS}"
    conf_dir = "${cni}"

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        Root = "${state}/containerd/runc"
`;

export async function importImage({ socket }: Layout, tar: string): Promise<void> {
  await execute("ctr", ["--address", socket, "--namespace", "k8s.io", "images", "import", tar]);
}

export async function startKubelet(layout: Layout, programs: string): Promise<Started> {
  const { name, config, state, pki, socket, cgroup } = layout;
  await writeFile(join(config, "resolv.conf"), "nameserver 127.0.0.1\n");
  await writeFile(
    join(config, "kubelet.yaml"),
    stringify({
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      kind: "KubeletConfiguration",
      authentication: {
        anonymous: { enabled: false },
        webhook: { enabled: true },
        x509: { clientCAFile: join(pki, "ca.crt") },
      },
      authorization: { mode: "Webhook" },
      tlsCertFile: join(pki, "kubelet.crt"),
      tlsPrivateKeyFile: join(pki, "kubelet.key"),
      containerRuntimeEndpoint: `unix://${socket}`,
      podLogsDir: join(state, "pods"),
      cgroupDriver: "cgroupfs",
      cgroupRoot: `/${cgroup}`,
      failCgroupV1: false,
      failSwapOn: false,
      // Dapr waits for a ConfigMap that is filled after its pods have started; by default that takes up to a minute.
      syncFrequency: "5s",
      // A test that kills an app ten times shall not wait for minutes.
      crashLoopBackOff: { maxContainerRestartPeriod: "2s" },
      clusterDNS: [DNS_SERVICE_IP],
      clusterDomain: "cluster.local",
      resolvConf: join(config, "resolv.conf"),
      maxPods: 250,
      // The machine's disk is not the cluster's to judge.
      evictionHard: { "imagefs.available": "0%", "nodefs.available": "0%", "memory.available": "100Mi" },
      imageGCHighThresholdPercent: 100,
      // A test reads events and waits for statuses: neither may be held back.
      eventRecordQPS: 0,
      kubeAPIQPS: 1000,
      kubeAPIBurst: 2000,
    }),
  );
  return await startPart(layout, "kubelet", join(programs, "kubelet"), [
    `--config=${join(config, "kubelet.yaml")}`,
    `--kubeconfig=${join(pki, "kubelet.kubeconfig")}`,
    `--hostname-override=${name}`,
    `--node-ip=${NODE_IP}`,
    `--root-dir=${join(state, "kubelet")}`,
    `--cert-dir=${join(state, "kubelet/pki")}`,
  ]);
}

export async function startKubeProxy(layout: Layout, programs: string): Promise<Started> {
  const { name, config, pki } = layout;
  await writeFile(
    join(config, "proxy.yaml"),
    stringify({
      apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
      kind: "KubeProxyConfiguration",
      mode: "nftables",
      clientConnection: { kubeconfig: join(pki, "proxy.kubeconfig") },
      clusterCIDR: POD_NETWORK,
      hostnameOverride: name,
      nodePortAddresses: ["primary"],
      // The machine's limits on connection tracking are not the cluster's to change.
      conntrack: { maxPerCore: 0 },
    }),
  );
  return await startPart(layout, "kube-proxy", join(programs, "kube-proxy"), [
    `--config=${join(config, "proxy.yaml")}`,
  ]);
}

function canConnect(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    }).on("error", () => resolve(false));
  });
}
