import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import amqp from "amqplib";
import { Redis } from "ioredis";
import { MongoClient } from "mongodb";
import postgres from "postgres";
import { isSameProcess, type ProcessInfo, processTree, signalProcess } from "../../shared/process-tree.ts";
import { until } from "../../shared/until.ts";
import type { Engine } from "../../tui/engines/engine.ts";
import { accepts } from "../../tui/engines/port.ts";
import { startPostgres } from "../../tui/engines/postgres.ts";
import { startRedis } from "../../tui/engines/redis.ts";
import { type StartedEngines, startEngines } from "../../tui/engines/start.ts";
import { createEngineFolder } from "../support/engine-folder.ts";
import { enginesOf } from "../support/engines.ts";
import { describeOn } from "../support/suite.ts";

// When a test times out, the runner kills every process it started, including engines. The limit is generous, so that a
// failing test ends with its own message, which names the problem.
setDefaultTimeout(120_000);

/** One record per engine, written and read by the engine's own driver. */
const records: Record<string, { write(url: string): Promise<void>; read(url: string): Promise<unknown> }> = {
  postgres: {
    write: (url) =>
      withClient(postgres(url), end, async (sql) => {
        await sql`create table kept (id text)`;
        await sql`insert into kept values ('kept')`;
      }),
    read: (url) =>
      withClient(
        postgres(url),
        end,
        async (sql) => (await sql<{ id: string }[]>`select id from kept`)[0]?.id,
      ),
  },
  rabbitmq: {
    write: async (url) =>
      withClient(await amqp.connect(url), close, async (connection) => {
        const channel = await connection.createConfirmChannel();
        await channel.assertQueue("kept", { durable: true, arguments: { "x-queue-type": "quorum" } });
        channel.sendToQueue("kept", Buffer.from("kept"), { persistent: true });
        await channel.waitForConfirms();
      }),
    read: async (url) =>
      withClient(await amqp.connect(url), close, async (connection) => {
        const channel = await connection.createChannel();
        const message = await channel.get("kept");
        // Closing the channel returns the message to the queue for the next read.
        return message ? message.content.toString() : undefined;
      }),
  },
  redis: {
    write: (url) => withClient(new Redis(url), quit, async (redis) => void (await redis.set("kept", "kept"))),
    read: (url) => withClient(new Redis(url), quit, (redis) => redis.get("kept")),
  },
  mongo: {
    write: (url) =>
      withClient(new MongoClient(url), close, async (client) => {
        await client.db("test").collection<{ _id: string }>("kept").insertOne({ _id: "kept" });
      }),
    read: (url) =>
      withClient(new MongoClient(url), close, async (client) => {
        return (await client.db("test").collection<{ _id: string }>("kept").findOne({ _id: "kept" }))?._id;
      }),
  },
};

