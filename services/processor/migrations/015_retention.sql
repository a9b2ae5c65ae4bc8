-- Records of deletions by retention and purges.

-- The most recently deleted jobs, one narrow row each, so that requests for their ids can be answered.
create table pruned_jobs (
  id        uuid primary key,
  status    text not null,
  reason    text not null check (reason in ('retention', 'purge')),
  pruned_at timestamptz not null default now()
);
create index pruned_jobs_by_age on pruned_jobs (pruned_at);

-- One row for each retention rule, updated by every processor that enforces it.
create table retention (
  rule        text primary key,
  keep_hours  integer not null,
  pruned      bigint not null default 0,
  waiting     text,                     -- why due jobs are not being pruned yet
  looked_at   timestamptz not null default now()
);

create index dead_letters_handled on dead_letters (greatest(replayed_at, dropped_at))
  where replayed_at is not null or dropped_at is not null;

alter table bulk_actions
  drop constraint bulk_actions_action_check,
  add constraint bulk_actions_action_check check (action in ('retry', 'cancel', 'replay', 'drop', 'purge'));
