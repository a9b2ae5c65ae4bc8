import { expect, test } from "bun:test";
import { createIsolation } from "./isolate.ts";
import { createLog } from "./log.ts";

const failed = (code: string) => Object.assign(new Error(`SQLSTATE ${code}`), { code });
const numbered = (count: number) => Array.from({ length: count }, (_, n) => n);

/** Creates a store that fails on some entries with a given SQLSTATE, or on all of them. */
function createStore(faults: Record<number, string> = {}, maxTogether?: number) {
  const kept = new Set<number>();
  const store = {
    trouble: undefined as string | undefined,
    calls: 0,
    kept,
    write: async (entries: readonly number[]) => {
      store.calls++;
      if (store.trouble) throw failed(store.trouble);
      const guilty = entries.find((entry) => faults[entry] !== undefined);
      if (guilty !== undefined) throw failed(faults[guilty] ?? "");
      for (const entry of entries) kept.add(entry);
    },
  };
  const writeAll = createIsolation<number>({
    probe: () => (store.trouble ? Promise.reject(failed(store.trouble)) : Promise.resolve()),
    keyOf: String,
    ...(maxTogether && { maxTogether }),
    log: createLog({ service: "test", level: "silent" }),
  });
  return Object.assign(store, { writeAll: (entries: readonly number[]) => writeAll(entries, store.write) });
}

test("accepted entries need a single write, and a call without entries needs none", async () => {
  const store = createStore();
  expect(await store.writeAll(numbered(400))).toEqual([]);
  expect(await store.writeAll([])).toEqual([]);
  expect([store.calls, store.kept.size]).toEqual([1, 400]);
});

test("refused entries are found by halving the batch, and all other entries are written", async () => {
  const store = createStore({ 7: "22P05", 311: "23514" });
  const condemned = await store.writeAll(numbered(400));
  expect(condemned.map(({ entry, why }) => [entry, why])).toEqual([
    [7, "refused"],
    [311, "refused"],
  ]);
  expect(store.kept.size).toBe(398);
  expect(store.calls).toBeLessThan(45);
});

test("while the store itself fails, no entry is refused or parked, and each call makes only one write", async () => {
  for (const code of ["57014", "25006", "42P01", "53100", "ECONNREFUSED", "XX000"]) {
    const store = createStore({ 3: "22P05" });
    store.trouble = code;
    for (let round = 1; round <= 5; round++) {
      await expect(store.writeAll(numbered(100))).rejects.toThrow(code);
      expect(store.calls).toBe(round);
    }
    store.trouble = undefined;
    expect(await store.writeAll(numbered(100))).toMatchObject([{ entry: 3, why: "refused" }]);
  }
});

test("an entry that alone fails for an unknown reason is parked on its third attempt", async () => {
  const store = createStore({ 5: "P0001" });
  for (let round = 1; round <= 2; round++) {
    await expect(store.writeAll(numbered(10))).rejects.toThrow("P0001");
    expect(store.kept.size).toBe(9);
  }
  expect(await store.writeAll(numbered(10))).toMatchObject([{ entry: 5, why: "parked" }]);
});

test("attempts during which the store itself fails do not count against an entry", async () => {
  const store = createStore({ 5: "P0001" });
  await expect(store.writeAll([5])).rejects.toThrow("P0001");
  await expect(store.writeAll([5])).rejects.toThrow("P0001");
  store.trouble = "57014";
  for (let round = 0; round < 5; round++) await expect(store.writeAll([5])).rejects.toThrow("57014");
  store.trouble = undefined;
  expect(await store.writeAll([5])).toMatchObject([{ entry: 5, why: "parked" }]);
});

test("an entry stays parked while another entry, which began to fail later, has attempts left", async () => {
  const faults: Record<number, string> = { 5: "P0001" };
  const store = createStore(faults);
  for (let round = 1; round <= 2; round++)
    await expect(store.writeAll(numbered(10))).rejects.toThrow("P0001");
  faults[7] = "P0001";
  for (let round = 1; round <= 2; round++)
    await expect(store.writeAll(numbered(10))).rejects.toThrow("P0001");
  const condemned = await store.writeAll(numbered(10));
  expect(condemned.map(({ entry, why }) => [entry, why])).toEqual([
    [5, "parked"],
    [7, "parked"],
  ]);
});

test("failing entries in different writes of one call are parked together", async () => {
  const store = createStore({ 5: "P0001", 15: "P0001", 25: "P0001" }, 10);
  for (let round = 1; round <= 2; round++) {
    await expect(store.writeAll(numbered(30))).rejects.toThrow("P0001");
    expect(store.kept.size).toBe(27);
  }
  expect((await store.writeAll(numbered(30))).map(({ entry }) => entry)).toEqual([5, 15, 25]);
});

test("failing entries are parked even if one call has more of them than the default limit on remembered entries", async () => {
  const store = createStore(Object.fromEntries(numbered(1_100).map((entry) => [entry, "P0001"])));
  for (let round = 1; round <= 2; round++)
    await expect(store.writeAll(numbered(1_100))).rejects.toThrow("P0001");
  expect(await store.writeAll(numbered(1_100))).toHaveLength(1_100);
});
