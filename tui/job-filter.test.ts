import { expect, test } from "bun:test";
import { complete, completions, faultOf, statusIn, withStatus } from "./job-filter.ts";

test("an invalid filter is reported with the offending value", () => {
  expect(faultOf("status:failed type:hash out of coffee")).toBeUndefined();
  expect(faultOf("status:lost")).toContain("lost");
});

test("a filter's status can be read, replaced and removed", () => {
  expect(statusIn("type:hash status:failed")).toBe("FAILED");
  expect(statusIn("status:failed,retrying")).toBeUndefined();
  expect(withStatus("type:hash status:failed x", "VALIDATED")).toBe("status:waiting type:hash x");
  expect(withStatus("status:failed", undefined)).toBe("");
});

test("keys and values are completed to the longest common prefix of the candidates", () => {
  expect(completions("x type:h", ["hash", "http-check", "sleep"])).toEqual(["hash", "http-check"]);
  expect(complete("x type:s", ["hash", "sleep"])).toBe("x type:sleep");
  expect(complete("x type:h", ["hash", "http-check"])).toBe("x type:h");
  expect(complete("status:co", [])).toBe("status:completed");
  expect(complete("nothing", [])).toBe("nothing");
});
