import { expect, test } from "bun:test";
import { PLAIN } from "../paint.ts";
import { formatTable } from "./table.ts";

const rows = [
  { name: "gateway", address: "http://127.0.0.1:3000", purpose: "submit and command jobs; /docs" },
  { name: "metrics-engine", address: "http://127.0.0.1:3003", purpose: "counts" },
];

test("the table's columns line up", () => {
  expect(formatTable(rows, 80, PLAIN)).toBe(
    [
      "gateway         http://127.0.0.1:3000  submit and command jobs; /docs",
      "metrics-engine  http://127.0.0.1:3003  counts",
    ].join("\n"),
  );
});

test("no line is wider than the terminal if the longest URL fits into it", () => {
  for (let width = 32; width < 120; width++)
    for (const line of formatTable(rows, width, PLAIN).split("\n"))
      expect(line.length).toBeLessThanOrEqual(width);
});
