import { expect, test } from "bun:test";
import type { DeadLetterPage } from "../../../contracts/api-queries.ts";
import { newJobId } from "../../../contracts/ids.ts";
import type { Problem } from "../../../contracts/problem.ts";
import { seedDeadLetter } from "../seed.ts";
import { ago, type QueriedModel } from "./queried-model.ts";

/** Tests finding, listing and showing dead letters. */
export function describeDeadLetters({ get, world }: QueriedModel): void {
  test("dead letters are found by reason, type, time and words", async () => {
    const letter = (body: unknown, seed: object, seconds: number) =>
      seedDeadLetter(world().sql, {
        body: Buffer.from(JSON.stringify(body)),
        diedAt: ago(seconds * 1_000),
        ...seed,
      });
    const job = { kind: "job", reason: "OUT_OF_TRIES", detail: "connection refused" } as const;
    const dead = await letter({ type: "hash", payload: { text: "quick brown fox" } }, job, 7_200);
    const alone = await letter({ payload: { jobType: "sleep", payload: { note: "crimson" } } }, {}, 60);
    const many = await letter([{ payload: { jobType: "hash" } }], { reason: "CONTRACT_VIOLATION" }, 30);
    await seedDeadLetter(world().sql, {
      body: Uint8Array.of(0xff, 0),
      reason: "MALFORMED",
      diedAt: ago(10_000),
    });
    await letter("[".repeat(100_000), {}, 9);

    const found = async (query: string) => {
      const { status, body } = await get<DeadLetterPage>(`/dead-letters?${query}`);
      expect([query, status]).toEqual([query, 200]);
      return body.items.map(({ id }) => id);
    };
    expect(await found("reason=OUT_OF_TRIES,contract_violation")).toEqual([many, dead]);
    expect(await found("type=hash")).toEqual([many, dead]);
    expect(await found("type=hash&diedAfter=1h")).toEqual([many]);
    expect(await found("diedBefore=1h")).toEqual([dead]);
    expect(await found("text=crims")).toEqual([alone]);
    expect(await found("text=brown+fo")).toEqual([dead]);
    expect(await found("filter=reason:out_of_tries+connection+refused")).toEqual([dead]);
    expect(await found("text=absent")).toEqual([]);
    expect(await found("filter=%22%26%7C!%3A*%22")).toEqual([]);
    expect((await get<Problem>("/dead-letters?reason=OUT_OF_TRYS")).body).toMatchObject({
      code: "INVALID_QUERY",
      facts: { nearest: ["OUT_OF_TRIES"] },
    });
  });

  test("dead letters are listed newest first and shown with their exact bytes", async () => {
    const whole = await seedDeadLetter(world().sql, { diedAt: ago(3_000) });
    const long = await seedDeadLetter(world().sql, { diedAt: ago(2_000), body: Buffer.alloc(9_001, "aé") });
    const broken = await seedDeadLetter(world().sql, { diedAt: ago(1_000), body: Uint8Array.of(0x61, 0xff) });

    const { body: first } = await get<DeadLetterPage>("/dead-letters?limit=2");
    expect(first.items.map(({ id }) => id)).toEqual([broken, long]);
    expect(first.items[0]).toMatchObject({ body: "a\ufffd", bodyBase64: "Yf8=" });
    expect(first.items[1]?.body.length).toBeLessThan(4_097);
    const { body: rest } = await get<DeadLetterPage>(`/dead-letters?limit=2&cursor=${first.nextCursor}`);
    expect(rest).toMatchObject({ items: [{ id: whole, body: '{"a":"é"}', replays: 0 }], nextCursor: null });

    const { body } = await get<{ body: string }>(`/dead-letters/${long}`);
    expect(Buffer.from(body.body)).toEqual(Buffer.alloc(9_001, "aé").subarray(0, 9_001));
    expect((await get<Problem>(`/dead-letters/${newJobId()}`)).body.code).toBe("DEAD_LETTER_NOT_FOUND");
  });
}
