import { afterAll, expect, test } from "bun:test";
import { createApiClient } from "../shared/api-client/client.ts";
import type { Command } from "./commands.ts";
import { countMatches, type EffectPorts, load, runCommand } from "./effects.ts";
import type { Message } from "./message.ts";
import type { ResourceName } from "./resources.ts";
import { sampleId } from "./testing/sample-data.ts";

/** Requests received by the test server, which answers with a job or refuses. */
const asked: string[] = [];
let refuses = false;
/** How many matches a bulk action has processed at each poll until it is done. */
let seenSoFar: number[] = [];
const actionAt = (path: string) => (path.startsWith("/dead-letters") ? "replay" : "retry");
const problem = {
  type: "about:blank",
  title: "The job's status does not allow this",
  status: 409,
  code: "JOB_STATE_CONFLICT",
  detail: "It has completed",
};
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  async fetch(request) {
    const { pathname, search } = new URL(request.url);
    asked.push(`${request.method} ${pathname}${search}`);
    if (refuses) return Response.json(problem, { status: 409 });
    if (pathname === "/jobs/batch")
      return Response.json({ accepted: 2, refused: 1, results: [{ index: 2, problem }] }, { status: 202 });
    const seen = /^\/(jobs|dead-letters)\/actions/.test(pathname) ? seenSoFar.shift() : undefined;
    if (seen !== undefined)
      return Response.json({
        action: actionAt(pathname),
        id: sampleId(3),
        state: "running",
        seen,
        matched: 61,
        changed: seen,
      });
    const note = pathname.endsWith("/retry") ? "no worker" : undefined;
    return Response.json({
      action: actionAt(pathname),
      note,
      jobId: sampleId(7),
      jobTypes: [],
      items: [],
      matched: 61,
      changed: 60,
    });
  },
});
afterAll(() => server.stop(true));

function createPorts(url = `http://127.0.0.1:${server.port}`) {
  const messages: Message[] = [];
  const ports: EffectPorts = {
    client: createApiClient({ addresses: () => ({ gatewayUrl: url, readModelUrl: url }) }),
    signal: new AbortController().signal,
    pages: async () => [],
    dispatch: (message) => void messages.push(message),
  };
  return { ports, messages };
}

async function outcomeOf(command: Command) {
  asked.length = 0;
  const { ports, messages } = createPorts();
  await runCommand(ports, command);
  const last = messages.at(-1);
  return {
    asked: [...asked].sort(),
    outcome: last?.kind === "finished" ? last.outcome : undefined,
    progress: messages.length - 1,
  };
}

test("each resource is requested from its own route with its filter", async () => {
  const routes: Partial<Record<ResourceName, [Record<string, string | number>, string]>> = {
    overview: [{}, "GET /overview"],
    completedSeries: [{}, "GET /series?metric=completed&minutes=6"],
    failedSeries: [{}, "GET /series?metric=failed&minutes=6"],
    ledger: [{}, "GET /ledger"],
    alerts: [{}, "GET /alerts"],
    jobs: [{ filter: "status:failed", limit: 100 }, "GET /jobs?filter=status%3Afailed&limit=100"],
    job: [{ id: sampleId(1) }, `GET /jobs/${sampleId(1)}`],
    jobTypes: [{}, "GET /job-types"],
    events: [{ limit: 50 }, "GET /events?limit=50"],
    deadLetters: [{ limit: 200 }, "GET /dead-letters?limit=200"],
    deadLetter: [{ id: sampleId(2) }, `GET /dead-letters/${sampleId(2)}`],
    queues: [{}, "GET /queues"],
    workers: [{}, "GET /workers"],
    retention: [{}, "GET /retention"],
  };
  for (const [name, [query, route]] of Object.entries(routes)) {
    asked.length = 0;
    const { ports, messages } = createPorts();
    await load(ports, { kind: "load", name: name as ResourceName, query, key: "k" });
    expect([name, asked, messages[0]?.kind]).toEqual([name, [route], "loaded"]);
  }
});

