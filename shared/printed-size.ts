/**
 * The size in bytes of a JSON value as PostgreSQL prints it. Its numbers are exact decimals, written out in full: the
 * five characters `1e308` are printed as 309 digits, so a small text may become a reply sixty times its size. `text`
 * is the value's JSON, where the caller has it.
 */
export function printedBytes(value: unknown, text = JSON.stringify(value)): number {
  return Buffer.byteLength(text) + expansion(value);
}

/** Digits that the exponents inside a value add. */
function expansion(value: unknown): number {
  if (typeof value === "number") return Math.abs(Number(String(value).split("e")[1] ?? 0));
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce<number>((sum, item) => sum + expansion(item), 0);
}
