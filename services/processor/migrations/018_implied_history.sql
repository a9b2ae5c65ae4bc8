-- A job's row implies its ordinary history; only exceptional steps have rows of their own. The bits of `implied` say
-- which steps the row implies:
--    1  the creation, at `created_at`
--    2  VALIDATED at `received_at`, as sequence 1
--    4  the start of the first attempt, as sequence 2; a later attempt first copies it to a row, then overwrites it
--    8  the end as COMPLETED, which is final, and the attempt that completed
-- Views under the tables' old names combine implied steps and rows. Processors of earlier versions write to the views
-- as if they were the tables.

alter table jobs
  add column implied        smallint not null default 0,
  add column ended_event_id uuid,   -- of an implied end, because the ledger sums ids
  add column logs           jsonb;  -- of an implied attempt; null: it logged nothing

alter table job_transitions rename to explicit_transitions;
alter table job_attempts rename to explicit_attempts;
-- Null where it is derived from the job and sequence.
alter table explicit_transitions alter column event_id drop not null;

-- Each implied part has constant statuses, so that the planner skips parts that a query excludes.
create view job_transitions as
  select job_id, sequence, run, from_status, to_status, attempt, event_id, at, detail from explicit_transitions
  union all
  select id, 0, 1, null::text, 'PENDING'::text, 0, created_event_id, created_at, null::jsonb
  from jobs where implied & 1 <> 0
  union all
  select id, 1, 1, 'PENDING'::text, 'VALIDATED'::text, 0, null::uuid, received_at, null::jsonb
  from jobs where implied & 2 <> 0
  union all
  select id, 2, 1, 'VALIDATED'::text, 'EXECUTING'::text, 1, null::uuid, date_trunc('milliseconds', started_at),
    jsonb_build_object('workerId', worker_id)
  from jobs where implied & 6 = 6
  union all
  select id, 2, 1, 'SCHEDULED'::text, 'EXECUTING'::text, 1, null::uuid, date_trunc('milliseconds', started_at),
    jsonb_build_object('workerId', worker_id)
  from jobs where implied & 6 = 4
  union all
  select id, sequence, run, 'EXECUTING'::text, 'COMPLETED'::text, attempt, ended_event_id, finished_at, null::jsonb
  from jobs where implied & 8 <> 0;

create view job_attempts as
  select job_id, attempt, run, worker_id, outcome, started_at, finished_at, duration_ms, queue_wait_ms, error, logs
  from explicit_attempts
  union all
  select id, attempt, run, worker_id, 'succeeded'::text, started_at, finished_at, duration_ms, queue_wait_ms,
    null::jsonb, coalesce(logs, '[]'::jsonb)
  from jobs where implied & 8 <> 0;
alter view job_attempts alter column logs set default '[]';

-- An implied step is deleted with its job's row. Deleting it through a view reports a deleted row but changes nothing.
create function write_transition() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    delete from explicit_transitions where job_id = old.job_id and sequence = old.sequence;
    return old;
  end if;
  insert into explicit_transitions (job_id, sequence, run, from_status, to_status, attempt, event_id, at, detail)
  values (new.job_id, new.sequence, new.run, new.from_status, new.to_status, new.attempt, new.event_id, new.at,
    new.detail);
  return new;
end $$;
create trigger written instead of insert or delete on job_transitions
  for each row execute function write_transition();

create function write_attempt() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    delete from explicit_attempts where job_id = old.job_id and attempt = old.attempt;
    return old;
  end if;
  insert into explicit_attempts (job_id, attempt, run, worker_id, outcome, started_at, finished_at, duration_ms,
    queue_wait_ms, error, logs)
  values (new.job_id, new.attempt, new.run, new.worker_id, new.outcome, new.started_at, new.finished_at,
    new.duration_ms, new.queue_wait_ms, new.error, new.logs);
  return new;
end $$;
create trigger written instead of insert or delete on job_attempts
  for each row execute function write_attempt();

create function keep_first_start() returns trigger language plpgsql as $$
begin
  insert into explicit_transitions (job_id, sequence, run, from_status, to_status, attempt, at, detail)
  values (old.id, 2, 1, case when old.implied & 2 <> 0 then 'VALIDATED' else 'SCHEDULED' end, 'EXECUTING', 1,
    date_trunc('milliseconds', old.started_at), jsonb_build_object('workerId', old.worker_id));
  new.implied := new.implied & ~4;
  return new;
end $$;
create trigger first_start_kept before update on jobs for each row
  when (old.implied & 4 <> 0 and new.attempt <> old.attempt) execute function keep_first_start();

-- The ledger must mark implied ends like any other end.
create or replace function ledger_job_changed() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    perform ledger_mark(old.created_at);
    perform ledger_mark(old.finished_at);
  end if;
  if tg_op <> 'DELETE' then
    perform ledger_mark(new.created_at);
    if new.implied & 8 <> 0 then perform ledger_mark(new.finished_at); end if;
  end if;
  return null;
end $$;

create function ledger_end_changed() returns trigger language plpgsql as $$
begin
  if old.implied & 8 <> 0 then perform ledger_mark(old.finished_at); end if;
  if new.implied & 8 <> 0 then perform ledger_mark(new.finished_at); end if;
  return null;
end $$;
create trigger ledger_end_updated after update on jobs for each row
  when ((old.implied & 8 <> 0 and (new.implied & 8 = 0 or old.finished_at is distinct from new.finished_at
      or old.ended_event_id is distinct from new.ended_event_id))
    or (old.implied & 8 = 0 and new.implied & 8 <> 0 and new.finished_at < now() - interval '5 seconds'))
  execute function ledger_end_changed();

-- A start that is written out later is not an end, and must not reopen a seal.
drop trigger ledger_transition_inserted on explicit_transitions;
create trigger ledger_transition_inserted after insert on explicit_transitions for each row
  when (new.at < now() - interval '5 seconds'
    and (new.to_status in ('COMPLETED', 'FAILED', 'CANCELLED', 'REJECTED')
      or new.from_status in ('COMPLETED', 'FAILED', 'CANCELLED', 'REJECTED')))
  execute function ledger_transition_changed();
