import { expect, test } from "bun:test";
import { parseRoute } from "./route.ts";

test("an address leads to its view, and an unknown one to the terminal", () => {
  expect(parseRoute("")).toEqual({ view: "terminal" });
  expect(parseRoute("#/nonsense/deep")).toEqual({ view: "terminal" });
  expect(parseRoute("#/watch/abc")).toEqual({ view: "watch", secret: "abc" });
  expect(parseRoute("#/overview")).toMatchObject({ view: "overview" });
  const jobs = parseRoute("#/jobs?filter=status%3Afailed%20type%3Ahash");
  expect(jobs.view === "jobs" && jobs.query.get("filter")).toBe("status:failed type:hash");
  expect(parseRoute("#/jobs/01a2?tab=payload")).toMatchObject({ view: "job", id: "01a2" });
});
