import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { PROBLEM_CODES, Problem } from "../../contracts/problem.ts";
import { AppError } from "../errors.ts";
import { problemResponse, toProblem } from "./to-problem.ts";

test("every code produces a problem that matches its schema", () => {
  for (const code of PROBLEM_CODES) {
    const problem = toProblem(new AppError(code, "detail", { facts: { a: 1 } }), "c-1", "/jobs");
    expect(Value.Check(Problem, problem)).toBe(true);
    expect(problem).toMatchObject({
      code,
      detail: "detail",
      correlationId: "c-1",
      instance: "/jobs",
      facts: { a: 1 },
    });
  }
});

test("the problem for an unknown error contains none of its text", async () => {
  const response = problemResponse(new Error("password=hunter2"), "c-2");
  expect(response.status).toBe(500);
  const text = await response.text();
  expect(text).toContain("INTERNAL_ERROR");
  expect(text).not.toContain("hunter2");
});

test("the response to a request that may succeed later says when to retry", () => {
  expect(problemResponse(new AppError("OVERLOADED", "full"), "c").headers.get("retry-after")).toBe("1");
  expect(
    problemResponse(new AppError("BUS_UNAVAILABLE", "down", { retryAfterSeconds: 2.2 }), "c").headers.get(
      "retry-after",
    ),
  ).toBe("3");
  expect(problemResponse(new AppError("JOB_NOT_FOUND", "gone"), "c").headers.get("retry-after")).toBeNull();
});
