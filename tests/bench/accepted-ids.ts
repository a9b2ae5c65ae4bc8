/** Reads the accepted ids out of the 202 body of `POST /jobs` or of `POST /jobs/batch`, the gateway's and the peers'. */
export function readAcceptedIds(body: string): string[] {
  const reply = JSON.parse(body) as { jobId?: string; results?: { jobId?: string }[] };
  if (reply.jobId !== undefined) return [reply.jobId];
  const ids: string[] = [];
  for (const { jobId } of reply.results ?? []) if (jobId !== undefined) ids.push(jobId);
  return ids;
}
