-- An action whose step keeps failing ends as failed, with a reason.

alter table bulk_actions
  drop constraint bulk_actions_state_check,
  add constraint bulk_actions_state_check check (state in ('running', 'done', 'cancelled', 'failed')),
  add column reason text;                 -- why the action failed
