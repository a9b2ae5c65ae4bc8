import { afterEach, expect, test } from "bun:test";
import { GATEWAY_ROUTES } from "../../contracts/gateway-routes.ts";
import { READ_MODEL_ROUTES } from "../../contracts/read-model-routes.ts";
import { AppError } from "../errors.ts";
import { problemResponse } from "../http/to-problem.ts";
import { ApiError } from "./api-error.ts";
import { createApiClient } from "./client.ts";
import type { StreamUpdate } from "./follow-stream.ts";

const servers: Bun.Server<undefined>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

const id = "0197a3c5-5b7e-7000-8000-00000000000a";

function clientOf(answer: (request: Request) => Response | Promise<Response>, timeoutMs?: number) {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, idleTimeout: 0, fetch: answer });
  servers.push(server);
  const url = `http://127.0.0.1:${server.port}`;
  return createApiClient({ addresses: () => ({ gatewayUrl: url, readModelUrl: url }), timeoutMs });
}

async function errorOf(call: Promise<unknown>): Promise<ApiError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ApiError)) throw new Error(`Expected an ApiError, received ${error}`);
  return error;
}

test("every route with a JSON reply has a function", () => {
  const client = clientOf(() => Response.json({}));
  // Two routes have no function: the stream is followed with `follow`, and runbooks are pages for browsers.
  const readModel = Object.keys(READ_MODEL_ROUTES).filter((name) => name !== "stream" && name !== "runbook");
  expect(Object.keys(client.gateway)).toEqual(Object.keys(GATEWAY_ROUTES));
  expect(Object.keys(client.readModel)).toEqual(readModel);
});

test("the types refuse input that the route does not accept", () => {
  const { gateway, readModel } = clientOf(() => Response.json({}));
  const refused = [
    // @ts-expect-error a path parameter is missing
    () => readModel.jobDetail(),
    // @ts-expect-error a required query parameter is missing
    () => readModel.series({ query: {} }),
    // @ts-expect-error the status does not exist
    () => readModel.listJobs({ query: { status: "LOST" } }),
    // @ts-expect-error the body violates its schema
    () => gateway.submitJob({ body: { payload: {} } }),
    // @ts-expect-error the stream is followed rather than called
    () => readModel.stream(),
  ];
  expect(refused).toHaveLength(5);
});

test("path, query, headers and body arrive as the route defines them", async () => {
  const client = clientOf(async (request) => {
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    const sent = { key: headers.get("idempotency-key"), type: headers.get("content-type") };
    return Response.json({ method, path: pathname + search, ...sent, body: await request.text() });
  });
  const echoOf = (call: Promise<unknown>) => call as Promise<Record<string, unknown>>;
  expect(await echoOf(client.gateway.pauseQueue({ params: { type: "a/b ?" } }))).toEqual({
    method: "POST",
    path: "/queues/a%2Fb%20%3F/pause",
    key: null,
    type: null,
    body: "",
  });
  const body = { type: "hash", payload: { text: "ü" } };
  expect(
    await echoOf(client.gateway.submitJob({ body, headers: { "idempotency-key": "k 1" } })),
  ).toMatchObject({ path: "/jobs", key: "k 1", type: "application/json", body: JSON.stringify(body) });
  const listed = echoOf(
    client.readModel.listJobs({ query: { status: "FAILED", text: "a&b", cursor: undefined } }),
  );
  expect(await listed).toMatchObject({ method: "GET", path: "/jobs?status=FAILED&text=a%26b" });
});

test("a problem keeps its code, detail, fields, retry time and correlation id, and has a remedy", async () => {
  const refusal = new AppError("VALIDATION_FAILED", "The job violates its contract", {
    errors: [
      { path: "/payload/rounds", message: "wanted a whole number" },
      { path: "", message: "wanted fewer fields" },
    ],
  });
  const invalid = await errorOf(
    clientOf(() => problemResponse(refusal, "c-1")).gateway.submitJob({ body: { type: "hash" } }),
  );
  expect(invalid).toMatchObject({
    code: "VALIDATION_FAILED",
    status: 422,
    correlationId: "c-1",
    retryable: false,
  });
  expect(invalid.detail).toBe(
    "The job violates its contract; /payload/rounds: wanted a whole number; the body: wanted fewer fields",
  );
  expect(invalid.remedy).not.toBe("");

  const full = new AppError("OVERLOADED", "Too much", { retryAfterSeconds: 3 });
  const overloaded = await errorOf(clientOf(() => problemResponse(full, "c")).readModel.ledger());
  expect(overloaded).toMatchObject({ code: "OVERLOADED", retryAfterMs: 3_000, retryable: true });
});

