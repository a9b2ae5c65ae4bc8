import { describe, test } from "bun:test";

/** Describes tests unless there is a reason why they cannot run, which then names them; in CI they run and fail. */
export function describeUnless(reason: string | undefined, name: string, define: () => void): void {
  if (reason && !process.env.CI) test.skip(`${name}, left out: ${reason}`, () => undefined);
  else describe(name, define);
}
