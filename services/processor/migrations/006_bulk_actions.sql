-- Actions on all jobs or dead letters that match a filter. Whichever processor holds one goes through the rows by id.

create table bulk_actions (
  id          uuid primary key,           -- of the command that asked for it
  target      text not null check (target in ('jobs', 'dead-letters')),
  action      text not null check (action in ('retry', 'cancel', 'replay', 'drop')),
  filter      jsonb not null,             -- its ages have become times
  state       text not null default 'running' check (state in ('running', 'done', 'cancelled')),
  worker_id   text,                       -- who carries it out
  matched     integer not null,           -- when it was asked for
  seen        integer not null default 0,
  changed     integer not null default 0,
  after       uuid,                       -- everything up to this id is done
  created_at  timestamptz not null,       -- nothing that came to match later is touched
  finished_at timestamptz
);
create index bulk_actions_running on bulk_actions (created_at) where state = 'running';
create index bulk_actions_by_age on bulk_actions (created_at);