test("an unknown code from a newer service becomes UNEXPECTED_REPLY with the same detail", async () => {
  const problem = {
    type: "about:blank",
    title: "New",
    status: 409,
    code: "FROM_THE_FUTURE",
    detail: "Too new",
  };
  const error = await errorOf(clientOf(() => Response.json(problem, { status: 409 })).readModel.stats());
  expect(error).toMatchObject({ code: "UNEXPECTED_REPLY", status: 409, detail: "Too new", retryable: false });
  expect(error.problem?.code as string).toBe("FROM_THE_FUTURE");
});

test("the error quotes a reply that did not come from the API", async () => {
  const page = await errorOf(clientOf(() => new Response("<html>")).readModel.stats());
  expect([page.code, page.detail]).toEqual(["UNEXPECTED_REPLY", expect.stringContaining('"<html>"')]);
  const proxy = await errorOf(clientOf(() => new Response("Bad Gateway", { status: 502 })).readModel.stats());
  expect([proxy.code, proxy.retryable]).toEqual(["UNEXPECTED_REPLY", true]);
});

test("a closed port, a hanging service and an abort cause different errors", async () => {
  const nowhere = { gatewayUrl: "http://127.0.0.1:1", readModelUrl: "http://127.0.0.1:1" };
  const unreachable = await errorOf(createApiClient({ addresses: () => nowhere }).readModel.stats());
  expect([unreachable.code, unreachable.retryable]).toEqual(["UNREACHABLE", true]);

  const hangs = clientOf(() => new Promise(() => undefined), 50);
  expect((await errorOf(hangs.readModel.jobDetail({ params: { id } }))).code).toBe("TIMED_OUT");
  const abort = new AbortController();
  const call = hangs.readModel.stats({}, { signal: abort.signal, timeoutMs: 60_000 });
  abort.abort(new Error("the user left"));
  await expect(call).rejects.toThrow("the user left");
});

test("a lost stream resumes after the last event that arrived, even if reconnecting fails at first, and a gap is reported", async () => {
  const asked: (string | null)[] = [];
  const message = { kind: "alerts", firing: 1 };
  const client = clientOf((request) => {
    const last = request.headers.get("last-event-id");
    asked.push(last);
    if (asked.length === 2) return new Response("down", { status: 502 });
    if (asked.length === 3)
      return problemResponse(new AppError("INVALID_CURSOR", "Not a cursor of this feed"), "c");
    const text = `retry: 10\n\nid: 7-${asked.length}\ndata: ${JSON.stringify(message)}\n\n`;
    return new Response(text, { headers: { "content-type": "text/event-stream" } });
  });
  const stop = new AbortController();
  const seen: StreamUpdate[] = [];
  for await (const update of client.follow({ signal: stop.signal, maxRetryMs: 20 })) {
    seen.push(update);
    if (asked.length === 5) stop.abort();
  }
  expect(asked).toEqual([null, "7-1", "7-1", null, "7-4"]);
  const story = seen.map((update) =>
    update.kind === "connected"
      ? `connected ${update.resumed}`
      : update.kind === "disconnected"
        ? update.error.code
        : update.kind,
  );
  expect(story).toEqual([
    ...["connected false", "alerts", "UNREACHABLE"],
    ...["UNEXPECTED_REPLY", "INVALID_CURSOR"],
    ...["connected false", "alerts", "UNREACHABLE"],
    "connected true",
  ]);
});

test("a silent stream is dropped and reopened", async () => {
  const client = clientOf(
    () =>
      new Response(new ReadableStream({ start: (out) => out.enqueue(": alive\n\n") }), {
        headers: { "content-type": "text/event-stream" },
      }),
  );
  const codes: string[] = [];
  const stop = new AbortController();
  // On a slow machine a connection may time out before it opens, so ignore the errors of connections that never opened.
  let connected = false;
  for await (const update of client.follow({ signal: stop.signal, silenceMs: 100, maxRetryMs: 5 })) {
    if (update.kind === "disconnected" && connected) codes.push(update.error.code);
    connected = update.kind !== "disconnected";
    if (codes.length === 2) stop.abort();
  }
  expect(codes).toEqual(["TIMED_OUT", "TIMED_OUT"]);
});
