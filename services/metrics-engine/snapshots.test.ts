import { expect, test } from "bun:test";
import type { Snapshot, StoreSnapshot } from "../../contracts/api-queries.ts";
import { createDuty } from "../../shared/duty.ts";
import { createLog } from "../../shared/log.ts";
import { createMetrics } from "../../shared/metrics.ts";
import { createReplicas } from "../../shared/replicas.ts";
import { createFamilies } from "./metrics.ts";
import { takeSnapshots } from "./snapshots.ts";

const store: StoreSnapshot = {
  at: "2026-01-01T00:00:00.000Z",
  queues: [],
  workers: [],
  deadLetters: 0,
  outbox: 0,
};

/** Serves a processor whose consumers hold `held` messages from `jobs.created`. */
const processorWith = (held: number, hostname: string, port: number) =>
  Bun.serve({
    hostname,
    port,
    fetch: ({ url }) =>
      Response.json(new URL(url).pathname === "/internal/held" ? { "jobs.created": held } : store),
  });

test("messages held by all processors behind one host name are added up", async () => {
  const one = processorWith(3, "127.0.0.1", 0);
  const another = processorWith(4, "127.0.0.2", one.port ?? 0);
  const end = new AbortController();
  const recorded = Promise.withResolvers<Snapshot>();
  await takeSnapshots(
    {
      observations: {
        async recordSnapshot(snapshot) {
          recorded.resolve(snapshot);
          end.abort();
        },
      },
      bus: { depths: async () => [{ name: "jobs.created", ready: 0, consumers: 2 }], held: () => ({}) },
      processors: createReplicas([`http://processor:${one.port}`], async () => ["127.0.0.1", "127.0.0.2"]),
      families: createFamilies(createMetrics("metrics-engine")),
      log: createLog({ service: "metrics-engine", level: "error" }),
      everyMs: 10,
      duty: createDuty("snapshots", 1_000),
    },
    end.signal,
  );
  expect((await recorded.promise).bus).toMatchObject([{ name: "jobs.created", held: 7 }]);
  await Promise.all([one.stop(true), another.stop(true)]);
});
