import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Static } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { newJobId } from "../../contracts/ids.ts";
import { findProcess } from "../../shared/process-tree.ts";
import { CLI_OUTPUTS } from "../../tui/cli/outputs.ts";
import { type CliRun, cliCommand, startCli } from "../support/odd-dashboard.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

const nowhere = { READ_MODEL_URL: "http://127.0.0.1:1", GATEWAY_URL: "http://127.0.0.1:1" };
const withoutSystem = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  startCli(args, { ...nowhere, ...env }).ended();

behavior("odd-dashboard", { engines: "embedded" }, (world) => {
  const env = () => ({ READ_MODEL_URL: world().readModel(), GATEWAY_URL: world().gateway() });
  const run = (...args: string[]): Promise<CliRun> => startCli(args, env()).ended();

  /** Runs a command and returns its JSON output, which must match the schema documented under `name`. */
  async function json<N extends keyof typeof CLI_OUTPUTS>(
    name: N,
    args: readonly string[],
    code = 0,
  ): Promise<Static<(typeof CLI_OUTPUTS)[N]>> {
    const done = await run(...args, "--output", "json");
    expect({ code: done.code, err: done.err }).toEqual({ code, err: "" });
    const value: unknown = JSON.parse(done.out);
    const schema = CLI_OUTPUTS[name];
    expect([...Value.Errors(schema, value)].map(({ path, message }) => `${path} ${message}`)).toEqual([]);
    return value as Static<typeof schema>;
  }

  test("submits one job and prints only its id", async () => {
    const done = await run("submit", "sleep", "--payload", '{"ms":1}');
    expect([done.code, done.err]).toEqual([0, ""]);
    await world().untilStatus(done.out.trim(), "COMPLETED");
  });

  test("submits many jobs, waits until all have ended, and exits with 1 if one failed", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "observatory-cli-")), "payload.json");
    writeFileSync(file, '{"ms":1}');
    const many = ["submit", "sleep", "--payload", `@${file}`, "--count", "1200", "--wait"];
    const { accepted, refused, jobs } = await json("submit", many);
    expect([accepted, refused, jobs.length]).toEqual([1_200, 0, 1_200]);
    expect(new Set(jobs.map(({ status }) => status))).toEqual(new Set(["COMPLETED"]));
    rmSync(file);

    const failed = await json("submit", ["submit", "fail", "--max-attempts", "1", "--wait"], 1);
    expect(failed.jobs[0]?.status).toBe("FAILED");
  });

  test("returns the same job for the same idempotency key and a payload from stdin", async () => {
    const args = ["submit", "sleep", "--payload", "@-", "--idempotency-key", "cli-1"];
    const first = await startCli(args, env(), '{"ms":2}').ended();
    const second = await startCli(args, env(), '{"ms":2}').ended();
    expect([first.code, second.out]).toEqual([0, first.out]);
    const other = await startCli(args, env(), '{"ms":3}').ended();
    expect([other.code, other.err]).toEqual([3, expect.stringContaining("Use another idempotency key")]);
  });

  test("shows what would be accepted when a submission is refused", async () => {
    const unknown = await run("submit", "hsah");
    expect([unknown.code, unknown.err]).toEqual([3, expect.stringContaining("hash")]);
    const invalid = await run("submit", "hash", "--payload", '{"rounds":"many"}');
    expect([invalid.code, invalid.err]).toEqual([3, expect.stringMatching(/rounds.*--payload '\{/s)]);
    const garbled = await run("submit", "hash", "--payload", "{rounds}");
    expect([garbled.code, garbled.err]).toEqual([2, expect.stringContaining("--payload is not valid JSON")]);
    const list = await run("submit", "hash", "--payload", "[1]");
    expect([list.code, list.err]).toEqual([2, expect.stringContaining("Expected a JSON object")]);
  });

  test("prints one error when many jobs are refused for the same reason", async () => {
    for (const [args, words] of [
      [["submit", "hsah"], /hsah.*Choose one of .*hash/s],
      [["submit", "hash", "--payload", '{"text":"x","rounds":"many"}'], /rounds.*--payload '\{/s],
    ] as const) {
      const { code, out, err } = await run(...args, "--count", "1500");
      expect([code, out, err]).toEqual([3, "", expect.stringMatching(words)]);
      expect(err.trim().split("\n")).toHaveLength(1);
    }
  });

  test("lists jobs by filter and reports a mistake in the filter", async () => {
    const { items } = await json("jobs", ["jobs", "--filter", "status:failed type:fail", "--limit", "5"]);
    expect(items.map(({ type, status }) => [type, status])).toEqual([["fail", "FAILED"]]);
    const text = await run("jobs", "--filter", "status:failed type:fail");
    expect(text.out).toMatch(/^ID +TYPE +STATUS .*\n[0-9a-f]{8} +fail +✕ failed +1\/1 .*ALWAYS_FAILS/);
    const wrong = await run("jobs", "--filter", "status:faild");
    expect([wrong.code, wrong.err]).toEqual([3, expect.stringContaining("failed")]);
  });

  test("shows a complete job, given the last digits of its id, and explains when an id matches no job or several", async () => {
    const id = await world().submit({ type: "hash", payload: { text: "x", rounds: 10 } });
    await world().untilStatus(id, "COMPLETED");
    const detail = await json("job", ["job", id.slice(-8)]);
    expect([detail.id, detail.status]).toEqual([id, "COMPLETED"]);
    const { out } = await run("job", id.slice(-8).toUpperCase());
    expect(out).toContain(`id       ${id}`);
    expect(out).toMatch(/result\n\{[\s\S]*"sha256"[\s\S]*timeline\n/);

    // An older job is found even behind more than a page of newer ones.
    const old = await world().submit({ type: "sleep", payload: { ms: 1 } });
    await world().submitMany(Array.from({ length: 600 }, () => ({ type: "sleep", payload: { ms: 0 } })));
    await world().untilStatus(old, "COMPLETED");
    expect((await json("job", ["job", old.slice(-8)])).id).toBe(old);

    expect(await run("job", "abc")).toMatchObject({
      code: 2,
      err: expect.stringContaining('"abc" is not an id'),
    });
    expect(await run("job", newJobId())).toMatchObject({
      code: 3,
      err: expect.stringContaining("Check the id"),
    });
    // The first digits encode the time, which all jobs from these minutes share.
    expect(await run("job", id.slice(0, 6))).toMatchObject({
      code: 2,
      err: expect.stringMatching(/in the ids of several jobs/),
    });
  });

  test("lists one job's events in order, and follows all events live", async () => {
    const { child, printed, ended } = startCli(["events", "--follow", "--output", "json"], env());
    await eventually(() => printed.err.includes("Following new events"), { what: "the stream" });
    const id = await world().submit({ type: "sleep", payload: { ms: 1 } });
    await world().untilStatus(id, "COMPLETED");
    const events = await eventually(
      async () => {
        const { items } = await json("events", ["events", "--job", id]);
        return items.length === 5 && items;
      },
      { what: "five events" },
    );
    expect(events.at(-1)?.eventType).toBe("job.completed");
    child.kill("SIGINT");
    const { code, out } = await ended();
    expect(code).toBe(130);
    const deltas = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    for (const delta of deltas) expect(Value.Check(CLI_OUTPUTS["events --follow"], delta)).toBe(true);
    expect(deltas.filter(({ jobId }) => jobId === id).at(-1).status).toBe("COMPLETED");
  });

  test("pauses a queue, cancels its waiting jobs by filter after a dry run, and resumes the queue", async () => {
    const paused = await json("queues pause, resume", ["queues", "pause", "sleep"]);
    expect(paused.results[0]?.paused).toBe(true);
    const ids = await world().submitMany(
      Array.from({ length: 3 }, () => ({ type: "sleep", payload: { ms: 1 } })),
    );
    const filter = ["--filter", "status:waiting type:sleep"];
    await eventually(
      async () => (await json("retry, cancel --filter", ["cancel", ...filter])).matched === 3,
      {
        what: "three jobs to wait",
      },
    );
    expect((await run("cancel", ...filter)).out).toContain("add --yes to do it");
    const { queues } = await json("queues list", ["queues"]);
    expect(queues.find(({ type }) => type === "sleep")).toMatchObject({
      paused: true,
      waiting: 3,
    });
    expect((await run("queues")).out).toContain("‖ paused");

    const done = await json("retry, cancel --filter", ["cancel", ...filter, "--yes"]);
    expect([done.dryRun, done.matched]).toEqual([false, 3]);
    await world().untilAll(ids, "CANCELLED");
    expect((await run("queues", "resume", "sleep")).out).toBe("sleep is now running\n");
    const retried = await json("retry, cancel", ["retry", ...ids.map((id) => id.slice(-12))]);
    expect(retried.results.map(({ jobId }) => jobId)).toEqual(ids);
    await world().untilAll(ids, "COMPLETED");
    // Each refusal among several jobs is reported with its own code.
    const mixed = await json("retry, cancel", ["retry", ids[0]!, newJobId()], 1);
    expect(mixed.results.map((result) => "error" in result && result.error.code)).toEqual([
      "JOB_STATE_CONFLICT",
      "JOB_NOT_FOUND",
    ]);
    expect(await run("cancel")).toMatchObject({ code: 2, err: expect.stringContaining("ids or a filter") });
  });

  test("acts on every job with --all after a dry run, and refuses an empty filter without it", async () => {
    await json("queues pause, resume", ["queues", "pause", "sleep"]);
    const waiting = Array.from({ length: 3 }, () => ({ type: "sleep", payload: { ms: 1 } }));
    const ids = await world().submitMany(waiting);
    await world().untilAll(ids, "VALIDATED");
    for (const filter of ["", " "]) {
      const refused = await run("cancel", "--filter", filter);
      expect([refused.code, refused.err]).toEqual([
        2,
        expect.stringContaining("an empty filter needs --all"),
      ]);
    }
    const dry = await json("retry, cancel --filter", ["cancel", "--all"]);
    expect([dry.dryRun, dry.matched]).toEqual([true, 3]);
    const done = await json("retry, cancel --filter", ["cancel", "--all", "--yes"]);
    expect([done.dryRun, done.matched]).toEqual([false, 3]);
    await world().untilAll(ids, "CANCELLED");
    expect((await run("retry", "--all", "--filter", "")).out).toMatch(/jobs would be retried .*add --yes/);
    await json("queues pause, resume", ["queues", "resume", "sleep"]);
  });

  test("lists, shows, replays and drops dead letters", async () => {
    const [job] = (await json("submit", ["submit", "fail", "--max-attempts", "1", "--wait"], 1)).jobs;
    const letter = await eventually(
      async () => {
        const { items } = await json("dead-letters list", ["dead-letters"]);
        return items.find(({ jobId }) => jobId === job?.jobId);
      },
      { what: "the dead letter" },
    );
    const part = letter.id.slice(-10);
    expect((await json("dead-letters show", ["dead-letters", "show", part])).id).toBe(letter.id);
    expect((await run("dead-letters", "show", part)).out).toMatch(/message\n/);
    const replayed = await json("dead-letters replay", ["dead-letters", "replay", part]);
    expect(replayed.results[0]?.deadLetterId).toBe(letter.id);
    const dry = await json("dead-letters drop", ["dead-letters", "drop", part]);
    expect(dry).toEqual({ dryRun: true, dropped: [letter.id] });
    expect((await run("dead-letters", "drop", letter.id, "--yes")).out).toBe("Dropped 1 dead letter\n");
    expect((await run("dead-letters", "show", letter.id)).code).toBe(3);

    // A filter drops many at once, after a dry run that counts them.
    await json("submit", ["submit", "fail", "--max-attempts", "1", "--count", "3", "--wait"], 1);
    const many = ["dead-letters", "drop", "--filter", "type:fail diedAfter:1h"];
    await eventually(async () => (await json("dead-letters replay, drop --filter", many)).matched >= 3, {
      what: "three dead letters",
    });
    expect((await run(...many)).out).toMatch(
      /dead letters would be dropped \(.*fail.*\); add --yes to do it/,
    );
    const dropped = await json("dead-letters replay, drop --filter", [...many, "--yes"]);
    expect([dropped.dryRun, dropped.changed >= 3]).toEqual([false, true]);
    expect((await json("dead-letters list", ["dead-letters", "--filter", "type:fail"])).items).toEqual([]);

    // `--all` drops every dead letter and takes no filter.
    const none = await run("dead-letters", "replay", "--filter", "");
    expect([none.code, none.err]).toEqual([2, expect.stringContaining("an empty filter needs --all")]);
    await json("submit", ["submit", "fail", "--max-attempts", "1", "--wait"], 1);
    const all = ["dead-letters", "drop", "--all"];
    await eventually(async () => (await json("dead-letters replay, drop --filter", all)).matched > 0, {
      what: "a dead letter",
    });
    const emptied = await json("dead-letters replay, drop --filter", [...all, "--yes"]);
    expect([emptied.dryRun, emptied.changed]).toEqual([false, emptied.matched]);
    expect((await json("dead-letters list", ["dead-letters"])).items).toEqual([]);
  });

  test("shows retention, counts the jobs that a purge would delete, and deletes them only when confirmed", async () => {
    const { rules } = await json("retention", ["retention"]);
    expect(rules.map(({ what }) => what)).toContain("failed-jobs");
    expect((await run("retention")).out).toMatch(/^jobs +3 d .*JOB_RETENTION_HOURS$/m);

    const { jobs } = await json("submit", ["submit", "sleep", "--payload", '{"ms":7}', "--wait"]);
    const id = jobs[0]!.jobId;
    const purge = ["purge", "--filter", "type:sleep payload.ms:7"];
    const dry = await json("purge", [...purge, "--dry-run"]);
    expect([dry.dryRun, dry.matched, dry.changed]).toEqual([true, 1, 0]);
    expect((await run(...purge)).out).toContain("1 job would be deleted");
    expect((await run("job", id)).code).toBe(0);

    // A purge cannot delete a job until the ledger has sealed it, that is, stored the result of checking it.
    await eventually(async () => (await json("purge", [...purge, "--yes"])).changed === 1, {
      what: "the job to be deleted",
      everyMs: 500,
      timeoutMs: 60_000,
    });
    const gone = await run("job", id);
    expect([gone.code, gone.err]).toEqual([3, expect.stringContaining("by a purge")]);

    for (const [args, complaint] of [
      [["purge"], "takes a filter"],
      [["purge", "--filter", " "], "an empty filter needs --all"],
      [["purge", "--all", "--yes", "--dry-run"], "cannot be used with"],
    ] as const) {
      const refused = await run(...args);
      expect([refused.code, refused.err]).toEqual([2, expect.stringContaining(complaint)]);
    }
  }, 120_000);

  test("shows workers, alerts and a ledger that balances", async () => {
    const { workers } = await json("workers", ["workers"]);
    expect((await run("workers")).out).toContain(workers[0]!.id);
    expect((await json("alerts", ["alerts"])).source).toBe("none");
    expect((await run("alerts")).out).toContain("no Alertmanager");
    await world().settledLedger();
    const ledger = await json("ledger", ["ledger", "--settle", "0"]);
    expect([ledger.balanced, ledger.accepted > 1_200]).toEqual([true, true]);
    expect((await run("ledger")).out).toContain("✓ balanced");
  });

  test("checks the machine with doctor and finds the running services", async () => {
    const { ok, checks } = await json("doctor", ["doctor"]);
    expect(ok).toBe(true);
    const statusOf = (id: string) => checks.find((check) => check.id === id)?.status;
    expect([statusOf("platform"), statusOf("service-gateway"), statusOf("service-read-model")]).toEqual([
      "OK",
      "OK",
      "OK",
    ]);
    for (const id of ["container-engine", "compose", "kubectl", "kind", "port-3000", "port-27017", "utf-8"])
      expect(statusOf(id)).toBeDefined();
    for (const { status, remedy } of checks) expect(remedy !== undefined).toBe(status !== "OK");
  });

  test("measures a load and finds each of its ids in the ledger", async () => {
    const args = ["load", "--rate", "50", "--duration", "2s", "--type", "sleep", "--payload", '{"ms":5}'];
    const report = await json("load", args);
    expect(report).toMatchObject({
      sent: 100,
      accepted: 100,
      refused: {},
      ended: { COMPLETED: 100 },
      open: 0,
      accept: { count: 100 },
      total: { count: 100 },
      ledger: { balanced: true, accused: [] },
    });
    expect(report.total.p50).toBeGreaterThan(report.accept.p50!);
    const failing = await run(
      "load",
      "--rate",
      "10",
      "--duration",
      "0.5s",
      "--type",
      "fail",
      "--payload",
      "{}",
    );
    expect([failing.code, failing.out]).toEqual([1, expect.stringMatching(/ended +5 failed/)]);
  });

  test("exits without output on stderr when the reader of its output closes the pipe", async () => {
    const program = cliCommand().join(" ");
    const child = Bun.spawn(
      ["sh", "-c", `${program} jobs --limit 500 -o json | head -1; ${program} events --follow | head -0`],
      { env: { ...process.env, ...env() }, stdout: "pipe", stderr: "pipe" },
    );
    const timer = setInterval(() => void world().submit({ type: "sleep", payload: { ms: 1 } }), 200);
    const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    clearInterval(timer);
    expect([out, err.replace("Following new events\n", "")]).toEqual(["{\n", ""]);
  });

  test("prints no control characters from untrusted text, in tables or in JSON", async () => {
    const hostile = "\x1b]0;pwned\x07\x1b[31m\u202etxet";
    const id = await world().submit({ type: "fail", payload: { message: hostile }, maxAttempts: 1 });
    await world().untilStatus(id, "FAILED");
    for (const args of [["job", id], ["job", id, "-o", "json"], ["jobs"], ["dead-letters"]]) {
      const { code, out } = await run(...args);
      expect(code).toBe(0);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the output must not contain these
      expect(out.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    }
    expect((await json("job", ["job", id])).payload?.message).toBe(hostile);
  });
});

test("without a running system, a command states the remedy as text or JSON and exits with 4", async () => {
  const text = await withoutSystem(["jobs"]);
  expect([text.code, text.out]).toEqual([4, ""]);
  expect(text.err).toMatch(
    /^odd-dashboard: Nothing answers at http:\/\/127\.0\.0\.1:1: connection refused\b.*bun run dev.*\n$/,
  );
  const json = await withoutSystem(["jobs", "--output", "json"]);
  expect(JSON.parse(json.err)).toMatchObject({ error: { code: "UNREACHABLE", remedy: expect.any(String) } });
  expect(json.err.trim().split("\n")).toHaveLength(1);
});

test("doctor exits with 1 when a service of the running system does not answer", async () => {
  const folder = mkdtempSync(join(tmpdir(), "observatory-cli-"));
  mkdirSync(join(folder, ".observatory"));
  const state = { owner: findProcess(process.pid), services: { gateway: "http://127.0.0.1:1" } };
  writeFileSync(join(folder, ".observatory/dev.json"), JSON.stringify(state));
  const { code, out } = await startCli(["doctor"], {}, undefined, folder).ended();
  expect([code, out]).toEqual([
    1,
    expect.stringMatching(/FAIL +gateway +does not answer at http:\/\/127\.0\.0\.1:1/),
  ]);
  rmSync(folder, { recursive: true });
});

test("an invalid command line exits with 2 and one helpful sentence", async () => {
  for (const [args, words] of [
    [["qeues"], /no command "qeues"; did you mean queues/],
    [["queues", "puase"], /did you mean pause/],
    [["jobs", "--ouptut", "json"], /Did you mean --output/],
    [["jobs", "--limit", "0"], /whole number from 1 to 500/],
    [["submit"], /argument 'type'/],
    [["load", "--duration", "soon"], /a time such as/],
    [["job"], /argument 'id'/],
  ] as const) {
    const { code, out, err } = await withoutSystem(args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(words);
    expect(err.trim().split("\n")).toHaveLength(1);
  }
});

test("odd-dashboard prints its version, and runs a service with the service's own options", async () => {
  const version = await withoutSystem(["--version"]);
  expect([version.code, version.out]).toEqual([
    0,
    expect.stringMatching(/^odd-dashboard \d+\.\d+\.\d+ \(.*linux-/),
  ]);
  expect((await withoutSystem(["service", "gateway", "--version"])).out).toMatch(/^gateway \d/);
  const faulty = await withoutSystem(["service", "gateway"], { BUS_URL: "nonsense" });
  expect([faulty.code, faulty.err]).toEqual([1, expect.stringContaining("BUS_URL")]);
});

test("completion scripts complete commands and options", async () => {
  const { out } = await withoutSystem(["completion", "bash"]);
  const complete = (...words: string[]) => {
    const script = `${out}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _odd_dashboard; echo "\${COMPREPLY[*]}"`;
    return Bun.spawnSync(["bash", "-c", script, "bash", "odd-dashboard", ...words])
      .stdout.toString()
      .trim();
  };
  expect(complete("dead")).toBe("dead-letters");
  expect(complete("queues", "pa")).toBe("pause");
  expect(complete("submit", "hash", "--pay")).toBe("--payload");
  expect(complete("completion", "")).toContain("bash zsh fish");
  for (const shell of ["zsh", "fish"])
    expect((await withoutSystem(["completion", shell])).out).toContain("dead-letters");
});
