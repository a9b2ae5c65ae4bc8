-- What people commanded: each command runs once, and its outcome can be asked for by its id.

create table commands (
  id          uuid primary key,
  send        uuid not null,                 -- of the request that carried it; a repetition has another one
  fingerprint text not null,                 -- of method, path and body; empty while only the id is known
  state       text not null check (state in ('running', 'done', 'refused', 'withdrawn')),
  worker_id   text,                          -- who carries it out
  started_at  timestamptz not null default now(),
  reply       jsonb
);
create index commands_by_age on commands (started_at);

-- A second click on a letter that was replayed answers as the first did.
alter table dead_letters
  add column replay_request text,   -- a hash of what was asked for
  add column replay_reply   jsonb;
