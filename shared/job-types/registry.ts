// Written by write-registry.ts from the files of this folder; `bun run contracts:export` brings it up to date.

import type { JobType } from "./define.ts";
import fail from "./fail.ts";
import fanOut from "./fan-out.ts";
import flaky from "./flaky.ts";
import hash from "./hash.ts";
import httpCheck from "./http-check.ts";
import sleep from "./sleep.ts";

/** Every job type, by name. */
export const JOB_TYPES: ReadonlyMap<string, JobType> = new Map(
  [fail, fanOut, flaky, hash, httpCheck, sleep].map((jobType) => [jobType.name, jobType]),
);
