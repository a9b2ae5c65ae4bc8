import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Ledger } from "../../contracts/api-queries.ts";
import { killAll, processTree } from "../../shared/process-tree.ts";
import { until } from "../../shared/until.ts";
import { findPostgresBins } from "../../tui/engines/locate.ts";
import { commandOf, createDevRuns, projectDir } from "../support/dev-run.ts";

setDefaultTimeout(180_000);

const runs = createDevRuns();
afterEach(runs.stop);
afterAll(runs.remove);

describe("bun run dev", () => {
  test("runs on one PostgreSQL by default, and its jobs survive kill -9 of every process", async () => {
    let dev = runs.start(["--no-reload"]);
    await dev.prints(/Up in/);
    expect(dev.output()).not.toMatch(/RabbitMQ|Redis|FerretDB|MongoDB/);
    // The sleeping jobs have a running attempt when everything is killed, so they must run again.
    const jobs = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        n % 2 === 0 ? runs.submitHash() : runs.submit({ type: "sleep", payload: { ms: 1_000 } }),
      ),
    );
    const tree = processTree(dev.child.pid);
    await killAll(tree);
    await dev.child.exited;
    dev = runs.start(["--no-reload"]);
    await dev.prints(/Up in/);
    for (const id of jobs) await runs.completed(id);
    const { lost, unobserved, duplicated } = await settledLedger();
    expect([lost.count, unobserved.count, duplicated.count]).toEqual([0, 0, 0]);

    const postgres = processTree(dev.child.pid).find(({ pid }) => / -D \S+data/.test(commandOf(pid)));
    process.kill(postgres!.pid, "SIGKILL");
    await dev.prints(/PostgreSQL \S+ was terminated by SIGKILL[\s\S]*PostgreSQL \S+ on \S+ answers again/);
    await until(async () => (await fetch(`${runs.state().services.gateway}/readyz`)).ok, {
      timeoutMs: 20_000,
      what: () => "the gateway to be ready again",
    });
    await runs.completed(await runs.submitHash());
    dev.child.kill("SIGTERM");
    expect(await dev.child.exited).toBe(0);
  });

  // Debian installs PostgreSQL servers in a folder of their own, which a mount can hide.
  const debian = "/usr/lib/postgresql";
  const hide = existsSync(debian)
    ? ["unshare", "--mount", "sh", "-c", `mount -t tmpfs none ${debian} && exec "$@"`, "sh"]
    : [];
  const canHide =
    findPostgresBins().every((folder) => folder.startsWith(debian)) &&
    Bun.spawnSync([...hide, "true"], { stdout: "ignore", stderr: "ignore" }).success;
  if (!canHide && !process.env.CI)
    console.warn("Skipping the test of npm's PostgreSQL: hiding the installed one requires root on Debian");

  test.skipIf(!canHide && !process.env.CI)(
    "uses the PostgreSQL from npm if none is installed, and keeps using that version",
    async () => {
      const hidden = runs.start(["--fresh", "--no-reload"], hide);
      await hidden.prints(/submitted a sample job of each type/);
      expect(hidden.output()).toMatch(/PostgreSQL 18\.\d+ /);
      const id = await runs.submitHash();
      await runs.completed(id);
      hidden.child.kill("SIGTERM");
      expect(await hidden.child.exited).toBe(0);

      const dev = runs.start(["--no-reload"]);
      await dev.prints(/Up in/);
      expect(dev.output()).toMatch(/PostgreSQL 18\.\d+ /);
      await runs.completed(id);
    },
  );

  test("says what to do if its data needs a PostgreSQL version that is not installed", async () => {
    const data = join(runs.dataDir, "engines/embedded/postgres/cluster/data");
    const version = readFileSync(join(data, "PG_VERSION"), "utf8");
    writeFileSync(join(data, "PG_VERSION"), "9\n");
    const dev = runs.start(["--no-reload"]);
    expect(await dev.child.exited).toBe(1);
    expect(dev.output()).toContain(
      "was created by PostgreSQL 9, which is no longer installed; install it again",
    );
    writeFileSync(join(data, "PG_VERSION"), version);
  });

  test("keeps nothing with --ephemeral", async () => {
    const before = temporaryFolders();
    const dev = runs.start(["--ephemeral", "--no-reload"]);
    await dev.prints(/submitted a sample job of each type/);
    expect(temporaryFolders().length).toBe(before.length + 1);
    // The state file is in a temporary folder, so the printed command contains the services' URLs.
    const [, command] = /See it in a terminal, or start with --tui:\n +(.+)/.exec(dev.output()) ?? [];
    const jobs = Bun.spawnSync(["sh", "-c", `${command} jobs --output json`], { cwd: projectDir });
    expect(jobs.exitCode).toBe(0);
    expect(JSON.parse(jobs.stdout.toString()).items.length).toBeGreaterThan(0);
    dev.child.kill("SIGTERM");
    expect(await dev.child.exited).toBe(0);
    expect(dev.output()).toContain("Stopped; nothing is kept");
    expect(dev.output()).not.toContain("Warning:");
    expect(temporaryFolders()).toEqual(before);
  });
});

const temporaryFolders = () =>
  readdirSync(tmpdir())
    .filter((name) => name.startsWith("task-observatory-"))
    .sort();

async function settledLedger(): Promise<Ledger> {
  let ledger: Ledger | undefined;
  await until(
    async () => {
      ledger = await runs.get<Ledger>("read-model", "/ledger?settleMs=0");
      return ledger.settled && ledger.inFlight === 0;
    },
    { timeoutMs: 60_000, what: () => `the ledger to settle: ${JSON.stringify(ledger)}` },
  );
  return ledger!;
}
