import { EVENT_TYPES, type EventType } from "../../../contracts/events.ts";
import type { Sql } from "../../postgres.ts";
import { FUNCTIONS, LOCK_CLASS } from "./functions-sql.ts";

/** The lock that a process holds while it creates or upgrades the tables. */
const UPGRADE_LOCK = `${LOCK_CLASS}, 1`;

/**
 * The tables, and the functions that write to them. Numbers from JSON are doubles, as in JavaScript. Times are in
 * milliseconds since 1970, as in `port.ts`, so a cursor represents a time exactly.
 *
 * Each row in `batches` holds many events. `seen` has a row per job: the sequence numbers of its stored events as the
 * bits of `mask`, the id of its `job.created`, and its batches. `events` has a row for each event outside a batch,
 * including events stored by versions without batches.
 *
 * `counted` holds every number, by minute since 1970; minute 0 means all time.
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

${FUNCTIONS}`;
const VERSION = Bun.hash(tables(1)).toString(36);

/**
 * Creates missing tables and functions, and upgrades existing ones to this version, keeping the data. Any number of
 * processes may call it at once.
 */
export async function makeTables(sql: Sql): Promise<void> {
  const [found] = await sql`
    select obj_description(to_regnamespace('observations')::oid, 'pg_namespace') as version`;
  if (found?.version === VERSION) return;
  // The ids of a new feed are higher than all ids that an earlier feed issued, so no old id refers to a new entry.
  const firstEntry = Date.now() * 1_000;
  // Several statements in one message run as one transaction.
  await sql
    .unsafe(
      `select pg_advisory_xact_lock(${UPGRADE_LOCK});
       ${tables(firstEntry)}
       comment on schema observations is '${VERSION}';`,
    )
    .simple();
}

/**
 * Returns SQL for an index by time of the batches that contain one event type. Each type has its own index, because no
 * single index covers the elements of an array and is also sorted by time.
 */
function typeIndex(type: EventType): string {
  return `create index if not exists batches_${type.slice("job.".length)} on observations.batches (at_max, id)
  where '${type}' = any(types);`;
}
