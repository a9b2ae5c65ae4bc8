import { expect, test } from "bun:test";
import { createRandom, type Random } from "../support/random.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

const SEED = 20_261_127;
const SINGLE = 2_000;
const BATCHES = 100;
const BATCH = 30;

const ODD_TEXTS = [
  "",
  "plain",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "\udc00x",
  "😀",
  "ﬀ\u202e",
  '"\\',
  "a\nb\r\n\t",
  "{}",
  "NULL",
  "x".repeat(40_000),
];
const ODD_NUMBERS = [0, -0, 1, -1, 1.5, 1e308, -1e308, 5e-324, 2 ** 53, 1e21, 4_294_967_296];
const ODD_IDS = [
  "00000000-0000-0000-0000-000000000000",
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
  "11111111-1111-9111-8111-111111111111",
  "11111111-1111-4111-0111-111111111111",
  "6BA7B810-9DAD-41D1-80B4-00C04FD430C8",
  "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
  "no id",
  "",
];
const ODD_TIMES = [
  "2027-02-30T00:00:00Z",
  "9999-12-31T23:59:59-15:59",
  "0001-01-01T00:00:00+15:00",
  "2016-12-31T23:59:60Z",
  "2030-01-01T00:00:00.123456789Z",
  "2030-01-01t00:00:00z",
  "tomorrow",
  "0000-01-01T00:00:00Z",
  "1970-01-01T00:00:00+00:00",
];
const ODD_TRACES = [
  "00-00000000000000000000000000000000-0000000000000000-00",
  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later",
  "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
  "no trace",
];

const sometimes = <T>(random: Random, make: () => T): T | undefined =>
  random.between(0, 3) === 0 ? make() : undefined;

function json(random: Random, depth = 0): unknown {
  switch (random.between(0, depth > 3 ? 4 : 7)) {
    case 0:
      return random.pick(ODD_NUMBERS);
    case 1:
    case 2:
      return random.pick(ODD_TEXTS);
    case 3:
      return random.pick([true, false, null]);
    case 4:
      return [];
    case 5:
      return Array.from({ length: random.between(0, 3) }, () => json(random, depth + 1));
    default:
      return objectOf(random, depth + 1);
  }
}

function objectOf(random: Random, depth = 0): Record<string, unknown> {
  const keys = ["a", "__proto__", "constructor", "toJSON", "é", "", random.pick(ODD_TEXTS.slice(0, -1))];
  return Object.fromEntries(
    Array.from({ length: random.between(0, 3) }, () => [random.pick(keys), json(random, depth)]),
  );
}

/** Returns a job whose parts are mostly valid. If any part is invalid, a refusal is the correct response. */
function jobOf(random: Random): Record<string, unknown> {
  const job = {
    type: random.pick(["sleep", "sleep", "sleep", "sleep", "hash", "brew"]),
    payload: sometimes(random, () => random.pick([objectOf(random), { ms: random.pick(ODD_NUMBERS) }])) ?? {
      ms: 0,
    },
    priority: sometimes(random, () => random.pick([0, 9, ...ODD_NUMBERS])),
    runAt: sometimes(random, () => random.pick(ODD_TIMES)),
    maxAttempts: sometimes(random, () => random.pick([1, 100, ...ODD_NUMBERS])),
    deadlineMs: sometimes(random, () => random.pick([1, 86_400_000, ...ODD_NUMBERS])),
    metadata: sometimes(random, () => json(random)),
    idempotencyKey: sometimes(
      random,
      () => `key ${random.between(0, 1_000_000)}${random.pick(["", "~", "\u0000"])}`,
    ),
  };
  return Object.fromEntries(Object.entries(job).filter(([, value]) => value !== undefined));
}

function headersOf(random: Random): Record<string, string> {
  const headers = {
    "x-correlation-id": sometimes(random, () => random.pick(ODD_IDS)),
    "idempotency-key": random.between(0, 9) === 0 ? random.pick(["", " ", "k".repeat(255), "ÿ"]) : undefined,
    traceparent: sometimes(random, () => random.pick(ODD_TRACES)),
  };
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

behavior("a job answered with 202", {}, (world) => {
  const rowsOf = async (ids: readonly string[]) =>
    (await world().sql<{ id: string }[]>`select id from jobs where id = any(${ids as string[]}::uuid[])`)
      .length;
  const becomeRows = async (ids: readonly string[]) => {
    const distinct = [...new Set(ids)];
    await eventually(async () => (await rowsOf(distinct)) === distinct.length, {
      what: `${distinct.length} accepted ids to be rows`,
      everyMs: 200,
    });
  };

  test(`becomes a row (${SINGLE} requests with one generated job each, seed ${SEED})`, async () => {
    const random = createRandom(SEED);
    const accepted: string[] = [];
    const answers = new Map<number, number>();
    for (let sent = 0; sent < SINGLE; sent += 50)
      await Promise.all(
        Array.from({ length: 50 }, async () => {
          const reply = await world().post("/jobs", jobOf(random), headersOf(random));
          answers.set(reply.status, (answers.get(reply.status) ?? 0) + 1);
          const { jobId } = (await reply.json()) as { jobId?: string };
          if (reply.status === 202) accepted.push(jobId ?? "");
        }),
      );
    // Hundreds of requests are accepted, hundreds are refused, and none has another outcome.
    expect([...answers.keys()].filter((status) => ![202, 400, 413, 422].includes(status))).toEqual([]);
    expect(accepted.length).toBeGreaterThan(300);
    expect(SINGLE - accepted.length).toBeGreaterThan(300);
    await becomeRows(accepted);
  });

  test(`becomes a row (batches of ${BATCH} generated jobs)`, async () => {
    const random = createRandom(SEED + 1);
    const accepted: string[] = [];
    for (let n = 0; n < BATCHES; n++) {
      const jobs = Array.from({ length: BATCH }, () => jobOf(random));
      const reply = await world().post("/jobs/batch", { jobs }, headersOf(random));
      const body = (await reply.json()) as { results: { jobId?: string }[] };
      expect(reply.status).toBe(202);
      accepted.push(...body.results.flatMap(({ jobId }) => jobId ?? []));
    }
    expect(accepted.length).toBeGreaterThan((BATCHES * BATCH) / 6);
    await becomeRows(accepted);
  });

  test("becomes a row whatever its correlation id, and a correlation id that is not a valid UUID is replaced", async () => {
    for (const given of ODD_IDS) {
      const reply = await world().post("/jobs", { type: "sleep" }, { "x-correlation-id": given });
      const used = reply.headers.get("x-correlation-id") ?? "";
      const isKept = /^6ba7b810/i.test(given);
      expect(reply.status).toBe(202);
      expect(used === given.toLowerCase()).toBe(isKept);
      const { jobId } = (await reply.json()) as { jobId: string };
      await world().untilStatus(jobId, "COMPLETED");
      const [row] = await world().sql`select correlation_id from jobs where id = ${jobId}`;
      expect(row?.correlation_id).toBe(used);
    }
  });

  test("leaves no dead letter, and can be cancelled while it is still scheduled", async () => {
    expect([...(await world().sql`select reason, detail from dead_letters`)]).toEqual([]);
    const waiting = await world().sql<{ id: string }[]>`select id from jobs where status = 'SCHEDULED'`;
    const replies = await Promise.all(waiting.map(({ id }) => world().post(`/jobs/${id}/cancel`)));
    expect(replies.every(({ status }) => status === 200)).toBe(true);
  });
});
