import { expect, test } from "bun:test";
import { behaviour } from "./support/suite.ts";

behaviour("the clocks of gateway and processors", { processors: 2 }, (world) => {
  test("write one history: within a job no step is earlier than the one before it", async () => {
    const jobs = Array.from({ length: 600 }, (_, n) =>
      n % 3 === 0 ? { type: "flaky", payload: { failFirst: 1 } } : { type: "sleep", payload: { ms: n % 5 } },
    );
    const ids = await world().submitMany(jobs);
    await world().untilAll(ids, "COMPLETED");
    const backwards = await world().sql`
      select job_id, sequence, to_status, at, before from (
        select *, lag(at) over (partition by job_id order by sequence) as before from job_transitions) t
      where at < before`;
    expect(backwards).toHaveLength(0);
    const attempts = await world().sql`select 1 from job_attempts where finished_at < started_at`;
    expect(attempts).toHaveLength(0);
  });
});
