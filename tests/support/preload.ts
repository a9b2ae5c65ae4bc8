import { afterAll, setDefaultTimeout } from "bun:test";
import { stopTestEngines } from "./engines.ts";
import { exportJobTypes } from "./export-job-types.ts";

exportJobTypes();

// At a timeout the runner ends every process it started, engines included. This limit is generous, so that tests fail
// by their own conditions and say which.
setDefaultTimeout(180_000);
afterAll(stopTestEngines);
