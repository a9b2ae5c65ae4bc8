import { EVENT_TYPES, type EventType } from "../../../contracts/events.ts";
import type { Sql } from "../../postgres.ts";
import { LAST_BATCHED_SEQUENCE } from "../event-batch.ts";

/** Notifies followers once per recorded batch. */
export const FEED_CHANNEL = "observations_feed";

/** Two-part keys of advisory locks: this port's class, then one for creating tables and one for writing. */
const LOCK = 1_868_722_547;
const LOCKS = { making: `${LOCK}, 1`, writing: `${LOCK}, 2` };

/**
 * The tables, and the function `keep` through which everything enters. Numbers from JSON are doubles, as in JSON; times
 * are milliseconds since 1970, as precise as the port's, so that a cursor holds a time exactly.
 *
 * Events are stored in `batches`, many to a row. `seen` has a row per job: the stored sequences as the bits of `mask`,
 * the id of its `job.created`, and its batches. `events` has a row for each event outside a batch, including those
 * stored by versions that had no batches.
 *
 * `counted` holds every number, by minute since 1970; minute 0 means all time.
 *
 * `keep` takes all of the events or none: events, counts and feed entry are one transaction. Where some events are
 * already stored, or another has their place, it does nothing and returns their ids, and whether they are stored.
 * Writers take turns, by a lock that is released once what they wrote is visible. Look-ups therefore stay true, no two
 * writers wait for each other's rows, and feed ids appear in order.
 *
 * Versions without batches call `record`: one may still run beside this version.
 */
