-- The ledger's seals. The read-model writes each seal in one statement; a processor that prunes jobs adds the rows it
-- deleted.

-- Each seal covers [from_at, until) and begins where the previous one ends. The columns from `completed` to `rejected`
-- count the jobs that entered the status minus the jobs that left it, so that their sums over all seals are the current
-- totals. The columns named `…_check` hold checksums of event ids.
create table ledger_seals (
  from_at       timestamptz primary key,
  until         timestamptz not null unique,
  witnessed     boolean not null,            -- false: only the job store vouches for it, as the events are gone
  accepted      integer not null,            -- number of job.created events
  dead_lettered integer not null,
  completed     integer not null,
  failed        integer not null,
  cancelled     integer not null,
  rejected      integer not null,
  solid_jobs    integer not null,            -- jobs that at least one side vouched for
  solid_ends    integer not null,            -- ends that at least one side vouched for
  rows          integer not null,            -- of the job store, including pruned rows
  rows_check    bigint not null,
  row_ends      integer not null,
  ends_check    bigint not null,
  vanished      integer not null default 0,  -- sealed jobs and ends that neither side has any more
  accused       integer not null,            -- number of rows in ledger_accusations
  late_seen     double precision not null,   -- late events known at the time of judgement
  seen_xid      xid8 not null,               -- changes by this and later transactions were not seen
  sealed_at     timestamptz not null default now(),
  judged_at     timestamptz not null default now(),
  pruned_rows      integer not null default 0,
  pruned_check     bigint not null default 0,
  pruned_ends      integer not null default 0,
  pruned_ends_check bigint not null default 0,
  pruned_completed integer not null default 0,
  pruned_failed    integer not null default 0,
  pruned_cancelled integer not null default 0,
  pruned_rejected  integer not null default 0
);
create index ledger_seals_judged on ledger_seals (judged_at);
create index ledger_seals_unbalanced on ledger_seals (judged_at) where accused > 0 or vanished > 0;

create table ledger_accusations (
  from_at timestamptz not null references ledger_seals on delete cascade,
  verdict text not null check (verdict in ('lost', 'unobserved', 'duplicated')),
  job_id  uuid not null,
  primary key (from_at, verdict, job_id)
);
create index ledger_accusations_by_job on ledger_accusations (job_id);

create table ledger_audits (
  id           uuid primary key,
  requested_at timestamptz not null default now(),
  until        timestamptz not null,
  finished_at  timestamptz
);

-- Seconds whose jobs or transitions changed after a seal may already have covered them.
create table ledger_marks (
  at  timestamptz not null,
  xid xid8 not null,
  primary key (at, xid)
);

create function ledger_mark(moment timestamptz) returns void language sql as $$
  insert into ledger_marks (at, xid)
  select date_trunc('second', moment), pg_current_xact_id() where moment is not null
  on conflict do nothing
$$;

create function ledger_job_changed() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    perform ledger_mark(old.created_at);
    perform ledger_mark(old.finished_at);
  end if;
  if tg_op <> 'DELETE' then
    perform ledger_mark(new.created_at);
  end if;
  return null;
end $$;

create function ledger_transition_changed() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then perform ledger_mark(old.at); end if;
  if tg_op <> 'DELETE' then perform ledger_mark(new.at); end if;
  return null;
end $$;

-- The trigger conditions are cheap and almost always false, because ordinary work inserts new jobs and ends running
-- ones.
create trigger ledger_job_inserted after insert on jobs for each row
  when (new.created_at < now() - interval '5 seconds') execute function ledger_job_changed();
create trigger ledger_job_updated after update on jobs for each row
  when (old.id <> new.id or old.created_at <> new.created_at or old.created_event_id <> new.created_event_id
    or (old.status <> new.status and old.status in ('COMPLETED', 'FAILED', 'CANCELLED', 'REJECTED')
      and new.status in ('COMPLETED', 'FAILED', 'CANCELLED', 'REJECTED')))
  execute function ledger_job_changed();
create trigger ledger_job_deleted after delete on jobs for each row
  when (current_setting('observatory.pruning', true) is distinct from 'on') execute function ledger_job_changed();
create trigger ledger_transition_inserted after insert on job_transitions for each row
  when (new.at < now() - interval '5 seconds') execute function ledger_transition_changed();
create trigger ledger_transition_updated after update on job_transitions for each row
  execute function ledger_transition_changed();
create trigger ledger_transition_deleted after delete on job_transitions for each row
  when (current_setting('observatory.pruning', true) is distinct from 'on')
  execute function ledger_transition_changed();
