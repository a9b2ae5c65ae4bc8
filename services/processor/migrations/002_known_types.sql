-- Workers claim only types that they know. A job whose type was unknown at intake has no policy: its first claim copies
-- the type's.

alter table jobs
  add column type_version integer,   -- of the job type it was accepted under: major * 10000 + minor; null: any
  alter column max_attempts drop not null,
  alter column base_ms      drop not null,
  alter column cap_ms       drop not null,
  alter column deadline_ms  drop not null;

-- Job types that a worker runs, each with its version as in jobs.type_version.
alter table workers add column types jsonb not null default '{}';
