/** Hashes a request's content. The order of its keys does not matter. */
export function fingerprintOf(request: Readonly<Record<string, unknown>>): string {
  return new Bun.CryptoHasher("sha256").update(canonical(request)).digest("hex").slice(0, 32);
}

function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}
