import { expect, test } from "bun:test";
import { jobsAddress, nextSort, sortOf, termOf, withTerm } from "./address.ts";

test("a filter's term can be read, replaced and removed without changing the other terms", () => {
  const filter = "status:failed type:hash some words";
  expect(termOf(filter, "type")).toBe("hash");
  expect(termOf(filter, "worker")).toBeUndefined();
  expect(withTerm(filter, "status", "waiting")).toBe("status:waiting type:hash some words");
  expect(withTerm(filter, "type", undefined)).toBe("status:failed some words");
  expect(withTerm("some words", "createdAfter", "5m")).toBe("some words createdAfter:5m");
});

test("the job list's URL omits the default sort order, and sort orders are cycled through", () => {
  expect(jobsAddress("")).toBe("#/jobs");
  expect(jobsAddress("status:failed", "slowest")).toBe("#/jobs?filter=status%3Afailed&sort=slowest");
  expect(sortOf(new URLSearchParams("sort=slowest"))).toBe("slowest");
  expect(sortOf(new URLSearchParams("sort=sideways"))).toBe("newest");
  expect(nextSort("newest")).toBe("oldest");
  expect(nextSort("tries")).toBe("newest");
});
