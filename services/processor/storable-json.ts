/**
 * Returns JSON that PostgreSQL's jsonb accepts: U+0000 and lone surrogates, which it refuses (manual, section 8.14),
 * become U+FFFD.
 */
export function storableJson(text: string): string {
  return text.includes("\\u0000") || text.includes("\\ud") ? JSON.stringify(clean(JSON.parse(text))) : text;
}

/** Returns text that PostgreSQL can hold, truncated to `maxLength` UTF-16 units. */
export function storableText(text: string, maxLength: number): string {
  return cleanText(cleanText(text).slice(0, maxLength));
}

function clean(value: unknown): unknown {
  if (typeof value === "string") return cleanText(value);
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [cleanText(key), clean(item)]));
}

function cleanText(text: string): string {
  return text.toWellFormed().replaceAll("\u0000", "\ufffd");
}
