import { createPruneStore } from "../../services/processor/prune-store.ts";
import { sweep } from "../../services/processor/retention.ts";
import { createCommandLine } from "../../shared/command-line.ts";
import { createDuty } from "../../shared/duty.ts";
import { createLog } from "../../shared/log.ts";
import { openPostgres } from "../../shared/postgres.ts";

const HOUR_MS = 3_600_000;

/** Runs one pass of a processor's retention as if it were `hours` later. */
export async function sweepIn(hours: number, databaseUrl: string): Promise<void> {
  const sql = openPostgres({ url: databaseUrl, max: 1, name: "sweep", arrays: false });
  try {
    await sweep(
      {
        store: createPruneStore(sql),
        hours: { jobs: 72, failed: 336 },
        log: createLog({ service: "test", level: "silent" }),
        duty: createDuty("Pruning", HOUR_MS),
        now: () => Date.now() + hours * HOUR_MS,
      },
      new AbortController().signal,
    );
  } finally {
    await sql.end();
  }
}

// A test that kills a sweep while it runs starts this file as a separate process.
if (import.meta.main) {
  const [hours, databaseUrl] = createCommandLine(
    "bun sweep.ts",
    "Sweeps once, as if this many hours had passed",
  )
    .argument("<hours>", "how far to set the clock ahead", Number)
    .argument("<database-url>", "the job store")
    .parse().processedArgs;
  await sweepIn(hours, databaseUrl);
}
