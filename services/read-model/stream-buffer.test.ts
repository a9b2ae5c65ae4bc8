import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { StreamMessage } from "../../contracts/api-queries.ts";
import { createStreamBuffer, toEntry } from "./stream-buffer.ts";

const delta = (sequence: number) => ({
  jobId: "0197a3c5-5b7e-7000-8000-00000000000a",
  type: "hash",
  event: "job.started",
  status: "EXECUTING" as const,
  sequence,
  attempt: 1,
  at: "2026-01-01T00:00:00.000Z",
});
const entry = (n: number) => toEntry(`1-${n}`, [delta(n), delta(n)], 0);

function messages(text: string | undefined) {
  return (text ?? "")
    .split("\n\n")
    .filter((block) => block.includes("data: "))
    .map((block) => ({
      id: /^id: (.*)$/m.exec(block)?.[1],
      message: Value.Decode(StreamMessage, JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? "")),
    }));
}

test("entries are returned once, in order and with their ids", () => {
  const buffer = createStreamBuffer({ maxEntries: 10, maxDeltas: 100 });
  expect(buffer.take()).toBeUndefined();
  buffer.prepend("retry: 1000\n\n");
  buffer.push(entry(1));
  buffer.push(entry(2));
  const text = buffer.take();
  expect(text?.startsWith("retry: 1000\n\n")).toBe(true);
  expect(messages(text).map(({ id }) => id)).toEqual(["1-1", "1-2"]);
  expect(buffer.take()).toBeUndefined();
});

test("a client that does not read gets the newest entries and the number of deltas it missed", () => {
  let dropped = 0;
  const buffer = createStreamBuffer({ maxEntries: 100, maxDeltas: 6 }, (deltas) => {
    dropped += deltas;
  });
  for (let n = 1; n <= 10; n++) buffer.push(entry(n));
  expect(buffer.entries).toBe(3);
  const got = messages(buffer.take());
  expect(got.map(({ id }) => id)).toEqual(["1-8", "1-9", "1-10"]);
  expect(got.map(({ message }) => message.kind === "deltas" && message.dropped)).toEqual([14, 0, 0]);
  expect(dropped).toBe(14);
});

test("only the newest alert count is sent, and a heartbeat only when nothing else is waiting", () => {
  const buffer = createStreamBuffer({ maxEntries: 3, maxDeltas: 100 });
  buffer.alerts(1);
  buffer.alerts(2);
  buffer.heartbeat();
  expect(messages(buffer.take())).toEqual([{ id: undefined, message: { kind: "alerts", firing: 2 } }]);
  buffer.heartbeat();
  expect(buffer.take()).toBe(": alive\n\n");
});

test("waiting text is returned in chunks, so a slow socket holds little of it", () => {
  const buffer = createStreamBuffer({ maxEntries: 2_000, maxDeltas: 10_000 });
  for (let n = 1; n <= 1_000; n++) buffer.push(entry(n));
  const chunks: string[] = [];
  for (let text = buffer.take(); text !== undefined; text = buffer.take()) chunks.push(text);
  expect(chunks.length).toBeGreaterThan(3);
  expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThan(70_000);
  expect(messages(chunks.join("")).map(({ id }) => id)).toEqual(
    Array.from({ length: 1_000 }, (_, n) => `1-${n + 1}`),
  );
});
