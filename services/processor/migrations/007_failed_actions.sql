-- An action whose step keeps failing for a reason of its own ends, and says why.

alter table bulk_actions
  drop constraint bulk_actions_state_check,
  add constraint bulk_actions_state_check check (state in ('running', 'done', 'cancelled', 'failed')),
  add column reason text;                 -- why it failed
