-- The ledger reads the ends of jobs, and the moves that undo them, in time order.

create index concurrently if not exists job_transitions_ends on job_transitions (at)
  where to_status in ('COMPLETED', 'FAILED', 'CANCELLED', 'REJECTED')
    or from_status in ('COMPLETED', 'FAILED', 'CANCELLED', 'REJECTED');
create index concurrently if not exists dead_letters_unborn on dead_letters (job_id)
  where kind = 'message' and queue = 'jobs.created' and job_id is not null and dropped_at is null;
