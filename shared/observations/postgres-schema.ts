import type { Sql } from "../postgres.ts";

/** Notifies followers once for each recorded batch. */
export const FEED_CHANNEL = "observations_feed";

/** Two-part keys of advisory locks: this port's, then who makes tables and who writes. */
const LOCK = 1_868_722_547;
const LOCKS = { making: `${LOCK}, 1`, writing: `${LOCK}, 2` };

/**
 * What is kept, and the one way in. Numbers that come from JSON are doubles, as they are there; times are milliseconds
 * since 1970, as precise as the port's, so that a cursor holds a time whole.
 *
 * `counted` holds every number: by minute since 1970, minute 0 being all time.
 *
 * `record` takes a batch whole or not at all: events, counts and feed entry are one transaction. Where some events are
 * stored already it does nothing and returns their ids. Writers take turns, by a lock that is freed when what they wrote
 * can be seen: so what is looked up stays true, no two wait for each other's rows, and feed ids appear in their order.
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

create or replace function observations.record(
  event_ids uuid[], job_ids uuid[], sequences double precision[], event_types text[], times bigint[],
  runs double precision[], envelopes text[], counts json, deltas text, dropped integer, max_feed bigint
) returns setof uuid language plpgsql as $$
declare entry bigint;
begin
  perform pg_advisory_xact_lock(${LOCKS.writing});
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
  perform pg_notify('${FEED_CHANNEL}', '');
end $$;
`;
const VERSION = Bun.hash(tables(1)).toString(36);

/** Make what is missing, or bring it up to this version; what is there is kept. Any number may do so at a time. */
export async function makeTables(sql: Sql): Promise<void> {
  const [found] = await sql`
    select obj_description(to_regnamespace('observations')::oid, 'pg_namespace') as version`;
  if (found?.version === VERSION) return;
  // A feed that begins anew begins after every id that an earlier one gave, so that no old id names a new entry.
  const firstEntry = Date.now() * 1_000;
  // One message of several statements is one transaction.
  await sql
    .unsafe(
      `select pg_advisory_xact_lock(${LOCKS.making});
       ${tables(firstEntry)}
       comment on schema observations is '${VERSION}';`,
    )
    .simple();
}
