/** Formats a count with its thousands grouped: 12,480. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** Formats a duration compactly: 0.2 ms, 18 ms, 1.5 s, 2 min, 3 h, 4 d. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return "–";
  if (ms < 9.95) return `${ms < 0.05 ? "0" : trimmed(ms.toFixed(1))} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${ms < 9_950 ? (ms / 1_000).toFixed(1) : Math.round(ms / 1_000)} s`;
  if (ms < 3_570_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} d`;
}

/** Formats an age like {@link duration}, but without fractions of a second, so a column of ages does not flicker. */
export function age(ms: number): string {
  const whole = Math.max(0, ms);
  return whole < 60_000 ? `${Math.floor(whole / 1_000)} s` : duration(whole);
}

/** Formats the local time of day, with milliseconds on request. */
export function clock(at: number, { withMillis = false } = {}): string {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, "0");
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return withMillis ? `${time}.${String(date.getMilliseconds()).padStart(3, "0")}` : time;
}

/**
 * Shortens an id to its last eight hexadecimal digits. The first digits of a version 7 UUID are a timestamp, which
 * several rows may share.
 */
export function shortId(id: string): string {
  return id.replaceAll("-", "").slice(-8);
}

/** Formats a rate per second: 38.2/s, 1,204/s. */
export function rate(perSecond: number): string {
  return `${perSecond < 99.95 ? perSecond.toFixed(1) : count(perSecond)}/s`;
}

const trimmed = (text: string) => text.replace(/\.0$/, "");
