import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { Elysia } from "elysia";
import { eventually } from "../../tests/support/wait.ts";
import { createLog } from "../log.ts";
import { createMetrics } from "../metrics.ts";
import { createLifecycle } from "../process-lifecycle.ts";
import { createEdge } from "./edge.ts";
import { listen } from "./listen.ts";
import { readId, readJson } from "./read-request.ts";

const lines: Record<string, unknown>[] = [];
const log = createLog({
  service: "edge",
  level: "debug",
  write: (line) => void lines.push(JSON.parse(line)),
});
const metrics = createMetrics("edge");
const life = createLifecycle({ log, graceMs: 1_000 });
let port = 0;

beforeAll(() => {
  const app = new Elysia()
    .use(createEdge({ log, metrics, bindAddress: "127.0.0.1", allowedOrigins: "" }))
    .get("/jobs/:id", ({ params }) => readId(params.id))
    .post("/jobs", async ({ request }) => readJson(request, 10_000, false, 300), { parse: "none" })
    // Elysia cannot tell that this handler does not read the body.
    .post("/pause", (context) => paused(context));
  port = listen({ app, port: 0, bindAddress: "127.0.0.1", life, log, unreadBodyMs: 1_000 });
});
afterAll(() => life.stop("tests ended"));
beforeEach(() => void lines.splice(0));

const paused = ({ path }: { path: string }) => path.replace("/pause", "paused");

/** Sends raw text and collects the reply until the server closes the connection. */
async function exchange(text: string): Promise<string> {
  const socket = await dial(text);
  let reply = "";
  socket.on("data", (chunk) => {
    reply += chunk.toString();
  });
  await new Promise((resolve) => socket.once("close", resolve));
  return reply;
}

async function dial(text: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  socket.write(text);
  return socket;
}

const errors = () => lines.filter(({ level }) => level === "error");

test("a path that is not UTF-8 is refused with 400", async () => {
  for (const path of ["/jobs/%FF", "/jobs/%", "/jobs/a%2", "/%C3%28"]) {
    const reply = await exchange(
      `GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`,
    );
    expect([path, reply.split("\r\n")[0], reply.includes("MALFORMED_PATH")]).toEqual([
      path,
      "HTTP/1.1 400 Bad Request",
      true,
    ]);
  }
  expect(errors()).toEqual([]);
});

test("a Host that cannot be part of a URL is refused with 403", async () => {
  for (const host of ["localhost:99999", "a b/c?", "localhost:1:2"]) {
    const reply = await exchange(`GET /jobs/1 HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    expect([host, reply.split("\r\n")[0]]).toEqual([host, "HTTP/1.1 403 Forbidden"]);
  }
  expect(errors()).toEqual([]);
});

const HALF = `Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"type":`;

test("a client that hangs up is logged and counted as 499, not as an error", async () => {
  const socket = await dial(`POST /jobs HTTP/1.1\r\n${HALF}`);
  // A reply on another connection proves that the server has had time to start the first request.
  await exchange(`GET /jobs/%FF HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  socket.destroy();
  await eventually(() => lines.some(({ message, status }) => message === "Request" && status === 499), {
    what: "the request to be logged",
  });
  expect(errors()).toEqual([]);
  const text = await metrics.registry.metrics();
  expect(text).toMatch(/http_request_duration_seconds_count\{[^}]*status="499"[^}]*\} 1/);
  expect(text).not.toContain('status="500"');
});

test("a body that is never completed is refused with 408, and its connection is closed", async () => {
  const reply = await exchange(`POST /jobs HTTP/1.1\r\n${HALF}`);
  expect(reply).toStartWith("HTTP/1.1 408 Request Timeout");
  expect(reply).toContain("REQUEST_TIMEOUT");
  expect(errors()).toEqual([]);
});

test("a body that no handler reads may contain anything", async () => {
  for (const body of ["{", "", "\u0000", '{"a":1}']) {
    const reply = await exchange(
      `POST /pause HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
    expect([body, reply.endsWith("paused")]).toEqual([body, true]);
  }
  expect(errors()).toEqual([]);
});

test("the connection is also closed after an incomplete body that no handler reads", async () => {
  expect(await exchange(`POST /pause HTTP/1.1\r\n${HALF}`)).toEndWith("paused");
});
