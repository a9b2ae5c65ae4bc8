/**
 * Returns how many bytes a JSON value takes when PostgreSQL prints it. PostgreSQL writes numbers out as full decimals: the
 * five characters `1e308` become 309 digits, so a short value may become a reply sixty times its size. Callers that
 * already have the value's JSON can pass it as `text`.
 */
export function printedBytes(value: unknown, text = JSON.stringify(value)): number {
  return Buffer.byteLength(text) + expansion(value);
}

/** Returns the number of digits that exponents inside a value add. */
function expansion(value: unknown): number {
  if (typeof value === "number") return Math.abs(Number(String(value).split("e")[1] ?? 0));
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce<number>((sum, item) => sum + expansion(item), 0);
}
