/** A time that is the same in every run, and early in its minute, so that small offsets stay within the minute. */
export const T0 = Date.parse("2026-03-01T12:00:10.000Z");
export const MINUTE = 60_000;

/** Returns the span of all time until now. */
export const always = () => ({ from: new Date(0), before: new Date() });
/** Returns the one-minute span that begins at a time. */
export const minuteAt = (at: number) => ({ from: new Date(at), before: new Date(at + MINUTE) });
