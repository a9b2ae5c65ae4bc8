import { afterAll, beforeAll, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { Problem } from "../../contracts/problem.ts";
import { findFreePort } from "../../tui/engines/port.ts";
import { PAGE_HEADERS } from "../../web/headers.ts";
import { connectPty } from "../support/pty-client.ts";
import { type ServiceProcess, startService } from "../support/service-process.ts";

const SIZE = { cols: 80, rows: 24 };

/** Stands in for the read-model: replies with the request that it received. */
const upstream = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  async fetch(request) {
    const { pathname, search } = new URL(request.url);
    return Response.json(
      {
        method: request.method,
        path: pathname + search,
        body: await request.text(),
        origin: request.headers.get("origin"),
      },
      { status: 418, headers: { "x-from": "upstream" } },
    );
  },
});
let terminals: ServiceProcess;
let page: ServiceProcess<"web-ui">;

beforeAll(async () => {
  const port = String(await findFreePort());
  terminals = await startService("web-pty", {
    PTY_WS_PORT: port,
    PTY_TUI_BINARY: '["sh", "-c", "stty -echo; PS1=ready: exec sh"]',
    PTY_TRUSTED_PROXIES: "127.0.0.1",
    PTY_PER_IP_CAP: "2",
  });
  page = await startService("web-ui", {
    PTY_URL: `ws://127.0.0.1:${port}/ws`,
    READ_MODEL_URL: `http://127.0.0.1:${upstream.port}`,
    // Nothing listens on this port.
    GATEWAY_URL: "http://127.0.0.1:9",
  });
}, 60_000);
afterAll(async () => {
  await Promise.all([page.stop(), terminals.stop(), upstream.stop(true)]);
});

test("the page's files carry its policy headers; unknown paths and paths outside its folder return 404", async () => {
  for (const path of ["/", "/app.js", "/app.css", "/icon.svg", "/jetbrains-mono-400.woff2"]) {
    const reply = await fetch(`${page.url}${path}`);
    expect({ path, status: reply.status }).toEqual({ path, status: 200 });
    for (const [name, value] of Object.entries(PAGE_HEADERS)) expect(reply.headers.get(name)).toBe(value);
  }
  for (const path of ["/nothing.js", "/%2e%2e/package.json", "/..%2fpackage.json", "/a/b"])
    expect((await fetch(`${page.url}${path}`)).status).toBe(404);
});

test("/api forwards requests unchanged except for Origin, and returns the read-model's complete reply", async () => {
  const reply = await fetch(`${page.url}/api/jobs?limit=1`, {
    method: "POST",
    body: "a body",
    headers: { origin: page.url },
  });
  expect([reply.status, reply.headers.get("x-from")]).toEqual([418, "upstream"]);
  expect(await reply.json()).toEqual({ method: "POST", path: "/jobs?limit=1", body: "a body", origin: null });
});

test("an unreachable service yields a 502 problem document with Retry-After", async () => {
  const reply = await fetch(`${page.url}/gateway/jobs`);
  expect(reply.status).toBe(502);
  expect(reply.headers.get("content-type")).toBe("application/problem+json");
  expect(reply.headers.get("retry-after")).toBe("1");
  const problem: unknown = await reply.json();
  expect(Value.Check(Problem, problem)).toBe(true);
  expect(problem).toMatchObject({
    code: "UNREACHABLE",
    status: 502,
    detail: "The service behind /gateway does not answer",
    instance: "/gateway/jobs",
    correlationId: reply.headers.get("x-correlation-id"),
  });
});

test("a foreign Origin or Host is refused with the name of the setting to change", async () => {
  for (const headers of [
    new Headers({ origin: "https://evil.example" }),
    new Headers({ host: "evil.example" }),
  ])
    for (const path of ["/", "/api/jobs", "/ws"]) {
      const reply = await fetch(`${page.url}${path}`, { headers });
      expect(reply.status).toBe(403);
      expect(await reply.text()).toContain("ALLOWED_ORIGINS");
    }
});

test("a terminal opened through the server accepts input, reports its exit code and counts toward the cap of its browser's IP address", async () => {
  const url = `${page.url.replace("http", "ws")}/ws`;
  const open = async () => {
    // Sends the first frame before the terminal service has answered.
    const client = await connectPty({ url, headers: { origin: page.url } });
    client.say({ type: "open", ...SIZE });
    return client;
  };
  const first = await open();
  await first.sees("ready:");
  const second = await open();
  await second.hears("session");
  const third = await open();
  expect((await third.hears("error")).code).toBe("PER_IP_CAP");
  expect((await third.closed).code).toBe(4429);
  first.type("echo sum $((20+22)); exit 5\r");
  await first.sees("sum 42");
  expect((await first.hears("exit")).code).toBe(5);
  expect((await first.closed).code).toBe(1000);
  second.type("exit\r");
  await second.closed;
});

test("a plain HTTP request for /ws gets the terminal service's response", async () => {
  const reply = await fetch(`${page.url}/ws`);
  expect([reply.status, reply.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
});

test("while the terminal service is down, WebSockets are closed; once it is up, new WebSockets work", async () => {
  const port = String(await findFreePort());
  const start = () => startService("web-pty", { PTY_WS_PORT: port, PTY_TUI_BINARY: '["cat"]' });
  const other = await startService("web-ui", { PTY_URL: `ws://127.0.0.1:${port}/ws` });
  const url = `${other.url.replace("http", "ws")}/ws`;
  const lonely = await connectPty({ url });
  expect((await lonely.closed).code).toBe(1011);
  const pty = await start();
  const client = await connectPty({ url });
  client.say({ type: "open", ...SIZE });
  await client.hears("session");
  await pty.kill();
  expect((await client.closed).code).toBe(1011);
  await other.stop();
}, 60_000);
