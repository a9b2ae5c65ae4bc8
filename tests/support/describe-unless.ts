import { describe, test } from "bun:test";

/** Describes tests, or skips them and shows why they cannot run. In CI they always run. */
export function describeUnless(reason: string | undefined, name: string, define: () => void): void {
  if (reason && !process.env.CI) test.skip(`${name}, left out: ${reason}`, () => undefined);
  else describe(name, define);
}
