-- Actions on all jobs or dead letters that match a filter. The processor that holds an action works through its rows in
-- id order.

create table bulk_actions (
  id          uuid primary key,           -- id of the command that requested it
  target      text not null check (target in ('jobs', 'dead-letters')),
  action      text not null check (action in ('retry', 'cancel', 'replay', 'drop')),
  filter      jsonb not null,             -- with ages resolved to times
  state       text not null default 'running' check (state in ('running', 'done', 'cancelled')),
  worker_id   text,                       -- the worker that runs it
  matched     integer not null,           -- how many rows matched when it was requested
  seen        integer not null default 0,
  changed     integer not null default 0,
  after       uuid,                       -- everything up to this id is done
  created_at  timestamptz not null,       -- rows that match only later are not touched
  finished_at timestamptz
);
create index bulk_actions_running on bulk_actions (created_at) where state = 'running';
create index bulk_actions_by_age on bulk_actions (created_at);
