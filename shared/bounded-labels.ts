/**
 * Keeps the number of distinct labels bounded: the first `limit` names it meets stand for themselves, every later one
 * is "other". For metric labels and series, whose cost grows with their number.
 */
export function createBoundedLabels(limit: number): (name: string) => string {
  const known = new Set<string>();
  return (name) => {
    if (known.has(name)) return name;
    if (known.size >= limit) return "other";
    known.add(name);
    return name;
  };
}
