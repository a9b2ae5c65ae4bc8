import { LAST_BATCHED_SEQUENCE } from "../event-batch.ts";

/** The channel that notifies followers once per recorded batch. */
export const FEED_CHANNEL = "observations_feed";

/** The first half of this port's advisory lock keys; the second half names the lock. */
export const LOCK_CLASS = 1_868_722_547;
/** The lock that writers hold until their transaction ends. */
const WRITE_LOCK = `${LOCK_CLASS}, 2`;

/**
 * The functions that add and delete events.
 *
 * `keep` stores all of the events or none: events, counts and feed entry are one transaction. If an event is already
 * stored, or a different one is stored under its job and sequence, `keep` does nothing and returns the conflicting ids
 * and whether each is stored. Writers take turns under a lock that is released once their rows are visible. What a writer
 * looked up therefore still holds when it inserts, no two writers wait for each other's rows, and feed ids become visible
 * in order.
 *
 * `record` serves an older version, without batches, that may still run beside this one.
 */
export const FUNCTIONS = `create or replace function observations.count_and_tell(counts json, deltas text, dropped integer, max_feed bigint)
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
  perform pg_advisory_xact_lock(${WRITE_LOCK});
  return query
    select given.event_id, given.bit > 1 or job.created = given.event_id
      from unnest(event_ids, job_ids, bits) as given (event_id, job_id, bit)
      -- \`offset 0\` keeps this a lookup per event. A join would read all jobs while there are fewer than 100,000 or so.
      cross join lateral (select * from observations.seen where seen.job_id = given.job_id offset 0) as job
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
  perform pg_advisory_xact_lock(${WRITE_LOCK});
  delete from observations.batches where id = any(batch_ids);
  delete from observations.seen where job_id = any(job_ids) and at < before;
end $$;

create or replace function observations.record(
  event_ids uuid[], job_ids uuid[], sequences double precision[], event_types text[], times bigint[],
  runs double precision[], envelopes text[], counts json, deltas text, dropped integer, max_feed bigint
) returns setof uuid language plpgsql as $$
begin
  perform pg_advisory_xact_lock(${WRITE_LOCK});
  return query
    select given.event_id from unnest(event_ids, job_ids, sequences) as given (event_id, job_id, sequence)
      cross join lateral (select * from observations.seen where seen.job_id = given.job_id offset 0) as job
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
