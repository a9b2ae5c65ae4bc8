import { expect, test } from "bun:test";
import { compressBody } from "../../shared/bus/compression.ts";
import { joinEnvelopes } from "../../shared/event.ts";
import { sampleEvent, sampleStory } from "../support/sample-events.ts";
import { withStoredEvents } from "../support/stored-events.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

const messageOf = (events: readonly object[]) => joinEnvelopes(events.map((event) => JSON.stringify(event)));

// The ledger reports the made-up events below, because they belong to no stored job.
behavior("the outbox", { accused: true }, (world) => {
  test("is bypassed if the bus shares the job store's database, and used otherwise", async () => {
    const jobs = Array.from({ length: 50 }, () => ({ type: "sleep", payload: { ms: 1 } }));
    await world().untilAll(await world().submitMany(jobs), "COMPLETED");
    await world().settledLedger();
    const [row] = await world().sql`select pg_sequence_last_value('outbox_id_seq') is not null as used`;
    expect(row?.used).toBe(world().set === "full");
  });

  test("is swept of leftover messages in every format", async () => {
    const compressed = sampleStory();
    const short = [sampleEvent("job.created")] as const;
    const plain = sampleStory();
    await world().sql`
      insert into outbox (message, body, created_at)
      select message, body, now() - interval '1 minute'
      from (values (${compressBody(messageOf(compressed))}::bytea, null::text), (${messageOf(short)}::bytea, null),
        (null, ${messageOf(plain).toString()})) as left_behind (message, body)`;
    await withStoredEvents(world().urls.EVENTS_URL, async ({ countOf }) => {
      for (const [{ payload }, ...more] of [compressed, short, plain] as const)
        await eventually(async () => (await countOf(payload.jobId)) === 1 + more.length, {
          what: `the events of the job ${payload.jobId}`,
        });
    });
    await eventually(async () => (await world().sql`select from outbox`).length === 0, {
      what: "the outbox to be empty",
    });
  });
});
