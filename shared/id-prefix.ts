/** Shorter prefixes would match too many ids. Even the words `a` and `be` consist of hexadecimal digits. */
const MIN_DIGITS = 4;

/** Returns the first and last UUID with a prefix, which may omit dashes; undefined if it is not a UUID prefix. */
export function idRange(text: string): { first: string; last: string } | undefined {
  const digits = text.trim().toLowerCase().replaceAll("-", "");
  if (!/^[0-9a-f]+$/.test(digits) || digits.length < MIN_DIGITS || digits.length > 32) return undefined;
  return { first: dashed(digits.padEnd(32, "0")), last: dashed(digits.padEnd(32, "f")) };
}

function dashed(digits: string): string {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
