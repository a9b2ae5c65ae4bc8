/** Reads the accepted ids from a 202 body of `POST /jobs` or `POST /jobs/batch`, sent by the gateway or a peer. */
export function readAcceptedIds(body: string): string[] {
  const reply = JSON.parse(body) as { jobId?: string; results?: { jobId?: string }[] };
  if (reply.jobId !== undefined) return [reply.jobId];
  const ids: string[] = [];
  for (const { jobId } of reply.results ?? []) if (jobId !== undefined) ids.push(jobId);
  return ids;
}
