-- Distinguishes a redelivered job from a new one under the same id. If the column is null, the id may be reused.
alter table pruned_jobs add column created_event_id uuid;
