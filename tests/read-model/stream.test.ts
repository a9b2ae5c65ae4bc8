import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StreamMessage } from "../../contracts/api-queries.ts";
import { newJobId } from "../../contracts/ids.ts";
import type { Problem } from "../../contracts/problem.ts";
import { accepts, findFreePort } from "../../tui/engines/port.ts";
import { describeOn } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";
import { terminalEvent } from "./seed.ts";
import { createWorld, type ReadModel, type World } from "./world.ts";

setDefaultTimeout(120_000);

let world: World;

interface Listener {
  readonly messages: { id: string | undefined; message: StreamMessage }[];
  readonly jobs: () => string[];
  readonly lastId: () => string | undefined;
  readonly ended: () => boolean;
  readonly response: Response;
  stop(): void;
}
const listeners: Listener[] = [];

/** Opens a stream client that checks every message against the contract. */
async function listenTo(model: Pick<ReadModel, "url">, lastEventId?: string): Promise<Listener> {
  const abort = new AbortController();
  const response = await fetch(`${model.url}/stream`, {
    signal: abort.signal,
    ...(lastEventId !== undefined && { headers: { "last-event-id": lastEventId } }),
  });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const messages: Listener["messages"] = [];
  let lastId: string | undefined;
  let ended = false;
  const read = async () => {
    let text = "";
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const id = /^id: (.*)$/m.exec(block)?.[1];
        const data = /^data: (.*)$/m.exec(block)?.[1];
        lastId = id ?? lastId;
        if (data) messages.push({ id, message: Value.Decode(StreamMessage, JSON.parse(data)) });
      }
    }
    ended = true;
  };
  void read().catch((error: unknown) => {
    ended = abort.signal.aborted;
    if (!ended) throw error;
  });
  const listener: Listener = {
    messages,
    jobs: () =>
      messages.flatMap(({ message }) =>
        message.kind === "deltas" ? message.deltas.map(({ jobId }) => jobId) : [],
      ),
    lastId: () => lastId,
    ended: () => ended,
    response,
    stop: () => abort.abort(),
  };
  listeners.push(listener);
  return listener;
}

async function record(count = 1, type = "hash"): Promise<string[]> {
  const ids = Array.from({ length: count }, newJobId);
  await world.observations.record(
    ids.map((id) => terminalEvent({ id, type, eventId: crypto.randomUUID(), at: new Date() })),
  );
  return ids;
}

async function metric(model: ReadModel, name: string): Promise<number> {
  const text = await (await fetch(`${model.url}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (.*)$`, "m").exec(text)?.[1]);
}

