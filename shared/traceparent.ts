// W3C Trace Context, level 2, section 3.2: version-traceid-parentid-flags. A later version may append more fields.
const READABLE = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/;
const LENGTH = 55;

/** Reads a `traceparent` header in the form that this system passes on; undefined if it is invalid (section 2.2). */
export function readTraceparent(header: string | null): string | undefined {
  if (header === null || !READABLE.test(header)) return undefined;
  if (header.startsWith("00")) return header.length === LENGTH ? header : undefined;
  return `00${header.slice(2, LENGTH)}`;
}

/** Returns the trace id of a job that came without a trace: the job's own id, which needs no lookup. */
export function traceIdOfJob(jobId: string): string {
  return jobId.replaceAll("-", "").toLowerCase();
}

/** Returns the `traceparent` of a job's own, unsampled trace. Its span id, half of a UUID, is never zero. */
export function traceparentOfJob(jobId: string): string {
  const traceId = traceIdOfJob(jobId);
  return `00-${traceId}-${traceId.slice(16)}-00`;
}

export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}

/** Returns a job's trace id: the caller's, or by default the job's own. */
export function traceIdFor(jobId: string, traceparent: string | null | undefined): string {
  return traceparent ? traceIdOf(traceparent) : traceIdOfJob(jobId);
}

export function parentIdOf(traceparent: string): string {
  return traceparent.slice(36, 52);
}

/** Whether the sender exports its spans, according to the lowest bit of the flags. */
export function isSampled(traceparent: string): boolean {
  // The odd hexadecimal digits 1 to 9 have odd character codes, but b, d and f have even ones.
  const code = traceparent.charCodeAt(LENGTH - 1);
  return code < 58 ? (code & 1) === 1 : (code & 1) === 0;
}
