import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";

// Runs the service named by SERVICE inside the test runner, because Bun measures line coverage only there.
// `process.exit` ends the test instead of the process, so that the runner writes its report.
setDefaultTimeout(24 * 3_600_000);
const service = process.env.SERVICE ?? "";

test(service, async () => {
  const ended = Promise.withResolvers<number>();
  process.exit = ((code?: number) => ended.resolve(code ?? 0)) as typeof process.exit;
  const source = service === "web-ui" ? "web/server.ts" : `services/${service}/main.ts`;
  const main = join(import.meta.dir, "../..", source);
  process.argv = [process.execPath, main];
  await import(main);
  // A service that rejects its environment only sets the exit code; it never calls `process.exit`.
  if (process.exitCode) ended.resolve(Number(process.exitCode));
  expect(await ended.promise).toBe(0);
});
