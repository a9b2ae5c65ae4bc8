import { expect, test } from "bun:test";
import { printedBytes } from "./printed-size.ts";

test("a number written with an exponent counts as all the digits that PostgreSQL prints for it", () => {
  const plain = { a: 1.5, b: "1e308", c: [true, null, 12_345] };
  expect(printedBytes(plain)).toBe(JSON.stringify(plain).length);
  for (const number of [1e308, -1e308, 1e-300, 1.5e22, 5e-324]) {
    const digits = printedBytes([number]);
    expect(digits).toBeGreaterThanOrEqual(Math.abs(Math.log10(Math.abs(number))));
    expect(digits).toBeLessThan(345);
  }
  expect(printedBytes({ deep: { list: Array(100).fill(1e308) } })).toBeGreaterThan(30_900);
});
