-- A list by type and status reads only the jobs that it returns; a list by type alone merges one list per status.

create index concurrently if not exists jobs_by_type_status on jobs (type, status, created_at desc, id desc);
drop index concurrently if exists jobs_by_type;
