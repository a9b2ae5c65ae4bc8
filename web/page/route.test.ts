import { expect, test } from "bun:test";
import { parseRoute } from "./route.ts";

test("a URL fragment opens its view, and an empty fragment opens the overview", () => {
  expect(parseRoute("")).toMatchObject({ view: "overview" });
  expect(parseRoute("#/")).toMatchObject({ view: "overview" });
  expect(parseRoute("#/terminal")).toMatchObject({ view: "terminal" });
  expect(parseRoute("#/watch/abc")).toEqual({ view: "watch", secret: "abc" });
  const jobs = parseRoute("#/jobs?filter=status%3Afailed%20type%3Ahash");
  expect(jobs.view === "jobs" && jobs.query.get("filter")).toBe("status:failed type:hash");
  expect(parseRoute("#/jobs/01a2?tab=payload")).toMatchObject({ view: "job", id: "01a2" });
});

test("an unknown fragment opens the missing view, which receives that fragment", () => {
  for (const address of ["#/bogus", "#/overview/deep", "#/jobs/a/b", "#main"])
    expect(parseRoute(address)).toEqual({ view: "missing", address });
});
