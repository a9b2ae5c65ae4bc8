import { expect, test } from "bun:test";
import { ActionRequest, JobRequest } from "../../contracts/api-commands.ts";
import { AppError } from "../errors.ts";
import { createCheck } from "./read-request.ts";

const checkJob = createCheck(JobRequest, "VALIDATION_FAILED", "The job");
const checkAction = createCheck(ActionRequest, "VALIDATION_FAILED", "The request");

function faults(check: (value: unknown) => unknown, value: unknown) {
  try {
    check(value);
  } catch (error) {
    if (error instanceof AppError) return error.errors?.map(({ path, message }) => `${path} ${message}`);
    throw error;
  }
  return [];
}
const ofFilter = (filter: unknown) => faults(checkAction, { action: "retry", filter });

test("a missing field, or one with several faults, is reported once", () => {
  expect(faults(checkJob, { payload: {} })).toEqual(["/type Expected required property"]);
  expect(faults(checkJob, { type: "sleep", priority: "high" })).toEqual(["/priority Expected integer"]);
  expect(faults(checkJob, [])).toEqual(["/ Expected object"]);
});

test("the refusal's sentence names the first faulty place and what was expected there", () => {
  expect(() => checkJob({ type: "sleep", priority: "high" })).toThrow(
    "The job does not match its schema at /priority: expected integer",
  );
});

test("a union reports the fault inside the intended choice", () => {
  expect(ofFilter({ stauts: "FAILED" })).toEqual(["/filter/stauts Unexpected property"]);
  expect(ofFilter({ status: ["FIALED"] })).toEqual([
    expect.stringMatching(/^\/filter\/status\/0 Expected one of PENDING, .*, REJECTED, waiting$/),
  ]);
  expect(ofFilter({ status: "FIALED" })).toEqual([
    expect.stringMatching(/REJECTED, waiting, or a list of them$/),
  ]);
  expect(ofFilter({ createdAfter: "now" })).toEqual([
    "/filter/createdAfter Does not match its description: Jobs created after a time, given in RFC 3339 with an offset or as an age such as 5m, 2h or 1d",
  ]);
});

test("at most twenty faults are reported", () => {
  const jobs = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`extra${i}`, i]));
  expect(faults(checkJob, { type: "sleep", ...jobs })).toHaveLength(20);
});