describeOn(enginesOf("full"), "private engines", () => {
  const root = createEngineFolder("engines-");
  let run: StartedEngines<"postgres" | "rabbitmq" | "redis" | "mongo">;
  const all = (): Engine[] => Object.values(run.engines);

  // The first run on a machine may have to build FerretDB.
  beforeAll(async () => {
    run = await startEngines({ root });
  }, 600_000);

  afterAll(async () => {
    await run?.stop();
    rmSync(root, { recursive: true, force: true });
  }, 60_000);

  test.each(["postgres", "rabbitmq", "redis", "mongo"] as const)(
    "%s keeps acknowledged data when it is killed, and leaves no process",
    async (name) => {
      const engine = run.engines[name];
      const record = records[name]!;
      await record.write(engine.url);
      // A quorum queue's name reaches the disk half a second after its declaration (RabbitMQ 3.10). A broker killed
      // before that restarts with a queue that never responds.
      if (name === "rabbitmq") await until(() => isQuorumNameOnDisk(join(root, name)), onDisk);
      const before = processTree(engine.pid);

      await engine.kill();
      expect(survivors(before)).toEqual([]);
      expect(await accepts(engine.port)).toBe(false);

      await engine.restart();
      expect(engine.pid).not.toBe(before[0]!.pid);
      expect(await record.read(engine.url)).toBe("kept");
    },
  );

  test("a virtual host has its own queues, and is deleted together with them", async () => {
    const { rabbitmq } = run.engines;
    const url = await rabbitmq.createVhost("one of many");
    await records.rabbitmq!.write(url);
    expect(await records.rabbitmq!.read(url)).toBe("kept");

    await rabbitmq.deleteVhost("one of many");
    await rabbitmq.deleteVhost("one of many");
    await expect(amqp.connect(url)).rejects.toThrow();
  });

  test("RabbitMQ's own metrics have a series per queue", async () => {
    const url = await run.engines.rabbitmq.createVhost("measured");
    await records.rabbitmq!.write(url);
    const series = /^rabbitmq_queue_messages_ready\{vhost="measured",queue="kept"\} 1$/m;
    const scrape = async () =>
      (await fetch(`http://127.0.0.1:${run.engines.rabbitmq.metricsPort}/metrics/per-object`)).text();
    // The broker updates its numbers every five seconds.
    await until(async () => series.test(await scrape()), {
      timeoutMs: 20_000,
      what: () => `${series}`,
      everyMs: 200,
    });
    await run.engines.rabbitmq.deleteVhost("measured");
  });

  test("a second run on the same data is refused and harms nothing", async () => {
    const dataDir = join(root, "redis");
    await expect(startRedis({ dataDir })).rejects.toThrow(`Process ${process.pid} already runs the engine`);
    expect(await accepts(run.engines.redis.port)).toBe(true);
  });

  test("a start on a port in use fails, although another program answers on that port", async () => {
    const { port } = run.engines.redis;
    await expect(startRedis({ dataDir: join(root, "second-redis"), port })).rejects.toThrow(
      `port ${port} of`,
    );
  });

  test("a failed start reports the engine's own error", async () => {
    const dataDir = join(root, "broken-redis");
    mkdirSync(join(dataDir, "data", "appendonlydir"), { recursive: true });
    writeFileSync(join(dataDir, "data", "appendonlydir", "appendonly.aof.manifest"), "no manifest");
    await expect(startRedis({ dataDir })).rejects.toThrow(/Could not start Redis [\s\S]*AOF manifest/);
  });

  test("a lock file that names another live process does not stop PostgreSQL from starting", async () => {
    const dataDir = join(root, "locked");
    const engine = await startPostgres({ dataDir });
    await engine.kill();
    const lock = join(dataDir, "cluster", "data", "postmaster.pid");
    writeFileSync(lock, readFileSync(lock, "utf8").replace(/^\d+/, String(process.pid)));
    await engine.restart();
    await engine.stop();
  });

  test("an aborted start leaves no process", async () => {
    const dataDir = join(root, "aborted");
    const abort = new AbortController();
    const before = processTree(process.pid).length;
    const start = startPostgres({ dataDir, signal: abort.signal });
    await until(() => existsSync(join(dataDir, "engine.json")), {
      timeoutMs: 30_000,
      what: () => "the server's process",
    });
    abort.abort(new Error("changed my mind"));
    await expect(start).rejects.toThrow("changed my mind");
    expect(processTree(process.pid).length).toBe(before);
  });

  test("the next run ends the processes that a killed run left behind, and finds that run's data", async () => {
    const dataDir = join(root, "orphan");
    const starter = Bun.spawn(
      [process.execPath, "-e", orphaning, join(import.meta.dir, "../../tui/engines/postgres.ts"), dataDir],
      { stdout: "pipe", stderr: "inherit" },
    );
    const orphan = JSON.parse(await firstLine(starter.stdout)) as { pid: number; url: string };
    await records.postgres!.write(orphan.url);
    const tree = processTree(orphan.pid);
    // A suspended engine cannot exit on its own when its owner does.
    signalProcess(orphan.pid, "SIGSTOP");
    starter.kill("SIGKILL");
    await starter.exited;
    expect(survivors(tree)).toContain(orphan.pid);

    const engine = await startPostgres({ dataDir });
    expect(survivors(tree)).toEqual([]);
    expect(await records.postgres!.read(engine.url)).toBe("kept");
    await engine.stop();
  });

  test("stopping leaves no process and no open port, and is idempotent", async () => {
    const trees = all().flatMap((engine) => processTree(engine.pid));
    expect(trees.length).toBeGreaterThan(4);
    await Promise.all([run.stop(), run.stop()]);
    expect(survivors(trees)).toEqual([]);
    for (const engine of all()) expect(await accepts(engine.port)).toBe(false);
  });

  test("data survives a stop and a new start", async () => {
    run = await startEngines({ root });
    for (const engine of all()) expect(await records[engine.name]!.read(engine.url)).toBe("kept");
  });
});

const onDisk = { timeoutMs: 10_000, what: () => "the queue's name to be on disk" };

function isQuorumNameOnDisk(dataDir: string): boolean {
  const names = new Bun.Glob("data/*/quorum/*/names.dets").scanSync({ cwd: dataDir, absolute: true });
  return [...names].some((file) => readFileSync(file).includes("%2F_kept"));
}

const orphaning = `
  const [file, dataDir] = process.argv.slice(-2);
  const { startPostgres } = await import(file);
  const { pid, url } = await startPostgres({ dataDir });
  console.log(JSON.stringify({ pid, url }));
  setInterval(() => undefined, 1000);
`;

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of stream) {
    text += Buffer.from(chunk).toString();
    if (text.includes("\n")) break;
  }
  return text;
}

function survivors(processes: ProcessInfo[]): number[] {
  return processes.filter(isSameProcess).map((one) => one.pid);
}

async function withClient<C, T>(
  client: C,
  finish: (client: C) => Promise<unknown>,
  use: (client: C) => Promise<T>,
) {
  try {
    return await use(client);
  } finally {
    await finish(client);
  }
}

const end = (sql: postgres.Sql) => sql.end();
const close = (client: { close(): Promise<void> }) => client.close();
const quit = (redis: Redis) => redis.quit();
