-- Workers claim only jobs of types that they know. A job whose type was unknown at intake has no policy until its first
-- claim copies the type's policy.

alter table jobs
  add column type_version integer,   -- version that it was accepted under: major * 10000 + minor; null: any version
  alter column max_attempts drop not null,
  alter column base_ms      drop not null,
  alter column cap_ms       drop not null,
  alter column deadline_ms  drop not null;

-- The job types that a worker runs, each with its version encoded as in jobs.type_version.
alter table workers add column types jsonb not null default '{}';
