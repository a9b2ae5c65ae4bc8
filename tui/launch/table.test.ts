import { expect, test } from "bun:test";
import { formatTable } from "./table.ts";

const paint = { bold: String, dim: String, red: String, yellow: String };
const rows = [
  { name: "gateway", address: "http://127.0.0.1:3000", purpose: "submit and command jobs; /docs" },
  { name: "metrics-engine", address: "http://127.0.0.1:3003", purpose: "counts" },
];

test("columns line up", () => {
  expect(formatTable(rows, 80, paint)).toBe(
    [
      "gateway         http://127.0.0.1:3000  submit and command jobs; /docs",
      "metrics-engine  http://127.0.0.1:3003  counts",
    ].join("\n"),
  );
});

test("no line is wider than the terminal, down to the width of an address", () => {
  for (let width = 32; width < 120; width++)
    for (const line of formatTable(rows, width, paint).split("\n"))
      expect(line.length).toBeLessThanOrEqual(width);
});
