-- What the ledger reads in the order of time: the ends of jobs, and where a job left its end again.

create index concurrently if not exists job_transitions_ends on job_transitions (at)
  where to_status in ('COMPLETED', 'FAILED', 'CANCELLED', 'REJECTED')
    or from_status in ('COMPLETED', 'FAILED', 'CANCELLED', 'REJECTED');
create index concurrently if not exists dead_letters_unborn on dead_letters (job_id)
  where kind = 'message' and queue = 'jobs.created' and job_id is not null and dropped_at is null;
