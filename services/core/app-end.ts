/**
 * Whether the app's process is gone, from what another container of its pod can see of it: its port, what it still
 * works on for the relay, and its connections to daprd's API. A port that refuses is no end: most frameworks close it
 * first, finish what they have, and save afterwards.
 * @module
 */

/** A connection of this network namespace (a row of Linux's `/proc/net/tcp` or `/proc/net/tcp6`). */
export type TcpConnection = {
  readonly localPort: number;
  readonly remotePort: number;
  /** Whether a process has this end open; what a process left behind (TIME_WAIT, say) is nobody's. */
  readonly held: boolean;
};

/** sl, local address, remote address, state, queues, timer, retransmissions, uid, timeout, inode. */
const ROW = /^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]{2} \S+ \S+ \S+ +\d+ +\d+ (\d+)/gm;

/** The connections within the pod of which one end is a port of `ports`. */
export function readTcpTable(text: string, ports: ReadonlySet<number>): TcpConnection[] {
  const found: TcpConnection[] = [];
  for (const [, localAddress, local, remoteAddress, remote, inode] of text.matchAll(ROW)) {
    // Who connects to his own host has its address on both ends; the same port elsewhere is another's.
    if (localAddress !== remoteAddress) continue;
    const [localPort, remotePort] = [Number.parseInt(local ?? "", 16), Number.parseInt(remote ?? "", 16)];
    if (ports.has(localPort) || ports.has(remotePort)) found.push({ localPort, remotePort, held: inode !== "0" });
  }
  return found;
}

/**
 * How long an app that has used daprd's API by a connection of its own for each request is given to do it again, ms:
 * between two of them nothing shows that it is there.
 */
export const USUAL_LINGER_MS = 2000;

/**
 * How long every other app is given, ms: on a node that has no time left, one that closed its port and went on to its
 * first call took over 250 ms from the one to the other. The kubelet, which looks once a second, makes a pod's end no
 * sooner seen with less.
 */
export const LEAST_LINGER_MS = 1000;

/** A port may refuse for a moment, with a full backlog; gone is what refuses twice. */
const LOOKS = 2;

export type AppEndOptions = {
  /** daprd's ports. */
  readonly apiPorts: readonly number[];
  /** How long nothing of the app may be seen, ms; null: as it shows itself, see `USUAL_LINGER_MS`, `LEAST_LINGER_MS`. */
  readonly lingerMs: number | null;
};

/** What was seen of the app at one moment. */
export type Look = {
  readonly portAccepts: boolean;
  /** Requests that the relay has sent and whose connection to the app holds; the end of a process breaks it. */
  readonly inFlight: number;
  /** Linux's table; null where it can't be read. */
  readonly tcpTable: string | null;
};

/** Takes looks at an app that was told to end, and says when it is gone. */
export class AppEnd {
  readonly #ports: ReadonlySet<number>;
  readonly #lingerMs: number | null;
  #clients: ReadonlySet<number> | null = null;
  #calledAnew = false;
  #lastSeenAt: number | null = null;
  #looksWithout = 0;

  constructor({ apiPorts, lingerMs }: AppEndOptions) {
    this.#ports = new Set(apiPorts);
    this.#lingerMs = lingerMs;
  }

  /**
   * Takes down the connections that there are before the app is told to end, unless there was a look already: by those
   * of the first look nobody could tell which are new.
   */
  begin(tcpTable: string | null): void {
    if (this.#clients === null && tcpTable !== null) this.#api(tcpTable);
  }

  /** @returns whether the app is gone, as far as can be seen */
  take({ portAccepts, inFlight, tcpTable }: Look, now: number): boolean {
    const api = tcpTable === null ? { connected: false, calledAnew: false } : this.#api(tcpTable);
    if (api.calledAnew) this.#calledAnew = true;
    if (portAccepts || inFlight > 0 || api.connected || api.calledAnew) {
      this.#lastSeenAt = now;
      this.#looksWithout = 0;
      return false;
    }
    this.#lastSeenAt ??= now;
    this.#looksWithout++;
    const lingerMs = this.#lingerMs ?? (this.#calledAnew ? USUAL_LINGER_MS : LEAST_LINGER_MS);
    return this.#looksWithout >= LOOKS && now - this.#lastSeenAt >= lingerMs;
  }

  // A connection that has come and gone between two looks stays in the table for a minute (TIME_WAIT), on the end that
  // closed first.
  #api(text: string): { readonly connected: boolean; readonly calledAnew: boolean } {
    const clients = new Set<number>();
    const held = new Set<number>();
    for (const connection of readTcpTable(text, this.#ports)) {
      const ofClient = this.#ports.has(connection.remotePort);
      const client = ofClient ? connection.localPort : connection.remotePort;
      if (client !== 0) clients.add(client);
      if (ofClient && connection.held) held.add(client);
    }
    const before = this.#clients;
    this.#clients = clients;
    return {
      connected: held.size > 0,
      calledAnew: before !== null && [...clients].some((client) => !before.has(client) && !held.has(client)),
    };
  }
}
