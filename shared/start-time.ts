const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Parses a start time as a user types it: relative, such as `+5m`, or RFC 3339. Returns undefined if the text is empty,
 * and null if it is invalid.
 */
export function startTimeOf(text: string, now: number): string | undefined | null {
  if (text === "") return undefined;
  const [, amount, unit] = /^\+(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (amount) return new Date(now + Number(amount) * UNITS[unit as keyof typeof UNITS]).toISOString();
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) && !Number.isNaN(Date.parse(text)) ? text : null;
}
