import { expect, test } from "bun:test";
import { sampleEvents } from "../../tests/support/sample-events.ts";
import { decodeMessage, joinEnvelopes } from "../event.ts";
import { compressBody, readableBody } from "./compression.ts";

const messageOf = (count: number) =>
  joinEnvelopes(sampleEvents(count, "job.completed").map((event) => JSON.stringify(event)));

test("messages of any size arrive unchanged, and large ones are much smaller in transit", () => {
  for (const count of [1, 2, 3, 40, 1_000]) {
    const body = messageOf(count);
    expect(Buffer.from(readableBody(compressBody(body)))).toEqual(Buffer.from(body));
  }
  const body = messageOf(100);
  expect(compressBody(body).length).toBeLessThan(body.length / 3);
});

test("a single job's message stays readable, and uncompressed messages are accepted", () => {
  const body = messageOf(1);
  expect(compressBody(body)).toBe(body);
  const large = messageOf(50);
  expect(readableBody(large)).toBe(large);
});

test("a body that only looks compressed, or would decompress to too much memory, is refused as malformed, and its original bytes are kept", () => {
  const torn = compressBody(messageOf(50)).slice(0, 200);
  const bomb = Bun.zstdCompressSync(Buffer.alloc(65 * 1024 * 1024), { level: 1 });
  const second = Buffer.concat([Bun.zstdCompressSync(Buffer.alloc(2_000)), bomb]);
  for (const body of [torn, bomb, second, Buffer.from("28b52ffd", "hex"), Buffer.from("28b52ffd00", "hex")]) {
    const read = readableBody(body);
    expect(read).toBe(body);
    expect(decodeMessage(read).refused).toMatchObject([{ reason: "MALFORMED", original: body }]);
  }
});
