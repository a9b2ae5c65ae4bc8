-- With these indexes, a claim reads only the best jobs of each type and version that its processor runs, and passes
-- over no other waiting job.

create index concurrently if not exists jobs_claimable on jobs
  (type, (coalesce(type_version, 0)), priority desc, run_at)
  where due and status in ('VALIDATED', 'SCHEDULED', 'RETRYING');
create index concurrently if not exists jobs_future on jobs (run_at)
  where not due and status in ('VALIDATED', 'SCHEDULED', 'RETRYING');
drop index concurrently if exists jobs_waiting;
