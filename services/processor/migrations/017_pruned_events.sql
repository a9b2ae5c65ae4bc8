-- Tells a job that returns from another one under its id; null where the id may be used again.
alter table pruned_jobs add column created_event_id uuid;
