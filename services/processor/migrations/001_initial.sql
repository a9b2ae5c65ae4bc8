-- The job store. Only the processor writes to these tables; the read-model reads them.

create table jobs (
  id               uuid primary key,
  type             text not null,
  status           text not null check (status in
                     ('PENDING','VALIDATED','SCHEDULED','EXECUTING','RETRYING',
                      'COMPLETED','FAILED','CANCELLED','REJECTED')),
  priority         smallint not null,
  payload          jsonb not null,
  metadata         jsonb,
  idempotency_key  text,
  fingerprint      text not null,
  correlation_id   uuid not null,
  created_event_id uuid not null,
  traceparent      text,
  parent_id        uuid,
  origin_id        uuid,
  origin_kind      text,
  sequence         integer not null,            -- of the newest event
  run              integer not null default 1,  -- 1 plus the retries and replays that people requested
  attempt          integer not null default 0,  -- counted over all runs; fences off late writes
  tries            integer not null default 0,  -- attempts of this run that failed or timed out
  losses           integer not null default 0,  -- attempts of this run that died with their worker
  max_attempts     integer not null,
  base_ms          integer not null,
  cap_ms           integer not null,
  deadline_ms      integer not null,
  run_at           timestamptz not null,        -- earliest time of the next claim
  created_at       timestamptz not null,
  received_at      timestamptz not null,
  updated_at       timestamptz not null,
  started_at       timestamptz,                 -- of the newest attempt
  finished_at      timestamptz,
  worker_id        text,
  cancel_requested boolean not null default false,
  progress         jsonb,
  result           jsonb,
  error            jsonb,
  duration_ms      double precision,            -- of the newest attempt
  queue_wait_ms    double precision
);

create index jobs_waiting on jobs (priority desc, run_at) where status in ('VALIDATED', 'SCHEDULED', 'RETRYING');
create index jobs_executing on jobs (worker_id) where status = 'EXECUTING';
create index jobs_recent on jobs (created_at desc, id desc);
create index jobs_by_status on jobs (status, created_at desc, id desc);
create index jobs_by_type on jobs (type, created_at desc, id desc);
create index jobs_by_parent on jobs (parent_id, created_at desc) where parent_id is not null;
create index jobs_by_payload on jobs using gin (payload jsonb_path_ops) where payload <> '{}';
create index jobs_by_text on jobs using gin (to_tsvector('simple', payload)) where payload <> '{}';
create index jobs_by_error on jobs using gin (to_tsvector('simple', error)) where error is not null;

-- One row for each status change. Sequences have gaps, because job.executed takes a number but changes no status.
create table job_transitions (
  job_id      uuid not null,
  sequence    integer not null,
  run         integer not null,
  from_status text,
  to_status   text not null,
  attempt     integer not null,
  event_id    uuid not null,
  at          timestamptz not null,
  detail      jsonb,
  primary key (job_id, sequence)
);

-- One row for each ended attempt. A running attempt is recorded in its job's row.
create table job_attempts (
  job_id        uuid not null,
  attempt       integer not null,
  run           integer not null,
  worker_id     text not null,
  outcome       text not null check (outcome in ('succeeded', 'failed', 'timed-out', 'cancelled', 'lost')),
  started_at    timestamptz not null,
  finished_at   timestamptz not null,
  duration_ms   double precision not null,
  queue_wait_ms double precision not null,
  error         jsonb,
  logs          jsonb not null default '[]',
  primary key (job_id, attempt)
);

-- One row for each message that is not confirmed yet. Bodies are written once and soon deleted, so compressing them
-- would cost more than it saves.
create table outbox (
  id         bigint generated always as identity primary key,
  body       text not null,
  created_at timestamptz not null default now()
);
alter table outbox alter column body set storage external;

create table dead_letters (
  id          uuid primary key,
  kind        text not null check (kind in ('message', 'job')),
  reason      text not null,
  detail      text not null,
  service     text not null,
  queue       text not null,
  died_at     timestamptz not null,
  body        bytea not null,
  job_id      uuid,
  event_id    uuid,
  replays     integer not null default 0,
  replayed_at timestamptz,
  replayed_as uuid,
  dropped_at  timestamptz           -- hidden from then on; the ledger still accounts for it
);
create index dead_letters_recent on dead_letters (died_at desc, id desc);
create index dead_letters_by_event on dead_letters (event_id) where event_id is not null;
create index dead_letters_by_job on dead_letters (job_id) where job_id is not null;

-- One row for each registration of a processor. Once its heartbeat is older than the lease, others may take over its
-- jobs.
create table workers (
  id           text primary key,
  host         text not null,
  pid          integer not null,
  version      text not null,
  concurrency  integer not null,
  state        text not null check (state in ('alive', 'stopping', 'stopped', 'lost')),
  started_at   timestamptz not null default now(),
  heartbeat_at timestamptz not null default now()
);

create table paused_types (
  type      text primary key,
  paused_at timestamptz not null default now()
);
