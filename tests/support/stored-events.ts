import { Binary, MongoClient } from "mongodb";
import postgres from "postgres";
import type { JobEvent } from "../../contracts/events.ts";
import { batchesOf, type EventBatch, readBatch } from "../../shared/observations/event-batch.ts";

interface StoredEvents {
  /** Returns the number of stored events of a job. */
  countOf(jobId: string): Promise<number>;
  /** Deletes one of a job's events, as if it had never been stored. */
  forget(jobId: string, eventId: string): Promise<void>;
}

interface StoredBatch {
  readonly _id: string;
  readonly from: Date;
  readonly to: Date;
  readonly jobs: string[];
  readonly ids: string[];
  readonly body: Binary;
}

/** Accesses the event store at `EVENTS_URL` directly instead of through a service. */
export async function withStoredEvents<T>(
  eventsUrl: string,
  use: (events: StoredEvents) => Promise<T>,
): Promise<T> {
  return eventsUrl.startsWith("postgres") ? onPostgres(eventsUrl, use) : onMongo(eventsUrl, use);
}

async function onMongo<T>(url: string, use: (events: StoredEvents) => Promise<T>): Promise<T> {
  const client = new MongoClient(url);
  const alone = client.db().collection<{ _id: string; jobId: string }>("events");
  const batches = client.db().collection<StoredBatch>("batches");
  try {
    return await use({
      async countOf(jobId) {
        const found = await batches.find({ jobs: jobId }).toArray();
        const inBatches = found.flatMap(({ body }) => readBatch(body.buffer, { jobId }));
        return inBatches.length + (await alone.countDocuments({ jobId }));
      },
      async forget(jobId, eventId) {
        await alone.deleteOne({ _id: eventId });
        for (const { _id, ids, body } of await batches.find({ jobs: jobId }).toArray()) {
          if (!ids.includes(eventId)) continue;
          const left = without(readBatch(body.buffer), eventId);
          await batches.deleteOne({ _id });
          if (!left) continue;
          const { events, from, to, ...rest } = left;
          await batches.insertOne({
            _id,
            ...rest,
            from: new Date(from),
            to: new Date(to),
            body: new Binary(left.body),
            ids: ids.filter((id) => id !== eventId),
            jobs: [...new Set(events.map(({ payload }) => payload.jobId))],
          });
        }
      },
    });
  } finally {
    await client.close();
  }
}

async function onPostgres<T>(url: string, use: (events: StoredEvents) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  const batchesOfJob = (jobId: string) => sql<{ id: string; body: Uint8Array }[]>`
    select id, body from observations.batches
    where id = any((select batches from observations.seen where job_id = ${jobId})::bigint[])`;
  try {
    return await use({
      async countOf(jobId) {
        const alone = await sql`select 1 from observations.events where job_id = ${jobId}`;
        const found = await batchesOfJob(jobId);
        return alone.length + found.flatMap(({ body }) => readBatch(body, { jobId })).length;
      },
      async forget(jobId, eventId) {
        await sql`delete from observations.events where event_id = ${eventId}`;
        for (const { id, body } of await batchesOfJob(jobId)) {
          const events = readBatch(body);
          const gone = events.find((event) => event.eventId === eventId);
          if (!gone) continue;
          const bit = String(1n << BigInt(gone.payload.sequence));
          await sql`update observations.seen set mask = mask & ~${bit}::bigint where job_id = ${jobId}`;
          const left = without(events, eventId);
          if (!left) {
            await sql`delete from observations.batches where id = ${id}`;
            continue;
          }
          const { created, ended } = left;
          await sql`
            update observations.batches set body = ${Buffer.from(left.body)}, events = ${left.events.length},
              created_count = ${created.count}, created_check = ('x' || ${created.check}::text)::bit(64)::bigint,
              ended_count = ${ended.count}, ended_check = ('x' || ${ended.check}::text)::bit(64)::bigint
            where id = ${id}`;
        }
      },
    });
  } finally {
    await sql.end();
  }
}

function without(events: readonly JobEvent[], eventId: string): EventBatch | undefined {
  return batchesOf(events.filter((event) => event.eventId !== eventId))[0];
}
