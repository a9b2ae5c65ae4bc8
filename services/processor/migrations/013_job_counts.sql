-- Job counts, maintained by the statements that change jobs. Each statement appends its deltas, so that no two
-- statements contend for a row, and processors periodically fold the deltas into totals. Triggers append them, so that
-- writers of every version are counted. `job_count_differences` compares the totals with a full count.
--
-- Version and priority are set for waiting jobs and 0 for others. Open dead letters are counted under the status
-- OPEN_LETTER.

create table job_counts_folded (
  type     text not null,
  status   text not null,
  version  integer not null,
  priority smallint not null,
  due      boolean not null,
  jobs     bigint not null,
  primary key (type, status, version, priority, due)
);

create table job_count_deltas (
  type     text not null,
  status   text not null,
  version  integer not null,
  priority smallint not null,
  due      boolean not null,
  jobs     bigint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

create function count_jobs() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    insert into job_count_deltas
    select type, status, case when waits then version else 0 end, case when waits then priority else 0 end,
      waits and due, sum(jobs)
    from (
      select type, status, coalesce(type_version, 0) as version, priority, due,
        status in ('VALIDATED', 'SCHEDULED', 'RETRYING') as waits, jobs
      from (
        select type, status, type_version, priority, due, 1 as jobs from added
        union all
        select type, status, type_version, priority, due, -1 from removed
      ) changed
    ) counted
    group by 1, 2, 3, 4, 5 having sum(jobs) <> 0;
  elsif tg_op = 'INSERT' then
    insert into job_count_deltas
    select type, status, case when waits then version else 0 end, case when waits then priority else 0 end,
      waits and due, count(*)
    from (
      select type, status, coalesce(type_version, 0) as version, priority, due,
        status in ('VALIDATED', 'SCHEDULED', 'RETRYING') as waits
      from added
    ) counted
    group by 1, 2, 3, 4, 5;
  else
    insert into job_count_deltas
    select type, status, case when waits then version else 0 end, case when waits then priority else 0 end,
      waits and due, -count(*)
    from (
      select type, status, coalesce(type_version, 0) as version, priority, due,
        status in ('VALIDATED', 'SCHEDULED', 'RETRYING') as waits
      from removed
    ) counted
    group by 1, 2, 3, 4, 5;
  end if;
  return null;
end $$;

create trigger counted_on_insert after insert on jobs referencing new table as added
  for each statement execute function count_jobs();
create trigger counted_on_update after update on jobs referencing new table as added old table as removed
  for each statement execute function count_jobs();
create trigger counted_on_delete after delete on jobs referencing old table as removed
  for each statement execute function count_jobs();

create function count_letters() returns trigger language plpgsql as $$
declare
  change bigint := 0;
begin
  if tg_op <> 'DELETE' then
    change := (select count(*) from added where replayed_at is null and dropped_at is null);
  end if;
  if tg_op <> 'INSERT' then
    change := change - (select count(*) from removed where replayed_at is null and dropped_at is null);
  end if;
  if change <> 0 then
    insert into job_count_deltas values ('', 'OPEN_LETTER', 0, 0, false, change);
  end if;
  return null;
end $$;

create trigger counted_on_insert after insert on dead_letters referencing new table as added
  for each statement execute function count_letters();
create trigger counted_on_update after update on dead_letters referencing new table as added old table as removed
  for each statement execute function count_letters();
create trigger counted_on_delete after delete on dead_letters referencing old table as removed
  for each statement execute function count_letters();

-- Compares a full count with the maintained counts and returns the differences. It may run while jobs are running,
-- because one statement sees one snapshot. It reads whole tables, so it turns sequential scans on, which processor
-- sessions turn off.
create function job_count_differences()
  returns table (type text, status text, version integer, priority smallint, due boolean, counted bigint, kept bigint)
  language sql stable set enable_seqscan = on set jit = off as $$
    select type, status, version, priority, due, sum(counted)::bigint, sum(kept)::bigint
    from (
      select type, status, case when waits then version else 0 end as version,
        case when waits then priority else 0 end::smallint as priority, waits and due as due, jobs as counted, 0 as kept
      from (
        select type, status, coalesce(type_version, 0) as version, priority, due,
          status in ('VALIDATED', 'SCHEDULED', 'RETRYING') as waits, count(*) as jobs
        from jobs group by 1, 2, 3, 4, 5
      ) rows
      union all
      select '', 'OPEN_LETTER', 0, 0::smallint, false, count(*), 0
      from dead_letters where replayed_at is null and dropped_at is null
      union all
      select type, status, version, priority, due, 0, jobs from job_counts_folded
      union all
      select type, status, version, priority, due, 0, jobs from job_count_deltas
    ) both_sides
    group by 1, 2, 3, 4, 5 having sum(counted) <> sum(kept);
  $$;
