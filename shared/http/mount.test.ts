import { expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { defaulted, ID_PARAM, type Route } from "../../contracts/route.ts";
import { AppError } from "../errors.ts";
import { createLog } from "../log.ts";
import { createMetrics } from "../metrics.ts";
import { createEdge } from "./edge.ts";
import { mount } from "./mount.ts";

const Note = Type.Object({ text: Type.String({ maxLength: 10 }) }, { additionalProperties: false });
const REPLY = { status: 200, schema: Type.Unknown() } as const;
const ROUTES = {
  list: {
    method: "GET",
    path: "/notes",
    summary: "Notes",
    query: { limit: defaulted(Type.Integer({ minimum: 1 }), 50) },
    headers: { "page-key": Type.Optional(Type.String({ maxLength: 3 })) },
    reply: REPLY,
    problems: [],
  },
  add: {
    method: "POST",
    path: "/notes/{id}",
    summary: "Add a note",
    params: ID_PARAM,
    body: { schema: Note, optional: true, maxBytes: 40 },
    reply: { status: 202, schema: Type.Unknown() },
    problems: [],
  },
  fail: { method: "GET", path: "/fail", summary: "Fail", reply: REPLY, problems: [] },
} as const satisfies Record<string, Route>;

const edge = createEdge({
  log: createLog({ service: "mount", level: "silent" }),
  metrics: createMetrics("mount"),
  bindAddress: "127.0.0.1",
  allowedOrigins: "",
});
const app = mount(
  new Elysia().use(edge),
  ROUTES,
  {
    list: ({ query, header }) => ({ limit: query.limit, key: header("page-key") ?? null }),
    add: async ({ params, body }) => ({ id: params.id, note: (await body()) ?? null }),
    fail: () => {
      throw new Error("the store is unavailable");
    },
  },
  {
    translate(error) {
      if (error instanceof AppError) throw error;
      throw new AppError("STORE_UNAVAILABLE", "Not now", { cause: error });
    },
  },
);

async function ask(path: string, init: RequestInit = {}) {
  const request = new Request(`http://127.0.0.1${path}`, init);
  request.headers.set("host", "127.0.0.1");
  const reply = await app.handle(request);
  const { code, ...body } = (await reply.json()) as { code?: string };
  return [reply.status, code ?? body];
}
const json = (text: string): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", "content-length": String(text.length) },
  body: text,
});
const id = crypto.randomUUID();

test("a handler receives its query with numbers and defaults, and the reply has the status from the route table", async () => {
  expect(await ask("/notes")).toEqual([200, { limit: 50, key: null }]);
  expect(await ask("/notes?limit=7", { headers: { "page-key": "abc" } })).toEqual([
    200,
    { limit: 7, key: "abc" },
  ]);
  expect(await ask(`/notes/${id.toUpperCase()}`, json('{"text":"a"}'))).toEqual([
    202,
    { id, note: { text: "a" } },
  ]);
  expect(await ask(`/notes/${id}`, { method: "POST" })).toEqual([202, { id, note: null }]);
});

test("a request that the route table does not allow never reaches a handler", async () => {
  expect(await ask("/notes?limit=0")).toEqual([400, "INVALID_QUERY"]);
  expect(await ask("/notes?lmit=1")).toEqual([400, "INVALID_QUERY"]);
  expect(await ask("/notes", { headers: { "page-key": "long" } })).toEqual([422, "VALIDATION_FAILED"]);
  expect(await ask("/notes/7", json("{}"))).toEqual([400, "INVALID_ID"]);
  expect(await ask(`/notes/${id}`, json('{"txt":"a"}'))).toEqual([422, "VALIDATION_FAILED"]);
  expect(await ask(`/notes/${id}`, json(JSON.stringify({ text: "a".repeat(40) })))).toEqual([
    413,
    "PAYLOAD_TOO_LARGE",
  ]);
  expect(await ask("/notes", { method: "DELETE" })).toEqual([405, "METHOD_NOT_ALLOWED"]);
});

test("a handler's error is translated to a problem", async () => {
  expect(await ask("/fail")).toEqual([503, "STORE_UNAVAILABLE"]);
});
