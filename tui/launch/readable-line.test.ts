import { expect, test } from "bun:test";
import { readableLine } from "./readable-line.ts";

test("a warning is told with its reason and facts, without time and service", () => {
  const line = JSON.stringify({
    time: "2026-01-01T00:00:00Z",
    level: "warn",
    service: "gateway",
    message: "The bus is away",
    reason: "ECONNREFUSED",
    attempt: 3,
  });
  expect(readableLine(line)?.text).toBe("The bus is away (ECONNREFUSED, attempt 3)");
});

test("an error is marked, and its own message is the reason", () => {
  const line = JSON.stringify({
    level: "error",
    message: "Could not close",
    error: { message: "stuck", stack: "…" },
  });
  expect(readableLine(line)?.text).toBe("error: Could not close (stuck)");
});

test("lines of lower levels are left out, also when they speak of warnings", () => {
  expect(readableLine(JSON.stringify({ level: "info", message: 'says "warn"' }))).toBeUndefined();
  expect(readableLine("  ")).toBeUndefined();
});

test("what is no JSON is shown as it is, shortened", () => {
  expect(readableLine("gateway cannot start. PORT is 99999")?.text).toBe(
    "gateway cannot start. PORT is 99999",
  );
  expect(readableLine('{"level":"warn", torn')?.text).toBe('{"level":"warn", torn');
  expect(readableLine("x".repeat(1_000))?.text).toHaveLength(300);
});

test("lines that differ in their facts alone have one key", () => {
  const at = (attempt: number) =>
    readableLine(JSON.stringify({ level: "warn", message: "Away", reason: "down", attempt }))?.key;
  expect(at(1)).toBe(at(2)!);
});
