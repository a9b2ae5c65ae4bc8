import { expect, test } from "bun:test";
import { toEntry } from "./stream-buffer.ts";
import { createStreamHistory } from "./stream-history.ts";

test("only the newest entries are kept, and the id of a dropped entry counts as unknown", () => {
  const history = createStreamHistory({ maxEntries: 3, maxDeltas: 100 });
  for (const id of ["1", "2", "3", "4", "5"]) history.add(toEntry(id, [], 0));
  const after = (id: string) => history.after(id)?.map((entry) => entry.id);
  expect(after("3")).toEqual(["4", "5"]);
  expect(after("5")).toEqual([]);
  expect(after("2")).toBeUndefined();
  expect(after("6")).toBeUndefined();
});
