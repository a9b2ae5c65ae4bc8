import { afterEach, expect, test } from "bun:test";
import { createFront, type Front } from "./front.ts";

const servers: Bun.Server<undefined>[] = [];
const fronts: Front[] = [];
afterEach(async () => {
  for (const front of fronts.splice(0)) await front.stop();
  for (const server of servers.splice(0)) await server.stop(true);
});

function service(fetch: (request: Request) => Response | Promise<Response>): string {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, idleTimeout: 0, fetch });
  servers.push(server);
  return server.url.origin;
}

function front(): { front: Front; url: string } {
  // Finds a free port by listening on any port and closing it again.
  const probe = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const port = probe.port!;
  void probe.stop(true);
  const made = createFront({ id: "gateway", hostname: "127.0.0.1", port });
  fronts.push(made);
  return { front: made, url: `http://127.0.0.1:${port}` };
}

test("a service's front proxy passes on requests and responses unchanged", async () => {
  const { front: one, url } = front();
  await one.lead(
    service(async (request) =>
      Response.json(
        {
          method: request.method,
          path: request.url.replace(/^http:\/\/[^/]+/, ""),
          host: request.headers.get("host"),
          length: request.headers.get("content-length"),
          body: await request.text(),
        },
        { status: 202, headers: { location: "/jobs/1", "x-correlation-id": "7" } },
      ),
    ),
  );
  const reply = await fetch(`${url}/jobs?q=a%20b&q=%2B`, { method: "POST", body: "{}", redirect: "manual" });
  expect(reply.status).toBe(202);
  expect(reply.headers.get("location")).toBe("/jobs/1");
  expect(await reply.json()).toEqual({
    method: "POST",
    path: "/jobs?q=a%20b&q=%2B",
    body: "{}",
    length: "2",
    host: new URL(url).host,
  });
});

test("a service's front proxy streams a response while it is being written", async () => {
  const more = Promise.withResolvers<void>();
  const { front: one, url } = front();
  await one.lead(
    service(
      () =>
        new Response(
          new ReadableStream({
            async start(out) {
              out.enqueue("data: 1\n\n");
              await more.promise;
              out.enqueue("data: 2\n\n");
              out.close();
            },
          }),
          { headers: { "content-type": "text/event-stream" } },
        ),
    ),
  );
  const reader = (await fetch(url)).body!.getReader();
  expect(Buffer.from((await reader.read()).value!).toString()).toBe("data: 1\n\n");
  more.resolve();
  expect(Buffer.from((await reader.read()).value!).toString()).toBe("data: 2\n\n");
  expect((await reader.read()).done).toBe(true);
});

test("a service's front proxy sends new requests to the new process and reports when the previous process is idle", async () => {
  const held = Promise.withResolvers<Response>();
  const { front: one, url } = front();
  const arrived = Promise.withResolvers<void>();
  await one.lead(
    service(() => {
      arrived.resolve();
      return held.promise;
    }),
  );
  const slow = fetch(url);
  await arrived.promise;
  let isIdle = false;
  const idle = one.lead(service(() => new Response("new"))).then(() => {
    isIdle = true;
  });
  expect(await (await fetch(url)).text()).toBe("new");
  expect(isIdle).toBe(false);
  held.resolve(new Response("old"));
  expect(await (await slow).text()).toBe("old");
  await idle;
});

test("a service's front proxy responds with 503 and Retry-After if no process runs or it ends during a request", async () => {
  const { front: one, url } = front();
  const early = await fetch(`${url}/jobs?limit=1`);
  expect(early.status).toBe(503);
  expect(early.headers.get("retry-after")).toBe("1");
  expect(await early.json()).toMatchObject({ code: "STOPPING", instance: "/jobs" });

  const gone = service(() => {
    void servers[0]!.stop(true);
    return new Promise<Response>(() => undefined);
  });
  await one.lead(gone);
  for (let n = 0; n < 2; n++)
    expect(await (await fetch(url)).json()).toMatchObject({
      status: 503,
      detail: expect.stringContaining("being restarted"),
    });
});
