import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { chownSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { jobIdOfKey } from "../../contracts/ids.ts";
import { openBus } from "../../shared/bus/open.ts";
import { createLog } from "../../shared/log.ts";
import { refusedMessage } from "../../shared/refused-message.ts";
import { unprivilegedUser } from "../../tui/engines/unprivileged-user.ts";
import { startSteadyLoad } from "../support/steady-load.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";
import type { World } from "../support/world.ts";

/** The processor's statement timeout. It is short so that a lock exceeds it quickly. */
const STATEMENT_TIMEOUT_MS = 700;

interface Trouble {
  readonly name: string;
  /** Starts the trouble and resolves to a function that ends it. */
  readonly begin: (world: World) => Promise<() => Promise<unknown>>;
  /** Matches the reason that the processor reports. */
  readonly reason: RegExp;
}

const troubles: Trouble[] = [
  {
    name: "a table locked beyond the statement timeout",
    async begin({ sql }) {
      const held = Promise.withResolvers<void>();
      const locked = Promise.withResolvers<void>();
      const holding = sql.begin(async (tx) => {
        await tx`lock table jobs, dead_letters in access exclusive mode`;
        locked.resolve();
        await held.promise;
      });
      await locked.promise;
      return () => {
        held.resolve();
        return holding;
      };
    },
    reason: /statement timeout/,
  },
  {
    name: "a failover to a read-only server",
    async begin({ urls, sql }) {
      const name = new URL(urls.DATABASE_URL).pathname.slice(1);
      const admin = postgres(urls.DATABASE_URL, {
        max: 1,
        onnotice: () => undefined,
        connection: { default_transaction_read_only: false },
      });
      const reconnectAll = () =>
        admin`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = ${name} and pid <> pg_backend_pid()`;
      await admin.unsafe(`alter database ${name} set default_transaction_read_only = on`);
      await reconnectAll();
      await eventually(async () => (await sql`select 1`).length === 1, { what: "the test to reconnect" });
      return async () => {
        await admin.unsafe(`alter database ${name} reset default_transaction_read_only`);
        await reconnectAll();
        await admin.end();
      };
    },
    reason: /read-only transaction/,
  },
  {
    name: "a missing table",
    async begin({ sql }) {
      await sql`alter table jobs rename to jobs_elsewhere`;
      return () => sql`alter table jobs_elsewhere rename to jobs`;
    },
    reason: /relation .+jobs.+ does not exist/,
  },
  { name: "a full disk", begin: fillDisk, reason: /No space left on device|disk is full/ },
];

/**
 * Moves the `jobs` table to a full file system of 4 MB. Without permission to mount one, a trigger raises
 * PostgreSQL's disk-full error instead.
 */
async function fillDisk({ sql }: World): Promise<() => Promise<unknown>> {
  const place = mkdtempSync(join(tmpdir(), "observatory-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", place], { stdio: "ignore" });
  } catch {
    rmSync(place, { recursive: true });
    await sql.unsafe(`
      create function disk_full() returns trigger language plpgsql as
        $$ begin raise exception 'the disk is full' using errcode = 'disk_full'; end $$;
      create trigger disk_full before insert on jobs execute function disk_full()`);
    return () => sql`drop function disk_full cascade`;
  }
  const user = unprivilegedUser();
  if (user) chownSync(place, user.uid, user.gid);
  const name = `small_${crypto.randomUUID().slice(0, 8)}`;
  await sql.unsafe(`create tablespace ${name} location '${place}'`);
  await sql.unsafe(`alter table jobs set tablespace ${name}`);
  const filler = join(place, "filler");
  const { bavail, bsize } = statfsSync(place);
  writeFileSync(filler, Buffer.alloc(bavail * bsize));
  return async () => {
    rmSync(filler);
    undo.push(async () => {
      await sql`alter table jobs set tablespace pg_default`;
      await sql.unsafe(`drop tablespace ${name}`);
      execFileSync("umount", [place]);
      rmSync(place, { recursive: true });
    });
  };
}
const undo: (() => Promise<void>)[] = [];

behavior("store trouble", {}, (world) => {
  const startImpatient = async () => {
    await world().running.processor.stop();
    await world().start("processor", {
      DATABASE_URL: `${world().urls.DATABASE_URL}?statement_timeout=${STATEMENT_TIMEOUT_MS}`,
    });
  };
  const readiness = async () =>
    (await (await fetch(`${world().running.processor.url}/readyz`)).json()) as { status: string };

  test("a processor starts with a short statement timeout", startImpatient);

  for (const { name, begin, reason } of troubles)
    test(`${name} under load makes the processor unready and is reported, and every job completes afterwards`, async () => {
      const load = startSteadyLoad(world(), {
        perSecond: 40,
        job: (n) => ({ type: "sleep", payload: { ms: n % 5 }, metadata: { filling: "x".repeat(500) } }),
      });
      await eventually(() => load.accepted.length > 10, { what: "the load to run" });
      const end = await begin(world());
      try {
        const reply = await eventually(
          async () => {
            const found = await readiness();
            if (reason.test(JSON.stringify(found))) return found;
            throw new Error(JSON.stringify(found));
          },
          { what: `the processor to report ${reason}` },
        );
        expect(reply.status).toBe("not-ready");
      } finally {
        await end();
        await load.stop();
      }
      await eventually(async () => (await readiness()).status === "ready", {
        what: "the processor to be ready",
      });
      await world().untilAll(load.accepted, "COMPLETED");
      expect([...(await world().sql`select reason, detail from dead_letters`)]).toEqual([]);
      for (const step of undo.splice(0)) await step();
    });
});

