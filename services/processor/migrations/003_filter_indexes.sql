-- Indexes for filters other than status, type and payload. They are partial, so that rows without the value cost
-- nothing.

create index jobs_by_finish on jobs (finished_at) where finished_at is not null;
create index jobs_by_worker on jobs (worker_id, created_at desc, id desc) where worker_id is not null;
create index jobs_by_error_code on jobs ((error->>'code'), created_at desc, id desc) where error is not null;
create index jobs_by_fingerprint on jobs ((error->>'fingerprint'), created_at desc, id desc) where error is not null;
