import { expect, test } from "bun:test";
import { payloadFilters } from "./payload-filter.ts";

const valuesOf = (query: string) => payloadFilters(new URLSearchParams(query)).map((filter) => filter.values);

test("a value stands for the JSON scalar it reads as, and for its text", () => {
  expect(valuesOf("payload.ms=100")).toEqual([[100, "100"]]);
  expect(valuesOf("payload.code=007")).toEqual([["007"]]);
  expect(valuesOf("payload.on=true")).toEqual([[true, "true"]]);
  expect(valuesOf("payload.note=null")).toEqual([[null, "null"]]);
  expect(valuesOf("payload.note=two%20words")).toEqual([["two words"]]);
  expect(valuesOf("payload.note=")).toEqual([[""]]);
});

test("quotes make it text alone, and objects are only ever text", () => {
  expect(valuesOf("payload.ms=%22100%22")).toEqual([["100"]]);
  expect(valuesOf("payload.x=%7B%7D")).toEqual([["{}"]]);
});

test("fields keep their dots, other parameters are left alone, and there is a limit", () => {
  expect(payloadFilters(new URLSearchParams("status=FAILED&payload.a.b=1&payload.="))).toEqual([
    { field: "a.b", values: [1, "1"] },
  ]);
  expect(() => payloadFilters(new URLSearchParams("payload.a=1&".repeat(11)))).toThrow(/11 payload filters/);
});
