/**
 * JSON that PostgreSQL's jsonb can hold: U+0000 and lone surrogates, which it has not, become U+FFFD.
 * (The manual, section 8.14: `\u0000` and unpaired surrogates are refused.)
 */
export function storableJson(text: string): string {
  return text.includes("\\u0000") || text.includes("\\ud") ? JSON.stringify(clean(JSON.parse(text))) : text;
}

/** Text that PostgreSQL can hold, of at most `maxLength` UTF-16 units. */
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
