update jobs set due = false
where ctid = any(array(
  select ctid from jobs
  where due and status in ('VALIDATED', 'SCHEDULED', 'RETRYING') and run_at > now()
  limit $1 for update skip locked))
