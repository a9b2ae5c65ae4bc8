import { expect, test } from "bun:test";
import { newJobId } from "../contracts/ids.ts";
import {
  isSampled,
  parentIdOf,
  readTraceparent,
  traceIdOf,
  traceIdOfJob,
  traceparentOfJob,
} from "./traceparent.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const GIVEN = `00-${TRACE}-${SPAN}-01`;

test("a valid header is passed on, and its parts can be read", () => {
  expect(readTraceparent(GIVEN)).toBe(GIVEN);
  expect([traceIdOf(GIVEN), parentIdOf(GIVEN)]).toEqual([TRACE, SPAN]);
});

test("a header of a later version is reduced to the fields of this version", () => {
  expect(readTraceparent(`01-${TRACE}-${SPAN}-01`)).toBe(GIVEN);
  expect(readTraceparent(`cc-${TRACE}-${SPAN}-01-what-comes-later`)).toBe(GIVEN);
});

test("an invalid header is treated as missing", () => {
  const unreadable = [
    null,
    "",
    "nonsense",
    `ff-${TRACE}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `01-${TRACE}-${SPAN}-01.`,
    `00-${TRACE}-${SPAN}`,
  ];
  expect(unreadable.filter((header) => readTraceparent(header) !== undefined)).toEqual([]);
});

test("the sampled flag is the lowest bit, whatever the other bits are", () => {
  const sampled = Array.from({ length: 256 }, (_, flags) => flags).filter((flags) =>
    isSampled(`00-${TRACE}-${SPAN}-${flags.toString(16).padStart(2, "0")}`),
  );
  expect(sampled).toEqual(Array.from({ length: 128 }, (_, half) => 2 * half + 1));
});

test("a job's own trace has the job's id, and is valid and not sampled", () => {
  for (let n = 0; n < 50; n++) {
    const jobId = newJobId();
    const traceparent = traceparentOfJob(jobId);
    expect(readTraceparent(traceparent)).toBe(traceparent);
    expect(traceIdOf(traceparent)).toBe(jobId.replaceAll("-", ""));
    expect(traceIdOf(traceparent)).toBe(traceIdOfJob(jobId.toUpperCase()));
    expect(isSampled(traceparent)).toBe(false);
  }
});
