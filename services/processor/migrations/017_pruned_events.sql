-- Distinguishes a redelivered job from a new one under the same id. Null: the id may be reused.
alter table pruned_jobs add column created_event_id uuid;
