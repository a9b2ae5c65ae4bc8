const MAX_NAMES = 3;
/**
 * For a longer text no name is suggested: it is unlikely to be a misspelled name, and comparing it would take time in
 * proportion to its length.
 */
const MAX_LENGTH = 64;

/**
 * Returns the names that a text probably means, best first: names that differ only in case, that contain the text, or
 * that are a few typing errors away.
 */
export function nearest(text: string, names: Iterable<string>): string[] {
  const meant = text.toLowerCase();
  if (meant === "" || meant.length > MAX_LENGTH) return [];
  return [...new Set(names)]
    .map((name) => ({ name, distance: distanceOf(meant, name.toLowerCase()) }))
    .filter(({ distance }) => distance <= Math.max(1, Math.floor(meant.length / 3)))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, MAX_NAMES)
    .map(({ name }) => name);
}

/** Formats suggestions as the end of a sentence; empty if there are none. */
export function didYouMean(names: readonly string[]): string {
  return names.length === 0 ? "" : `; did you mean ${names.join(" or ")}?`;
}

function distanceOf(a: string, b: string): number {
  if (a === b) return 0;
  if (a.length >= 3 && b.includes(a)) return 0.5;
  if (Math.abs(a.length - b.length) > 4) return Number.POSITIVE_INFINITY;
  return slips(a, b);
}

/** Optimal string alignment distance: counts insertions, deletions, substitutions and transpositions. */
function slips(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, before[j - 2]! + 1);
      row.push(least);
    }
    before = above;
    above = row;
  }
  return above[b.length]!;
}
