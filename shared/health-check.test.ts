import { expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { BASE_CONFIG } from "./config.ts";
import { checkHealth } from "./health-check.ts";

const variables = {
  ...BASE_CONFIG,
  PORT: Type.Integer({ default: 3000 }),
  OPS_PORT: Type.Integer(),
};

async function askOf(answer: () => Response, variable = "PORT") {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer });
  const env = { BIND_ADDRESS: "0.0.0.0", [variable]: String(server.port) };
  try {
    return await checkHealth({ service: "gateway", variables, env, portVariable: variable });
  } finally {
    await server.stop(true);
  }
}

test("a service whose engines answer is ready", async () => {
  const answer = () => Response.json({ status: "ready", failing: [] });
  expect(await askOf(answer)).toEqual({ ready: true, sentence: "gateway is ready" });
  expect((await askOf(answer, "OPS_PORT")).ready).toBe(true);
});

test("a service whose engine is unavailable is not ready, and the output names the engine", async () => {
  const answer = () => Response.json({ status: "not-ready", failing: ["bus"] }, { status: 503 });
  expect(await askOf(answer)).toEqual({ ready: false, sentence: "gateway is not-ready: bus not answering" });
});

test("the output names the URL if nothing listens there, or if another program answers", async () => {
  expect((await askOf(() => new Response("<html>"))).sentence).toMatch(
    /\/readyz does not answer as gateway does; another program may hold the port$/,
  );
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const env = { PORT: String(server.port) };
  await server.stop(true);
  const { ready, sentence } = await checkHealth({ service: "gateway", variables, env });
  expect(ready).toBe(false);
  expect(sentence).toBe(`gateway does not answer at http://127.0.0.1:${env.PORT}/readyz: connection refused`);
});

test("a service that hangs is not ready", async () => {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Promise<Response>(() => undefined),
  });
  const env = { PORT: String(server.port) };
  const { ready, sentence } = await checkHealth({ service: "gateway", variables, env, timeoutMs: 50 });
  await server.stop(true);
  expect(ready).toBe(false);
  expect(sentence).toEndWith("/readyz: no reply within 0.05 s");
});