behavior("a message that the store keeps failing on", {}, (world) => {
  /** Makes the store reject every row of a table whose text matches `text`, with an error of an unknown class. */
  const poison = (table: string, text = "poison") =>
    world().sql.unsafe(`
      create or replace function poisoned() returns trigger language plpgsql as
        $$ begin if new::text like '%${text}%' then raise exception 'a trigger fails'; end if; return new; end $$;
      create trigger poisoned before insert on ${table} for each row execute function poisoned()`);
  const parked = async (service: "processor" | "metrics-engine", queue: string) => {
    const text = await (await fetch(`${world().running[service].url}/metrics`)).text();
    const line = text
      .split("\n")
      .find((each) => each.startsWith("observatory_parked_total") && each.includes(queue));
    return Number(line?.split(" ").at(-1));
  };
  const ready = async () => (await fetch(`${world().running.processor.url}/readyz`)).ok;

  test("is set aside as a PARKED dead letter with the error, even if it arrives alone, while the other jobs complete", async () => {
    await poison("jobs");
    const jobs = Array.from({ length: 60 }, (_, n) => ({
      type: "sleep",
      payload: { ms: 0 },
      ...(n === 30 && { metadata: { note: "poison" } }),
    }));
    const ids = await world().submitMany(jobs);
    const others = ids.filter((_, n) => n !== 30);
    await world().untilAll(others, "COMPLETED");
    const alone = await world().submit({ type: "sleep", payload: { ms: 0 }, metadata: { note: "poison" } });
    for (const id of [ids[30] ?? "", alone]) {
      const letter = await eventually(
        async () =>
          (await world().sql`select * from dead_letters where job_id = ${id} and queue = 'jobs.created'`)[0],
        { what: "the parked job" },
      );
      expect(letter).toMatchObject({ reason: "PARKED", detail: expect.stringContaining("a trigger fails") });
    }
    expect(await parked("processor", "jobs.created")).toBe(2);
    await eventually(ready, { what: "the processor to be ready" });
    await world().sql`drop function poisoned cascade`;
    const letters = await world().sql<{ id: string }[]>`select id from dead_letters`;
    for (const { id } of letters) expect((await world().post(`/dead-letters/${id}/replay`)).status).toBe(200);
    await world().untilAll(ids, "COMPLETED");
    await world().untilStatus(alone, "COMPLETED");
  });

  test("and that cannot be filed as a dead letter is parked, and is filed once the cause is gone", async () => {
    await poison("dead_letters");
    const bus = openBus({
      url: world().urls.BUS_URL,
      name: "test",
      log: createLog({ service: "test", level: "silent" }),
    });
    await bus.connected();
    const messages = Array.from({ length: 20 }, (_, n) =>
      refusedMessage(
        {
          original: Buffer.from(`no envelope ${n}`),
          reason: "MALFORMED",
          detail: n === 7 ? "poison" : "No JSON",
        },
        { queue: "jobs.created", service: "processor" },
      ),
    );
    for (const message of messages)
      await bus.publish("jobs.failed.validation", Buffer.from(JSON.stringify(message)));
    const ids = messages.map(({ id }) => id);
    const filed = async () =>
      (await world().sql`select count(*)::int as count from dead_letters where id = any(${ids}::uuid[])`)[0]
        ?.count;
    await eventually(async () => (await filed()) === 19, { what: "the other messages to be filed" });
    await eventually(async () => (await parked("processor", "jobs.failed.validation")) === 1, {
      what: "the poisoned message to be counted as parked",
    });
    await eventually(ready, { what: "the processor to be ready" });
    await world().sql`drop function poisoned cascade`;
    await eventually(async () => (await filed()) === 20, { what: "the parked message to be filed" });
    await bus.close();
  });

  test("and that holds an event becomes a dead letter, while the events around it are stored", async () => {
    if (world().set !== "embedded") return expect(await parked("metrics-engine", "events.observed")).toBe(0);
    // Stored batches of events are compressed, so a trigger cannot match their text. Instead, this one matches the
    // job's row in `seen`, which contains the job's id and the id of its `created` event.
    const idempotencyKey = "poisoned";
    await poison("observations.seen", `${jobIdOfKey(idempotencyKey)},%,${"_".repeat(8)}-____-____-____-`);
    const before = await parked("metrics-engine", "events.observed");
    const ids = await world().submitMany([
      { type: "sleep", payload: { ms: 0 } },
      { type: "sleep", payload: { ms: 0 }, idempotencyKey },
    ]);
    await world().untilAll(ids, "COMPLETED");
    const letter = await eventually(
      async () => (await world().sql`select * from dead_letters where queue = 'events.observed'`)[0],
      { what: "the dead letter" },
    );
    expect(letter).toMatchObject({ reason: "PARKED", job_id: ids[1] });
    expect(await parked("metrics-engine", "events.observed")).toBe(before + 1);
    await world().sql`drop function poisoned cascade`;
    expect((await world().post(`/dead-letters/${letter.id}/replay`)).status).toBe(200);
  });
});
