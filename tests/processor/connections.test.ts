import { expect, test } from "bun:test";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

behavior("idle processors", { processors: 2, services: ["gateway", "processor"], accused: true }, (world) => {
  test("keep at most four job store connections each, so that sixteen processors stay within PostgreSQL's default of 100", async () => {
    const ids = await world().submitMany(
      Array.from({ length: 300 }, () => ({ type: "sleep", payload: { ms: 1 } })),
    );
    await world().untilAll(ids, "COMPLETED");
    const ofEach = await eventually(
      async () => {
        const [row] = await world().sql<{ connections: number }[]>`
          select count(*)::int as connections from pg_stat_activity
          where datname = current_database() and application_name = 'processor'`;
        return row && row.connections <= 8 && row.connections;
      },
      { what: "the load's extra connections to be closed" },
    );
    expect(ofEach).toBeGreaterThan(2);
  });
});