describeOn(["postgres", "redis", "mongo"], "read-model stream", () => {
  beforeAll(async () => {
    world = await createWorld();
  }, 600_000);
  afterEach(() => {
    for (const listener of listeners.splice(0)) listener.stop();
  });
  afterAll(async () => {
    await world?.stop();
  }, 60_000);

  test("every client sees each newly recorded event once and in order", async () => {
    const model = await world.start();
    const [one, two] = await Promise.all([listenTo(model), listenTo(model)]);
    const first = await record(3);
    const second = await record(2);
    await eventually(() => one.jobs().length >= 5 && two.jobs().length >= 5, { what: "all deltas" });
    expect(one.jobs()).toEqual([...first, ...second]);
    expect(two.messages).toEqual(one.messages);
  });

  test("a reconnecting client resumes after the last id that it received, even at another read-model", async () => {
    const model = await world.start();
    const client = await listenTo(model);
    await record();
    await eventually(() => client.jobs().length === 1, { what: "the first delta" });
    client.stop();
    const missed = [...(await record()), ...(await record(2))];

    const again = await listenTo(model, client.lastId());
    await eventually(() => again.jobs().length >= 3, { what: "the missed deltas" });
    const other = await world.start();
    const elsewhere = await listenTo(other, client.lastId());
    await eventually(() => elsewhere.jobs().length >= 3, {
      what: "the missed deltas at the other read-model",
    });

    // Both clients now switch from their own catch-up read to the read that all clients share. At this switch, no entry
    // is lost or repeated.
    const more = [...(await record()), ...(await record())];
    await eventually(() => again.jobs().length >= 5 && elsewhere.jobs().length >= 5, {
      what: "the later deltas",
    });
    expect(again.jobs()).toEqual([...missed, ...more]);
    expect(elsewhere.jobs()).toEqual([...missed, ...more]);
  });

  test("even before its first message, a client receives an id from which it can resume", async () => {
    const model = await world.start();
    const before = await listenTo(model);
    await record();
    await eventually(() => before.jobs().length === 1, { what: "the first delta" });
    const fresh = await listenTo(model);
    await eventually(() => fresh.lastId() !== undefined, { what: "the new client's first id" });
    expect(fresh.lastId()).toBe(before.lastId()!);
    expect(fresh.messages).toEqual([]);
  });

  test("an id that no feed issued is refused before the stream begins", async () => {
    const model = await world.start();
    const response = await fetch(`${model.url}/stream`, { headers: { "last-event-id": "nonsense" } });
    expect([response.status, ((await response.json()) as Problem).code]).toEqual([400, "INVALID_CURSOR"]);
    expect(await metric(model, "observatory_stream_clients")).toBe(0);
  });

  test("disconnected clients are forgotten, and a client beyond the limit is refused", async () => {
    const model = await world.start();
    const many = await Promise.all(Array.from({ length: 200 }, () => listenTo(model)));
    expect(await metric(model, "observatory_stream_clients")).toBe(200);
    const refused = await fetch(`${model.url}/stream`);
    expect([refused.status, ((await refused.json()) as Problem).code]).toEqual([429, "OVERLOADED"]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    for (const client of many) client.stop();
    await eventually(async () => (await metric(model, "observatory_stream_clients")) === 0, {
      what: "every client to be forgotten",
    });
    // A client that disconnects while it reads the entries it missed is also forgotten.
    const resuming = await Promise.all(Array.from({ length: 5 }, () => listenTo(model, "1-0")));
    for (const client of resuming) client.stop();
    await eventually(async () => (await metric(model, "observatory_stream_clients")) === 0, {
      what: "every resuming client to be forgotten",
    });
  });

  test("a client that does not read takes up only a bounded buffer and does not affect other clients", async () => {
    const model = await world.start();
    const reader = await listenTo(model);
    const stalled = connect(Number(new URL(model.url).port), "127.0.0.1");
    stalled.pause();
    stalled.write("GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await eventually(async () => (await metric(model, "observatory_stream_clients")) === 2, {
      what: "two clients",
    });
    // Send more than the socket buffers on the way can hold, about 6 MB.
    const batches = 160;
    for (let n = 0; n < batches; n++) await record(150, "x".repeat(64));
    await eventually(() => reader.jobs().length === batches * 150, {
      what: "the reader to receive every delta",
    });
    const buffered = await metric(model, "observatory_stream_buffered_entries");
    expect(buffered).toBeGreaterThan(0);
    expect(buffered).toBeLessThanOrEqual(1_000);
    stalled.destroy();
    await eventually(async () => (await metric(model, "observatory_stream_clients")) === 1, {
      what: "the stalled client to be forgotten",
    });
  });

  test("the stream survives an outage of Redis and misses nothing", async () => {
    const model = await world.start();
    const client = await listenTo(model);
    await record();
    await eventually(() => client.jobs().length === 1, { what: "the first delta" });
    world.networks.redis.cut();
    const [missed] = await record();
    world.networks.redis.restore();
    await eventually(() => client.jobs().length >= 2, { what: "the missed delta" });
    expect(client.jobs()[1]).toBe(missed!);
  });

  test("stopping the read-model ends every stream and closes the server", async () => {
    const model = await world.start();
    const client = await listenTo(model);
    expect(await model.life.stop("test")).toBe(true);
    await eventually(client.ended, { what: "the stream to end" });
    await expect(fetch(`${model.url}/healthz`)).rejects.toThrow();
  });

  test("the read-model process names every missing or invalid variable and exits cleanly while a stream is open", async () => {
    const main = join(import.meta.dir, "../../services/read-model/main.ts");
    const start = (env: Record<string, string>) =>
      Bun.spawn([process.execPath, main], {
        env: { PATH: process.env.PATH, ...env },
        stdout: "pipe",
        stderr: "pipe",
      });
    const faulty = start({ DATABASE_URL: "mysql://secret@host", PORT: "80800" });
    expect(await faulty.exited).toBe(1);
    const words = await new Response(faulty.stderr).text();
    for (const name of ["DATABASE_URL", "EVENTS_URL", "CACHE_URL", "PORT"]) expect(words).toContain(name);
    expect(words).not.toContain("secret");

    const port = await findFreePort();
    const service = start({ ...world.urls, PORT: String(port) });
    const url = `http://127.0.0.1:${port}`;
    await eventually(async () => (await accepts(port)) && (await fetch(`${url}/readyz`)).ok, {
      what: "the service to be ready",
    });
    const client = await listenTo({ url });
    service.kill("SIGTERM");
    expect(await service.exited).toBe(0);
    await eventually(client.ended, { what: "the stream to end" });
  });

  test("Alertmanager's webhook requires a token, refreshes the alerts and notifies the stream", async () => {
    const active = (name: string) => ({
      fingerprint: name,
      labels: { alertname: name, severity: "critical" },
      annotations: { summary: `${name} fires` },
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 300_000).toISOString(),
      status: { state: "active", silencedBy: [], inhibitedBy: [] },
    });
    let alerts = [active("ServiceDown")];
    let asked = 0;
    const alertmanager = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch(request) {
        asked++;
        return new URL(request.url).pathname === "/api/v2/alerts"
          ? Response.json(alerts)
          : new Response("no such page", { status: 404 });
      },
    });
    const model = await world.start({
      ALERTMANAGER_URL: `http://127.0.0.1:${alertmanager.port}`,
      ALERT_WEBHOOK_TOKEN: "a-long-token",
    });
    const read = async () => {
      const response = await fetch(`${model.url}/alerts`);
      return { status: response.status, body: (await response.json()) as { items: { name: string }[] } };
    };
    const call = (token: string | undefined, body: unknown) =>
      fetch(`${model.url}/webhook/alerts`, {
        method: "POST",
        headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
        body: JSON.stringify(body),
      });
    const webhook = { version: "4", status: "firing", alerts: [] };

    const client = await listenTo(model);
    const elsewhere = await listenTo(
      await world.start({ ALERTMANAGER_URL: `http://127.0.0.1:${alertmanager.port}` }),
    );
    const many = await Promise.all(Array.from({ length: 20 }, read));
    expect(many.every(({ body }) => body.items[0]?.name === "ServiceDown")).toBe(true);
    expect(asked).toBe(1);

    alerts = [active("ServiceDown"), active("BacklogGrows")];
    expect((await call(undefined, webhook)).status).toBe(401);
    expect((await call("wrong", webhook)).status).toBe(401);
    expect((await call("a-long-token", { version: 4 })).status).toBe(422);
    expect(asked).toBe(1);
    expect(await (await call("a-long-token", webhook)).json()).toEqual({ refreshed: true });
    expect((await read()).body.items).toHaveLength(2);
    await eventually(
      () => client.messages.some(({ message }) => message.kind === "alerts" && message.firing === 2),
      { what: "the alerts on the stream" },
    );
    await eventually(
      () => elsewhere.messages.some(({ message }) => message.kind === "alerts" && message.firing === 2),
      { what: "the alerts on the stream of a read-model that was not called" },
    );

    await alertmanager.stop(true);
    expect(await (await call("a-long-token", webhook)).json()).toEqual({ refreshed: false });
    await eventually(async () => (await read()).status === 503, { what: "the cached alerts to expire" });
    const overview = (await (await fetch(`${model.url}/overview`)).json()) as { unavailable: string[] };
    expect(overview.unavailable).toEqual(["alertmanager"]);
  });
});
