import { expect, test } from "bun:test";
import { readableLine } from "./readable-line.ts";

test("a warning is shown with its reason and additional fields, but without the time and the service", () => {
  const line = JSON.stringify({
    time: "2026-01-01T00:00:00Z",
    level: "warn",
    service: "gateway",
    message: "The bus is down",
    reason: "ECONNREFUSED",
    attempt: 3,
  });
  expect(readableLine(line)?.text).toBe("The bus is down (ECONNREFUSED, attempt 3)");
});

test("an error line is marked, and the error's message is its reason", () => {
  const line = JSON.stringify({
    level: "error",
    message: "Could not close",
    error: { message: "stuck", stack: "…" },
  });
  expect(readableLine(line)?.text).toBe("error: Could not close (stuck)");
});

test("a failed attempt is one short line with its job's type and short id, its code and its message", () => {
  const failed = (reason: string) =>
    readableLine(
      JSON.stringify({
        ...{
          time: "2026-01-01T00:00:00Z",
          level: "warn",
          service: "processor",
          message: "Job attempt failed",
        },
        jobId: "01a21d54-7589-76a2-8f3c-05f50dfcb187",
        type: "flaky",
        attempt: 2,
        status: "RETRYING",
        ...{
          durationMs: 0.4,
          correlationId: crypto.randomUUID(),
          traceId: "01a21d54758976a28f2c00010dfcb187",
        },
        reason,
        error: { code: "FLAKY", stack: "Error: …\n    at run (…)" },
      }),
    )?.text;
  expect(failed("Told to fail; this is try 2")).toBe(
    "Job attempt failed (flaky 0dfcb187, FLAKY: Told to fail; this is try 2)",
  );
  expect(failed("x".repeat(400))).toHaveLength(160);
});

test("lines with lower levels are left out, even if they mention warnings", () => {
  expect(readableLine(JSON.stringify({ level: "info", message: 'says "warn"' }))).toBeUndefined();
  expect(readableLine("  ")).toBeUndefined();
});

test("text that is not JSON is shown unchanged, up to 300 characters", () => {
  expect(readableLine("gateway cannot start. PORT is 99999")?.text).toBe(
    "gateway cannot start. PORT is 99999",
  );
  expect(readableLine('{"level":"warn", torn')?.text).toBe('{"level":"warn", torn');
  expect(readableLine("x".repeat(1_000))?.text).toHaveLength(300);
});

test("lines that differ only in their additional fields share a key", () => {
  const at = (attempt: number) =>
    readableLine(JSON.stringify({ level: "warn", message: "No answer", reason: "down", attempt }))?.key;
  expect(at(1)).toBe(at(2)!);
});