const tables = (firstEntry: number) => `
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

create table if not exists observations.batches (
  id            bigint generated always as identity primary key,
  at_min        bigint not null,
  at_max        bigint not null,
  types         text[] collate "C" not null,
  events        integer not null,
  created_count integer not null,
  created_check bigint not null,
  ended_count   integer not null,
  ended_check   bigint not null,
  body          bytea not null
);
-- It is compressed already.
alter table observations.batches alter column body set storage external;
create index if not exists batches_time on observations.batches (at_max, id);
${EVENT_TYPES.map(typeIndex).join("\n")}

create table if not exists observations.seen (
  job_id  uuid primary key,
  mask    bigint not null,
  created uuid,
  at      bigint not null,
  batches bigint[] not null
) with (fillfactor = 70);

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

create sequence if not exists observations.feed_id start with ${firstEntry};
create table if not exists observations.feed (
  id      bigint primary key default nextval('observations.feed_id'),
  deltas  text not null,
  dropped integer not null
);

create or replace function observations.count_and_tell(counts json, deltas text, dropped integer, max_feed bigint)
returns void language plpgsql as $$
declare entry bigint;
begin
  insert into observations.counted as kept (minute, kind, field, value)
    select (line->>0)::integer, line->>1, line->>2, (line->>3)::double precision from json_array_elements(counts) line
    on conflict (minute, kind, field) do update set value =
      case kept.kind when 'latest' then greatest(kept.value, excluded.value) else kept.value + excluded.value end;
  insert into observations.feed (deltas, dropped) values (deltas, dropped) returning id into entry;
  delete from observations.feed where id <= entry - max_feed;
  perform pg_notify('${FEED_CHANNEL}', '');
end $$;

create or replace function observations.keep(
  event_ids uuid[], job_ids uuid[], times bigint[], bits bigint[], places integer[],
  heads json, bodies bytea, alone json,
  counts json, deltas text, dropped integer, max_feed bigint
) returns table (id uuid, stored boolean) language plpgsql as $$
declare
  head json;
  start integer := 1;
  batch bigint;
  made bigint[] := '{}';
begin
  perform pg_advisory_xact_lock(${LOCKS.writing});
  return query
    select given.event_id, given.bit > 1 or job.created = given.event_id
      from unnest(event_ids, job_ids, bits) as given (event_id, job_id, bit)
      join observations.seen job on job.job_id = given.job_id
      where job.mask & given.bit <> 0 or job.created = given.event_id
    union all
    select event_id, true from observations.events where event_id = any(event_ids);
  if found then return; end if;

  for head in select * from json_array_elements(heads) loop
    insert into observations.batches
      (at_min, at_max, types, events, created_count, created_check, ended_count, ended_check, body)
      select (head->>'from')::bigint, (head->>'to')::bigint, string_to_array(head->>'types', ','),
        (head->>'events')::integer,
        (head->'created'->>'count')::integer, ('x' || (head->'created'->>'check'))::bit(64)::bigint,
        (head->'ended'->>'count')::integer, ('x' || (head->'ended'->>'check'))::bit(64)::bigint,
        substring(bodies from start for (head->>'bytes')::integer)
      returning observations.batches.id into batch;
    start := start + (head->>'bytes')::integer;
    made := made || batch;
  end loop;
  insert into observations.seen as job (job_id, mask, created, at, batches)
    select job_id, bit_or(bit), (array_agg(event_id) filter (where bit = 1))[1], max(at), array_agg(distinct made[place])
      from unnest(event_ids, job_ids, times, bits, places) as given (event_id, job_id, at, bit, place)
      where bit <> 0 group by job_id
    on conflict (job_id) do update set
      mask = job.mask | excluded.mask,
      created = coalesce(job.created, excluded.created),
      at = greatest(job.at, excluded.at),
      batches = job.batches || excluded.batches;
  insert into observations.events
    select (line->>0)::uuid, (line->>1)::uuid, (line->>2)::double precision, line->>3, (line->>4)::bigint,
      (line->>5)::double precision, line->>6
    from json_array_elements(alone) line;
  perform observations.count_and_tell(counts, deltas, dropped, max_feed);
end $$;

create or replace function observations.forget(batch_ids bigint[], job_ids uuid[], before bigint)
returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(${LOCKS.writing});
  delete from observations.batches where id = any(batch_ids);
  delete from observations.seen where job_id = any(job_ids) and at < before;
end $$;

create or replace function observations.record(
  event_ids uuid[], job_ids uuid[], sequences double precision[], event_types text[], times bigint[],
  runs double precision[], envelopes text[], counts json, deltas text, dropped integer, max_feed bigint
) returns setof uuid language plpgsql as $$
begin
  perform pg_advisory_xact_lock(${LOCKS.writing});
  return query
    select given.event_id from unnest(event_ids, job_ids, sequences) as given (event_id, job_id, sequence)
      join observations.seen job on job.job_id = given.job_id
      where case when sequence = 0 then job.created = given.event_id
        when sequence between 1 and ${LAST_BATCHED_SEQUENCE} then job.mask & (1::bigint << sequence::integer) <> 0 end
    union
    select event_id from observations.events where event_id = any(event_ids);
  if found then return; end if;
  insert into observations.events
    select * from unnest(event_ids, job_ids, sequences, event_types, times, runs, envelopes);
  perform observations.count_and_tell(counts, deltas, dropped, max_feed);
end $$;
`;
const VERSION = Bun.hash(tables(1)).toString(36);

/** Creates what is missing and upgrades the rest to this version, keeping its data. Any number of processes may call it at once. */
export async function makeTables(sql: Sql): Promise<void> {
  const [found] = await sql`
    select obj_description(to_regnamespace('observations')::oid, 'pg_namespace') as version`;
  if (found?.version === VERSION) return;
  // A new feed begins after every id that an earlier one issued, so that no old id names a new entry.
  const firstEntry = Date.now() * 1_000;
  // A message of several statements is one transaction.
  await sql
    .unsafe(
      `select pg_advisory_xact_lock(${LOCKS.making});
       ${tables(firstEntry)}
       comment on schema observations is '${VERSION}';`,
    )
    .simple();
}

/** The batches that hold events of a type, by time: an array cannot be indexed in that order. */
function typeIndex(type: EventType): string {
  return `create index if not exists batches_${type.slice("job.".length)} on observations.batches (at_max, id)
  where '${type}' = any(types);`;
}
