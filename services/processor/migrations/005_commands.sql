-- Commands from people: each runs once, and its outcome is available by id.

create table commands (
  id          uuid primary key,
  send        uuid not null,                 -- id of the request that carried it; a repeated request has another id
  fingerprint text not null,                 -- hash of method, path and body; empty while only the id is known
  state       text not null check (state in ('running', 'done', 'refused', 'withdrawn')),
  worker_id   text,                          -- the worker that runs it
  started_at  timestamptz not null default now(),
  reply       jsonb
);
create index commands_by_age on commands (started_at);

-- A repeated replay request receives the first reply.
alter table dead_letters
  add column replay_request text,   -- a hash of the request
  add column replay_reply   jsonb;