test("an unreachable service is distinguished from a refusal", async () => {
  const nowhere = createPorts("http://127.0.0.1:9");
  await load(nowhere.ports, { kind: "load", name: "overview", query: {}, key: "k" });
  expect(nowhere.messages).toMatchObject([
    { kind: "failed", name: "overview", failure: { unreachable: true } },
  ]);
  refuses = true;
  const { ports, messages } = createPorts();
  await load(ports, { kind: "load", name: "job", query: { id: sampleId(1) }, key: "k" });
  refuses = false;
  expect(messages).toMatchObject([
    { kind: "failed", failure: { unreachable: false, message: "It has completed" } },
  ]);
});

test("each command calls its route and reports what it changed", async () => {
  const a = sampleId(1);
  const b = sampleId(2);
  expect(await outcomeOf({ kind: "retry", ids: [a, b] })).toEqual({
    asked: [`POST /jobs/${a}/retry`, `POST /jobs/${b}/retry`],
    outcome: { changed: 2, refused: 0, reason: undefined, note: "no worker" },
    progress: 2,
  });
  expect((await outcomeOf({ kind: "cancel", ids: [a] })).asked).toEqual([`POST /jobs/${a}/cancel`]);
  expect((await outcomeOf({ kind: "replay", ids: [a] })).asked).toEqual([`POST /dead-letters/${a}/replay`]);
  expect((await outcomeOf({ kind: "drop", ids: [a] })).asked).toEqual([`DELETE /dead-letters/${a}`]);
  expect((await outcomeOf({ kind: "replay-edited", id: a, payload: {} })).outcome).toEqual({
    changed: 1,
    refused: 0,
    jobId: sampleId(7),
  });
  expect((await outcomeOf({ kind: "pause", type: "hash" })).asked).toEqual(["POST /queues/hash/pause"]);
  expect((await outcomeOf({ kind: "resume", type: "hash" })).asked).toEqual(["POST /queues/hash/resume"]);
  expect((await outcomeOf({ kind: "retry-all", filter: {} })).outcome).toMatchObject({
    changed: 60,
    refused: 1,
  });
  expect((await outcomeOf({ kind: "submit", request: { type: "hash" }, count: 1 })).outcome).toMatchObject({
    jobId: sampleId(7),
  });
  expect((await outcomeOf({ kind: "submit", request: { type: "hash" }, count: 3 })).outcome).toEqual({
    changed: 2,
    refused: 1,
    reason: "It has completed",
  });
});

test("a bulk action shows its progress while it runs", async () => {
  seenSoFar = [20, 40];
  const { ports, messages } = createPorts();
  await runCommand(ports, { kind: "retry-all", filter: {} });
  expect(messages).toMatchObject([
    { kind: "progress", label: "Retrying", done: 20, total: 61 },
    { kind: "progress", done: 40, total: 61 },
    { kind: "finished", outcome: { changed: 60 } },
  ]);
  seenSoFar = [30];
  const letters = createPorts();
  await runCommand(letters.ports, { kind: "replay-all", filter: { reason: "MALFORMED" } });
  expect(letters.messages).toMatchObject([
    { kind: "progress", label: "Replaying", done: 30, total: 61 },
    { kind: "finished", outcome: { changed: 60 } },
  ]);
  expect(asked.slice(-2)).toEqual(["POST /dead-letters/actions", `GET /dead-letters/actions/${sampleId(3)}`]);
});

test("refusals are counted and the first reason is kept", async () => {
  refuses = true;
  const { outcome } = await outcomeOf({ kind: "cancel", ids: [sampleId(1), sampleId(2)] });
  const paused = await outcomeOf({ kind: "pause", type: "hash" });
  refuses = false;
  expect(outcome).toMatchObject({
    changed: 0,
    refused: 2,
    reason: expect.stringContaining("It has completed"),
  });
  expect(paused.outcome).toMatchObject({ changed: 0, refused: 1 });
});

test("a dry run counts the matches of a bulk action", async () => {
  const { ports, messages } = createPorts();
  const command = { kind: "cancel-all", filter: { status: "FAILED" } } as const;
  await countMatches(ports, command);
  expect(messages).toEqual([{ kind: "counted", command, matched: 61 }]);
});
