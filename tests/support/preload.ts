import { afterAll, setDefaultTimeout } from "bun:test";
import { stopTestEngines } from "./engines.ts";
import { exportJobTypes } from "./export-job-types.ts";

exportJobTypes();

// When a test times out, the runner kills every process it started, including the engines. The limit is generous, so
// that a failing test ends with its own message, which names the problem.
setDefaultTimeout(180_000);
afterAll(stopTestEngines);
