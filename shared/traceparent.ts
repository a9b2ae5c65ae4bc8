// W3C Trace Context, level 2, section 3.2: version-traceid-parentid-flags. A later version may append more fields.
const READABLE = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/;
const LENGTH = 55;

/** A `traceparent` header as this system passes it on; undefined when it is absent or unreadable (section 2.2). */
export function readTraceparent(header: string | null): string | undefined {
  if (header === null || !READABLE.test(header)) return undefined;
  if (header.startsWith("00")) return header.length === LENGTH ? header : undefined;
  return `00${header.slice(2, LENGTH)}`;
}

/** The trace id of a job that came without a trace: the job's own id, known without a random number or a look-up. */
export function traceIdOfJob(jobId: string): string {
  return jobId.replaceAll("-", "").toLowerCase();
}

/** The `traceparent` of that trace where none of its spans is exported. The second half of a UUID is never zero. */
export function traceparentOfJob(jobId: string): string {
  const traceId = traceIdOfJob(jobId);
  return `00-${traceId}-${traceId.slice(16)}-00`;
}

export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}

/** The trace of a job from its row or request: the caller's, or its own. */
export function traceIdFor(jobId: string, traceparent: string | null | undefined): string {
  return traceparent ? traceIdOf(traceparent) : traceIdOfJob(jobId);
}

export function parentIdOf(traceparent: string): string {
  return traceparent.slice(36, 52);
}

/** Whether the sender exports its spans: the lowest bit of the flags. */
export function isSampled(traceparent: string): boolean {
  // Of the digits 0-9 and a-f, the codes of 1, 3, 5, 7 and 9 are odd, those of b, d and f even.
  const code = traceparent.charCodeAt(LENGTH - 1);
  return code < 58 ? (code & 1) === 1 : (code & 1) === 0;
}
