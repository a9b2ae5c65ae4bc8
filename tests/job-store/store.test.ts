import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { createCommandLogStore } from "../../services/processor/command-log-store.ts";
import { createDeadLetterStore } from "../../services/processor/dead-letter-store.ts";
import { openJobStore } from "../../services/processor/job-store.ts";
import { createLog } from "../../shared/log.ts";
import { refusedMessage } from "../../shared/refused-message.ts";
import { testEngines } from "../support/engines.ts";

const log = createLog({ service: "test", level: "error" });

describe("the job store", () => {
  const database = `store_${crypto.randomUUID().slice(0, 8)}`;
  const url = (engine: string) => {
    const its = new URL(engine);
    its.pathname = `/${database}`;
    return its;
  };
  let admin: postgres.Sql;
  let engine: string;
  let sql: postgres.Sql;

  beforeAll(async () => {
    engine = (await testEngines(["postgres"])).postgres.url;
    admin = postgres(engine, { max: 1, onnotice: () => undefined });
    await admin.unsafe(`create database ${database}`);
    sql = postgres(url(engine).href, { max: 2, fetch_types: false, onnotice: () => undefined });
  });
  afterAll(async () => {
    await sql.end();
    await admin.unsafe(`drop database ${database} with (force)`);
    await admin.end();
  });

  test("a migration may take longer than an ordinary statement", async () => {
    await sql.unsafe(`
      create function slow_down() returns event_trigger language plpgsql as $$ begin perform pg_sleep(0.4); end $$;
      create event trigger large_table on ddl_command_end when tag in ('CREATE FUNCTION')
        execute function slow_down();`);
    const impatient = url(engine);
    impatient.searchParams.set("statement_timeout", "200");
    const store = openJobStore({ url: impatient.href, max: 2, log });
    try {
      await store.migrate(new AbortController().signal);
      const [row] = await store.run((on) => on`select current_setting('statement_timeout') as patience`);
      expect(row?.patience).toBe("200ms");
    } finally {
      await sql.unsafe("drop event trigger large_table; drop function slow_down()");
      await store.close();
    }
  });

  test("if a migration fails, the earlier ones stay applied, and the next start resumes with the failed one", async () => {
    const partly = `${database}_partly`;
    await admin.unsafe(`create database ${partly}`);
    const its = url(engine);
    its.pathname = `/${partly}`;
    const plain = postgres(its.href, { max: 1, fetch_types: false, onnotice: () => undefined });
    const store = openJobStore({ url: its.href, max: 2, log });
    try {
      await plain.unsafe(`
        create function refuse() returns event_trigger language plpgsql as $$ begin
          if current_query() like '%create table bulk_actions%' then raise 'no table now'; end if;
        end $$;
        create event trigger refusal on ddl_command_start when tag in ('CREATE TABLE') execute function refuse();`);
      await expect(store.migrate(new AbortController().signal)).rejects.toThrow("no table now");
      const names = async () =>
        (await plain<{ name: string }[]>`select name from schema_migrations order by name`).map(({ name }) =>
          name.slice(0, 3),
        );
      expect(await names()).toEqual(["001", "002", "003", "004", "005"]);
      await plain.unsafe("drop event trigger refusal");
      await store.migrate(new AbortController().signal);
      expect((await names()).slice(0, 6)).toEqual(["001", "002", "003", "004", "005", "006"]);
    } finally {
      await Promise.all([store.close(), plain.end()]);
      await admin.unsafe(`drop database ${partly} with (force)`);
    }
  });

  test("a worker that was presumed dead does not overwrite the command outcome that its successor recorded", async () => {
    const commands = createCommandLogStore(sql);
    await sql`
      insert into workers (id, host, pid, version, concurrency, state)
      values ('frozen', 'here', 1, '1.0.0', 1, 'lost'), ('successor', 'here', 1, '1.0.0', 1, 'alive')`;
    const id = crypto.randomUUID();
    const fingerprint = "retry";
    const first = { id, fingerprint, send: crypto.randomUUID() };
    const second = { id, fingerprint, send: crypto.randomUUID() };
    expect(await commands.begin(first, "frozen")).toBe(true);
    expect(await commands.begin(second, "successor")).toBe(true);
    await commands.end(second, "done", '{"run":2}');
    await commands.end(first, "withdrawn", "null");
    expect(await commands.find(id)).toMatchObject({ state: "done", reply: { run: 2 } });
  });

  test.each([
    ["before its replay is marked", true],
    ["on a machine whose clock is behind the store's", false],
  ])("a message that becomes a dead letter again %s can be replayed again", async (_, beforeMark) => {
    const letters = createDeadLetterStore(sql);
    const diedAt = Date.now() - 60_000;
    const original = Buffer.from(crypto.randomUUID());
    const dead = (at: number, queue: "jobs.created" | "events.observed" = "jobs.created") => ({
      ...refusedMessage({ original, reason: "MALFORMED", detail: "x" }, { queue, service: "processor" }),
      refusedAt: new Date(at).toISOString(),
    });
    const { id } = dead(diedAt);
    await letters.file([dead(diedAt)]);
    const letter = await letters.get(id);
    if (!letter) throw new Error("the dead letter is missing");
    const mark = () =>
      letters.markReplayed(letter, { request: "as it was", reply: { deadLetterId: id, outcome: "sent" } });

    if (beforeMark) await letters.file([dead(diedAt + 20)]);
    await mark();
    if (!beforeMark) {
      await letters.file([dead(diedAt)]);
      expect((await letters.get(id))?.replayed).toBe(true);
      await letters.file([dead(diedAt + 20)]);
    }
    await letters.file([dead(diedAt + 30, "events.observed")]);
    expect(await letters.get(id)).toMatchObject({
      replayed: false,
      replayReply: null,
      queue: "jobs.created",
    });
  });
});
