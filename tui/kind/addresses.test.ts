import { expect, test } from "bun:test";
import { addressesOf } from "./addresses.ts";

test("an address is shown as a URL only if a browser can open it", () => {
  const rows = addressesOf(new Set(["gateway", "processor", "rabbitmq", "postgres", "grafana"]));
  expect(rows.map(({ name, address }) => `${name} ${address}`)).toEqual([
    "gateway http://localhost:3000",
    "rabbitmq localhost:5672",
    "rabbitmq http://localhost:15672",
    "postgres localhost:5432",
    "grafana http://localhost:3002",
  ]);
  expect(rows.map(({ purpose }) => purpose)).toContain("Management page");
});
