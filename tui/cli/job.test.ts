import { expect, test } from "bun:test";
import { PLAIN } from "../paint.ts";
import { sampleJobDetail } from "../testing/sample-data.ts";
import { jobText } from "./job.ts";
import { jobsText } from "./jobs.ts";

const style = {
  paint: { ...PLAIN, dim: (text: string) => `<${text}>` },
  width: Number.POSITIVE_INFINITY,
  now: 0,
};

test("a job shows the top of its last failed attempt's stack, dimmed and sanitized", () => {
  const frames = Array.from({ length: 9 }, (_, line) => `    at run (/app/flaky.ts:${line}:1)`);
  const { attempts } = sampleJobDetail();
  const withStack = attempts.map((one) =>
    one.error
      ? { ...one, error: { ...one.error, stack: `Error: \x1b[2Jtry ${one.attempt}\n${frames.join("\n")}` } }
      : one,
  );
  const text = jobText(sampleJobDetail({ attempts: withStack }), undefined, style);
  const lines = text.slice(text.indexOf("stack of attempt 2\n")).split("\n");
  expect(lines[1]).toMatch(/^<Error: .*try 2>$/);
  expect(lines[1]).not.toContain("\x1b");
  expect(lines[2]).toBe(`<${frames[0]}>`);
  expect(lines[7]).toBe("<    and 4 more, with --output json>");
  expect(text).not.toContain("try 1>");
});

test("a job without a recorded stack has no stack section", () => {
  expect(jobText(sampleJobDetail(), undefined, style)).not.toContain("stack of");
});

test("a retried job shows only its current run's tries", () => {
  const retried = sampleJobDetail({ run: 2, attempt: 5, tries: 2, maxAttempts: 3 });
  expect(jobText(retried, undefined, style)).toMatch(/tries\W+2\/3\n/);
  expect(jobsText({ items: [retried], nextCursor: null }, style)).toContain(" 2/3 ");
});
