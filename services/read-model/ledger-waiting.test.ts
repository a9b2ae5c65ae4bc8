import { expect, test } from "bun:test";
import { waitingFor } from "./ledger-waiting.ts";

const now = Date.UTC(2026, 0, 1, 12);
const at = (agoMs: number) => now - agoMs;
const none = { waiting: 0, executing: 0, holders: [] };
const messages = (...given: Parameters<typeof waitingFor>) =>
  waitingFor(...given).map(({ message }) => message);

test("the ledger lists what it waits for, longest delay first, and omits delays that are normal", () => {
  const bounds = [
    { what: "snapshot", at: at(900) },
    { what: "worker", at: at(2_000), name: "w-1" },
    { what: "outbox", at: at(9_100) },
  ] as const;
  expect(messages(now, bounds, none)).toEqual([
    "Unpublished messages of the job store, the oldest from 9.1 s ago",
    "Worker w-1, last heard from 2.0 s ago",
  ]);
  expect(waitingFor(now, bounds, none)[1]).toMatchObject({
    what: "worker",
    name: "w-1",
    since: "2026-01-01T11:59:58.000Z",
  });
  expect(messages(now, [], none)).toEqual([]);
});

test("a worker without a recent heartbeat is listed with the number of its jobs, even if the ledger does not wait for it", () => {
  const holders = [{ id: "w-1", jobs: 2, heartbeatAt: new Date(at(8_000)) }];
  const live = { waiting: 1, executing: 2, holders };
  expect(messages(now, [{ what: "worker", at: at(8_000), name: "w-1" }], live)).toEqual([
    "Worker w-1, last heard from 8.0 s ago, holding 2 jobs",
    "3 unfinished jobs (2 executing)",
  ]);
  const gone = [
    { id: "w-1", jobs: 1, heartbeatAt: new Date(at(40_000)) },
    { id: "w-2", jobs: 3, heartbeatAt: new Date(at(100)) },
  ];
  expect(messages(now, [], { waiting: 0, executing: 4, holders: gone })).toEqual([
    "Worker w-1, last heard from 40.0 s ago, holding 1 job",
    "4 unfinished jobs (4 executing)",
  ]);
});

test("a queue from which no message has been consumed yet is listed without a time", () => {
  expect(waitingFor(now, [{ what: "queue", at: 0, name: "events.observed" }], none)).toEqual([
    {
      what: "queue",
      name: "events.observed",
      since: null,
      message: "Queue events.observed, not empty and not consumed yet",
    },
  ]);
});
