-- Counts the jobs from before the triggers, minus any that the triggers have counted since. The view for readers is
-- created only after this first count.

insert into job_count_deltas
  select type, status, version, priority, due, counted - kept from job_count_differences();

create view job_counts as
  select type, status, version, priority, due, sum(jobs)::bigint as jobs
  from (select * from job_counts_folded union all select * from job_count_deltas) kept
  group by 1, 2, 3, 4, 5 having sum(jobs) <> 0;
