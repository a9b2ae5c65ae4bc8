import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";

// Runs a service inside the test runner, which is the only way to measure its line coverage. SERVICE names it. What
// would end the process ends the test instead, so that the report is written.
setDefaultTimeout(24 * 3_600_000);
const service = process.env.SERVICE ?? "";

test(service, async () => {
  const ended = Promise.withResolvers<number>();
  process.exit = ((code?: number) => ended.resolve(code ?? 0)) as typeof process.exit;
  const source = service === "web-ui" ? "web/server.ts" : `services/${service}/main.ts`;
  const main = join(import.meta.dir, "../..", source);
  process.argv = [process.execPath, main];
  await import(main);
  // A service that refuses its environment sets the code and opens nothing, so nothing else would end it.
  if (process.exitCode) ended.resolve(Number(process.exitCode));
  expect(await ended.promise).toBe(0);
});
