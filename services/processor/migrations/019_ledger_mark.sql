-- PL/pgSQL plans the insert once per session. As an SQL function, it was planned for every job that intake received
-- more than 5 s after its creation.

create or replace function ledger_mark(moment timestamptz) returns void language plpgsql as $$
begin
  if moment is not null then
    insert into ledger_marks (at, xid) values (date_trunc('second', moment), pg_current_xact_id())
    on conflict do nothing;
  end if;
end $$;
