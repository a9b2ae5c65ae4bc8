-- `message` holds the message compressed, as it is published. Processors of earlier versions still write `body`, and
-- read only that column.
alter table outbox alter column body drop not null, add column message bytea;
alter table outbox alter column message set storage external,
  add constraint outbox_has_message check (num_nonnulls(body, message) = 1);
