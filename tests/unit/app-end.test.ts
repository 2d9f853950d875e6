import { describe, expect, test } from "vitest";
import { AppEnd, LEAST_LINGER_MS, readTcpTable, USUAL_LINGER_MS } from "../../services/core/app-end.ts";

const LOOPBACK = "0100007F";
const LOOPBACK6 = "00000000000000000000000001000000";
const HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const ESTABLISHED = "01";
const TIME_WAIT = "06";
const LISTEN = "0A";

type Row = { local: number; remote: number; state?: string; inode?: number; address?: string; peer?: string };

const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, "0");

/** Rows as Linux writes them (`net/ipv4/tcp_ipv4.c`: get_tcp4_sock, get_timewait4_sock). */
function table(...rows: readonly Row[]): string {
  return HEAD +
    rows.map(({ local, remote, state = ESTABLISHED, inode = 4711, address = LOOPBACK, peer }, index) =>
      `${String(index).padStart(4)}: ${address}:${hex(local)} ${peer ?? address}:${
        hex(remote)
      } ${state} 00000000:00000000 ` +
      `03:0000008A 00000000 ${"65532".padStart(5)} ${"0".padStart(8)} ${inode} 3 000000008db49318 20 4 0 10 -1\n`
    ).join("");
}

const API = new Set([3500, 50_001]);

describe("readTcpTable", () => {
  test("finds both ends of a connection to a port of daprd, over IPv4 and IPv6", () => {
    const text = table({ local: 40_000, remote: 3500 }, { local: 3500, remote: 40_000 }) +
      table({ local: 40_001, remote: 50_001, address: LOOPBACK6 });
    expect(readTcpTable(text, API)).toEqual([
      { localPort: 40_000, remotePort: 3500, held: true },
      { localPort: 3500, remotePort: 40_000, held: true },
      { localPort: 40_001, remotePort: 50_001, held: true },
    ]);
  });

  test("knows what a process has left behind", () => {
    expect(readTcpTable(table({ local: 40_000, remote: 3500, state: TIME_WAIT, inode: 0 }), API)).toEqual([
      { localPort: 40_000, remotePort: 3500, held: false },
    ]);
  });

  test("leaves out other ports, and the same port of another host", () => {
    const text = table(
      { local: 40_000, remote: 8080 },
      { local: 40_001, remote: 50_001, peer: "0A00600A" },
    );
    expect(readTcpTable(text, API)).toEqual([]);
  });

  test.for(["", HEAD, "not a table\n", "   0: 0100007F:0DAC\n"])("takes %j for no connection", (text) => {
    expect(readTcpTable(text, API)).toEqual([]);
  });
});

const LISTENER: Row = { local: 3500, remote: 0, state: LISTEN };
const LASTING: Row = { local: 40_000, remote: 3500 };
const LEFT: Row = { local: 40_000, remote: 3500, state: TIME_WAIT, inode: 0 };

const LOOK_MS = 50;

/** Looks at one app every `LOOK_MS`. */
function looking(lingerMs: number | null = null) {
  const end = new AppEnd({ apiPorts: [3500, 50_001], lingerMs });
  let now = 1000;
  return (portAccepts: boolean, tcpTable: string | null = table(LISTENER), inFlight = 0) =>
    end.take({ portAccepts, inFlight, tcpTable }, now += LOOK_MS);
}

/** How long after it was seen last an app is gone of which nothing is seen any more, ms. */
function gone(look: ReturnType<typeof looking>, tcpTable: string | null = table(LISTENER)): number {
  let ms = LOOK_MS;
  for (; !look(false, tcpTable); ms += LOOK_MS) expect(ms).toBeLessThan(60_000);
  return ms;
}

describe("an app is gone", () => {
  test("when its port refuses for a moment and it has no connection to daprd", () => {
    const look = looking();
    expect([look(true), look(false), look(true)]).toEqual([false, false, false]);
    expect(gone(look)).toBe(LEAST_LINGER_MS);
  });

  test("when its port refuses twice, where no linger is wanted", () => {
    const look = looking(0);
    expect([look(true), look(false), look(true), look(false), look(false)]).toEqual([false, false, false, false, true]);
  });

  test("not while it is connected to daprd's API, whatever its port says", () => {
    const look = looking();
    const busy = table(LISTENER, LASTING);
    expect([look(true, busy), ...Array.from({ length: 100 }, () => look(false, busy))]).not.toContain(true);
    expect(gone(look, table(LISTENER, LEFT))).toBe(LEAST_LINGER_MS);
  });

  test("not while it works on a request, whatever its port says", () => {
    const look = looking();
    expect(Array.from({ length: 100 }, () => look(false, table(LISTENER), 1))).not.toContain(true);
    expect(gone(look)).toBe(LEAST_LINGER_MS);
  });

  test("not after a call that it has made between the word to end and the first look", () => {
    const end = new AppEnd({ apiPorts: [3500, 50_001], lingerMs: null });
    end.begin(table(LISTENER));
    const look = (now: number) => end.take({ portAccepts: false, inFlight: 0, tcpTable: table(LISTENER, LEFT) }, now);
    expect([look(0), look(100), look(USUAL_LINGER_MS - 1), look(USUAL_LINGER_MS)]).toEqual([false, false, false, true]);
  });

  test("whatever it had been connected by before the word to end", () => {
    const end = new AppEnd({ apiPorts: [3500, 50_001], lingerMs: null });
    end.begin(table(LISTENER, LEFT));
    const look = (now: number) => end.take({ portAccepts: false, inFlight: 0, tcpTable: table(LISTENER, LEFT) }, now);
    expect([look(0), look(LEAST_LINGER_MS - 1), look(LEAST_LINGER_MS)]).toEqual([false, false, true]);
  });

  test("not while it calls daprd by a connection for each request, which nobody sees alive", () => {
    const look = looking();
    const left: Row[] = [LISTENER];
    look(true, table(...left));
    for (let call = 0; call < 10; call++) {
      // By turns the one end and the other closed first.
      const [local, remote] = call % 2 === 0 ? [3500, 41_000 + call] : [41_000 + call, 3500];
      left.push({ local, remote, state: TIME_WAIT, inode: 0 });
      for (let ms = 0; ms < USUAL_LINGER_MS; ms += LOOK_MS) expect(look(false, table(...left))).toBe(false);
    }
    expect(look(false, table(...left))).toBe(true);
  });

  test("soon if what it called by was left behind before anybody looked, or was a connection that lasted", () => {
    const look = looking();
    look(true, table(LISTENER, LEFT));
    look(true, table(LISTENER, LEFT, { local: 40_002, remote: 50_001 }));
    const after = table(LISTENER, { local: 40_002, remote: 50_001, state: TIME_WAIT, inode: 0 });
    expect(gone(look, after)).toBe(LEAST_LINGER_MS);
  });

  test("after the linger that was set, counted from when anything of it was seen last", () => {
    const look = looking(1000);
    look(true);
    expect(gone(look)).toBe(1000);
  });

  test("when its port refuses for a moment, where the connections can't be read", () => {
    const look = looking();
    look(true, null);
    expect(gone(look, null)).toBe(LEAST_LINGER_MS);
  });
});
