import type { Redis } from "ioredis";
import { MongoClient } from "mongodb";
import type { Sql } from "postgres";
import type { JobEvent } from "../../contracts/events.ts";

/**
 * Stores and counts events as versions did before they stored events in batches: in one row or document per event. As
 * in those versions, only that row or document shows that an event has been counted.
 */
export async function storeOldInPostgres(sql: Sql, events: readonly JobEvent[]): Promise<void> {
  await sql.unsafe(OLD_TABLES).simple();
  for (const event of events) {
    const { jobId, sequence } = event.payload;
    const run = "run" in event.payload ? event.payload.run : null;
    await sql`
      select observations.record(array[${event.eventId}]::uuid[], array[${jobId}]::uuid[], array[${sequence}]::float8[],
        array[${event.eventType}], array[${Date.parse(event.occurredAt)}]::bigint[], array[${run}]::float8[],
        array[${JSON.stringify(event)}], '[[0,"totals","events",1]]', '[]', 0, 4000)`;
  }
}

export async function storeOldInMongo(
  { eventsUrl, redis, prefix }: { eventsUrl: string; redis: Redis; prefix: string },
  events: readonly JobEvent[],
): Promise<void> {
  const client = new MongoClient(eventsUrl);
  const documents = events.map((event) => ({
    _id: event.eventId,
    jobId: event.payload.jobId,
    sequence: event.payload.sequence,
    eventType: event.eventType,
    occurredAt: new Date(event.occurredAt),
    ...("run" in event.payload && { run: event.payload.run }),
    claim: "oldoldoldold",
    envelope: JSON.stringify(event),
  }));
  await client.db().collection<{ _id: string }>("events").insertMany(documents);
  await client.close();
  await redis.hincrby(`${prefix}totals`, "events", events.length);
}

const OLD_TABLES = `
create schema if not exists observations;

create table if not exists observations.events (
  event_id   uuid primary key,
  job_id     uuid not null,
  sequence   double precision not null,
  event_type text collate "C" not null,
  at         bigint not null,
  run        double precision,
  envelope   text not null
);
create index if not exists events_job on observations.events (job_id, sequence, event_id);
create index if not exists events_time on observations.events (at, event_id);
create index if not exists events_type_time on observations.events (event_type, at, event_id);

create table if not exists observations.counted (
  minute integer not null,
  kind   text collate "C" not null,
  field  text collate "C" not null,
  value  double precision not null,
  primary key (minute, kind, field)
) with (fillfactor = 50);

create table if not exists observations.snapshot (
  only_one boolean primary key default true check (only_one),
  body     text not null
);

create sequence if not exists observations.feed_id start with 1;
create table if not exists observations.feed (
  id      bigint primary key default nextval('observations.feed_id'),
  deltas  text not null,
  dropped integer not null
);

create or replace function observations.record(
  event_ids uuid[], job_ids uuid[], sequences double precision[], event_types text[], times bigint[],
  runs double precision[], envelopes text[], counts json, deltas text, dropped integer, max_feed bigint
) returns setof uuid language plpgsql as $$
declare entry bigint;
begin
  perform pg_advisory_xact_lock(1868722547, 2);
  return query select event_id from observations.events where event_id = any(event_ids);
  if found then return; end if;

  insert into observations.events
    select * from unnest(event_ids, job_ids, sequences, event_types, times, runs, envelopes);
  insert into observations.counted as kept (minute, kind, field, value)
    select (line->>0)::integer, line->>1, line->>2, (line->>3)::double precision from json_array_elements(counts) line
    on conflict (minute, kind, field) do update set value =
      case kept.kind when 'latest' then greatest(kept.value, excluded.value) else kept.value + excluded.value end;
  insert into observations.feed (deltas, dropped) values (deltas, dropped) returning id into entry;
  delete from observations.feed where id <= entry - max_feed;
  perform pg_notify('observations_feed', '');
end $$;
comment on schema observations is 'before batches';
`;
