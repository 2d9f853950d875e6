/** The plain HTTP server, by real requests, on the runtime that runs the test. */
import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { type RunningServer, serve, type ServeOptions } from "../../services/host/serve/index.ts";

async function start(fetch: ServeOptions["fetch"], hostname = "127.0.0.1"): Promise<[RunningServer, string]> {
  const server = await serve({ hostname, port: 0, fetch });
  onTestFinished(() => server.close(0));
  return [server, `http://127.0.0.1:${server.port}`];
}

/** A handler that answers when told, and says when it was asked and when its client went away. */
function held() {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  const gone = Promise.withResolvers<void>();
  const fetch = (request: Request): Promise<Response> => {
    request.signal.addEventListener("abort", () => gone.resolve());
    asked.resolve();
    return answer.promise;
  };
  return { fetch, asked: asked.promise, gone: gone.promise, answer: answer.resolve };
}

describe("serve()", () => {
  it("answers on IPv4 where it listens on every address", async () => {
    const [server, url] = await start((request) => new Response(new URL(request.url).pathname), "::");
    expect(server.port).toBeGreaterThan(0);
    expect(await (await fetch(`${url}/a`)).text()).toBe("/a");
  });

  it("says that a port is taken", async () => {
    const [{ port }] = await start(() => new Response());
    await expect(serve({ hostname: "127.0.0.1", port, fetch: () => new Response() })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  });

  it("answers others while a request is held", async () => {
    const { fetch: hold, asked, answer } = held();
    const [, url] = await start((request) => request.url.endsWith("/held") ? hold(request) : new Response("ok"));
    const first = fetch(`${url}/held`);
    await asked;
    expect(await (await fetch(`${url}/other`)).text()).toBe("ok");
    answer(new Response("at last"));
    expect(await (await first).text()).toBe("at last");
  });

  it("tells the handler when the client goes away", async () => {
    const { fetch: hold, asked, gone } = held();
    const [server] = await start(hold);
    const socket = connect(server.port, "127.0.0.1");
    socket.write("GET /held HTTP/1.1\r\nhost: a\r\n\r\n");
    await asked;
    socket.destroy();
    await gone;
  });
});

describe("RunningServer.close()", () => {
  it("lets what is in flight end, and takes nothing new", async () => {
    const { fetch: hold, asked, answer } = held();
    const [server, url] = await start(hold);
    const first = fetch(url);
    await asked;
    const closed = server.close(60_000);
    await expect(fetch(url)).rejects.toThrow(TypeError);
    answer(new Response("done"));
    expect(await (await first).text()).toBe("done");
    await closed;
  });

  it("does not wait for idle connections", async () => {
    const [server] = await start(() => new Response("ok"));
    const socket = connect(server.port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await once(socket, "data");
    const ended = once(socket, "close");
    await server.close(60_000);
    await ended;
  });

  it("ends what takes too long", async () => {
    const { fetch: hold, asked } = held();
    const [server, url] = await start(hold);
    const cut = fetch(url).then(({ status }) => status, () => 503);
    await asked;
    await server.close(20);
    expect(await cut).toBe(503);
  });

  it.each([0, 1, 2])("with nothing in flight takes a grace time of %d ms", async (graceMs) => {
    for (let round = 0; round < 20; round++) {
      const server = await serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("ok") });
      await (await fetch(`http://127.0.0.1:${server.port}`)).text();
      await server.close(graceMs);
    }
  });
});
