/**
 * etcd, the API server, the controller manager and the scheduler. Runs inside the cluster's namespace.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { API_SERVER, API_SERVER_PORT, type Layout, NODE_IP, POD_NETWORK, SERVICE_NETWORK } from "./layout.ts";
import { type Started, startPart } from "./parts.ts";
import { until } from "./wait.ts";

const ETCD = "http://127.0.0.1:2379";
// The clients' own limits are there to spare a control plane of many nodes; here they would only slow the tests.
const UNHURRIED = ["--kube-api-qps=1000", "--kube-api-burst=2000"];

export async function startEtcd(layout: Layout): Promise<Started> {
  const peer = "http://127.0.0.1:2380";
  return await startPart(layout, "etcd", "etcd", [
    `--data-dir=${join(layout.state, "etcd")}`,
    `--listen-client-urls=${ETCD}`,
    `--advertise-client-urls=${ETCD}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    // The data need not outlive the machine.
    "--unsafe-no-fsync",
    "--log-level=warn",
  ]);
}

export async function startApiServer(layout: Layout, programs: string): Promise<Started> {
  const pki = (file: string) => join(layout.pki, file);
  return await startPart(layout, "kube-apiserver", join(programs, "kube-apiserver"), [
    `--etcd-servers=${ETCD}`,
    "--bind-address=0.0.0.0",
    `--secure-port=${API_SERVER_PORT}`,
    `--advertise-address=${NODE_IP}`,
    `--service-cluster-ip-range=${SERVICE_NETWORK}`,
    `--client-ca-file=${pki("ca.crt")}`,
    `--tls-cert-file=${pki("apiserver.crt")}`,
    `--tls-private-key-file=${pki("apiserver.key")}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${pki("service-account.key")}`,
    `--service-account-signing-key-file=${pki("service-account.key")}`,
    "--authorization-mode=Node,RBAC",
    // Added to the plugins that are on by default.
    "--enable-admission-plugins=NodeRestriction",
    "--allow-privileged=true",
    "--kubelet-preferred-address-types=InternalIP",
    `--kubelet-certificate-authority=${pki("ca.crt")}`,
    `--kubelet-client-certificate=${pki("admin.crt")}`,
    `--kubelet-client-key=${pki("admin.key")}`,
    // For API services, such as a metrics adapter.
    `--requestheader-client-ca-file=${pki("ca.crt")}`,
    "--requestheader-allowed-names=front-proxy-client",
    "--requestheader-username-headers=X-Remote-User",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    `--proxy-client-cert-file=${pki("front-proxy.crt")}`,
    `--proxy-client-key-file=${pki("front-proxy.key")}`,
  ]);
}

export async function startControllerManager(layout: Layout, programs: string): Promise<Started> {
  const pki = (file: string) => join(layout.pki, file);
  return await startPart(layout, "kube-controller-manager", join(programs, "kube-controller-manager"), [
    `--kubeconfig=${pki("controller-manager.kubeconfig")}`,
    `--service-account-private-key-file=${pki("service-account.key")}`,
    `--root-ca-file=${pki("ca.crt")}`,
    `--cluster-signing-cert-file=${pki("ca.crt")}`,
    `--cluster-signing-key-file=${pki("ca.key")}`,
    `--cluster-cidr=${POD_NETWORK}`,
    "--use-service-account-credentials=true",
    "--leader-elect=false",
    ...UNHURRIED,
  ]);
}

export async function startScheduler(layout: Layout, programs: string): Promise<Started> {
  return await startPart(layout, "kube-scheduler", join(programs, "kube-scheduler"), [
    `--kubeconfig=${join(layout.pki, "scheduler.kubeconfig")}`,
    "--leader-elect=false",
    ...UNHURRIED,
  ]);
}

export async function apiServerReady(layout: Layout): Promise<void> {
  await until("the API server to be ready", async () => (await get(layout, "/readyz")).status === 200);
}

/** Ready says the node's status; it also has lost the taint that keeps pods away from a node that isn't ready. */
export async function nodeReady(layout: Layout): Promise<void> {
  await until("the node to be ready", async () => {
    const { status, body } = await get(layout, `/api/v1/nodes/${layout.name}`);
    if (status !== 200) throw new Error(`the API server answered ${status}`);
    const node = JSON.parse(body) as {
      spec: { taints?: { key: string }[] };
      status: { conditions?: { type: string; status: string; message: string }[] };
    };
    const ready = node.status.conditions?.find(({ type }) => type === "Ready");
    if (ready?.status !== "True") throw new Error(ready?.message ?? "the kubelet has not said so");
    return !node.spec.taints?.some(({ key }) => key === "node.kubernetes.io/not-ready");
  });
}

/** Asks the API server as admin. */
export async function get({ pki }: Layout, path: string): Promise<{ status: number; body: string }> {
  const [ca, cert, key] = await Promise.all(
    ["ca.crt", "admin.crt", "admin.key"].map((file) => readFile(join(pki, file))),
  );
  return await new Promise((resolve, reject) => {
    const question = request(`${API_SERVER}${path}`, { ca, cert, key, timeout: 5_000 }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => body += chunk)
        .on("end", () => resolve({ status: answer.statusCode ?? 0, body })).on("error", reject);
    });
    question.on("timeout", () => question.destroy(new Error("no answer in 5 s"))).on("error", reject).end();
  });
}
