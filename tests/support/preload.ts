import { afterAll, setDefaultTimeout } from "bun:test";
import { stopTestEngines } from "./engines.ts";
import { exportJobTypes } from "./export-job-types.ts";

exportJobTypes();

// When a test times out, the runner kills every process it started, including the engines. This limit is generous so
// that a test fails by its own condition, whose message names the problem.
setDefaultTimeout(180_000);
afterAll(stopTestEngines);
