/**
 * Limits the number of distinct labels: the first `limit` names keep their own label, and every later name becomes
 * "other". Used for metrics and series, whose cost grows with the number of labels.
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
