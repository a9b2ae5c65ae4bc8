import { expect, test } from "bun:test";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

behavior("an idempotency key", {}, (world) => {
  const job = (ms: number) => ({ type: "sleep", payload: { ms } });
  const post = async (key: string, body: object) => {
    const reply = await world().post("/jobs", body, { "idempotency-key": key });
    return {
      status: reply.status,
      body: (await reply.json()) as { jobId?: string; eventId?: string; code?: string },
    };
  };

  test("returns the same ids and creates one job, however often the request is sent and whatever its field order", async () => {
    const first = await post("order-1", job(1));
    const again = await Promise.all([
      post("order-1", job(1)),
      post("order-1", { payload: { ms: 1 }, type: "sleep" }),
    ]);
    for (const reply of again) expect(reply).toEqual(first);
    await world().untilStatus(first.body.jobId ?? "", "COMPLETED");
    expect(await world().sql`select id from jobs where idempotency_key = 'order-1'`).toHaveLength(1);
  });

  test("with a different body is refused while the gateway remembers the key", async () => {
    const first = await post("order-2", job(1));
    const other = await post("order-2", job(2));
    expect([other.status, other.body.code]).toEqual([422, "IDEMPOTENCY_CONFLICT"]);
    await world().untilStatus(first.body.jobId ?? "", "COMPLETED");
  });

  test("with a different body, sent to a gateway that never saw the key, makes a dead letter and leaves the first job untouched", async () => {
    const first = await post("order-3", job(1));
    const id = first.body.jobId ?? "";
    await world().untilStatus(id, "COMPLETED");
    const before = await world().sql`select * from jobs where id = ${id}`;

    await world().running.gateway.stop();
    await world().start("gateway");
    expect(await post("order-3", job(1))).toEqual(first);
    const other = await post("order-3", { ...job(7), priority: 9 });
    expect(other.status).toBe(422);
    await world().running.gateway.stop();
    await world().start("gateway");
    const accepted = await post("order-3", job(9));
    expect(accepted).toMatchObject({ status: 202, body: { jobId: id } });
    expect(accepted.body.eventId).not.toBe(first.body.eventId);

    const letter = await eventually(
      async () => (await world().sql`select * from dead_letters where reason = 'IDEMPOTENCY_CONFLICT'`)[0],
      { what: "the dead letter" },
    );
    expect(letter).toMatchObject({ job_id: id, event_id: accepted.body.eventId, kind: "message" });
    expect(JSON.parse(letter.body.toString()).payload.payload).toEqual({ ms: 9 });
    expect(await world().sql`select * from jobs where id = ${id}`).toEqual(before);
  });

  test("is accepted with only one of 100 different bodies sent concurrently", async () => {
    for (const round of [1, 2, 3]) {
      const replies = await Promise.all(
        Array.from({ length: 100 }, (_, ms) => post(`race-${round}`, job(ms))),
      );
      const accepted = replies.filter(({ status }) => status === 202);
      expect([accepted.length, replies.filter(({ status }) => status === 422).length]).toEqual([1, 99]);
      await world().untilStatus(accepted[0]?.body.jobId ?? "", "COMPLETED");
    }
  });

  test("leads to one job, published once, for concurrent requests with the same body", async () => {
    const published = async () => {
      const text = await (await fetch(`${world().gateway()}/metrics`)).text();
      const line = text.split("\n").find((each) => each.startsWith("observatory_bus_published_total"));
      return Number(line?.split(" ").at(-1));
    };
    const before = await published();
    const replies = await Promise.all(Array.from({ length: 100 }, () => post("same", job(3))));
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(replies.map(({ body }) => `${body.jobId} ${body.eventId}`)).size).toBe(1);
    const { jobId = "" } = replies[0]?.body ?? {};
    await world().untilStatus(jobId, "COMPLETED");
    expect(await published()).toBe(before + 1);
  });

  test("within a batch belongs to the first body that uses it", async () => {
    const jobs = Array.from({ length: 50 }, (_, n) => ({ ...job(n % 2), idempotencyKey: "in-batch" }));
    const reply = await world().post("/jobs/batch", { jobs });
    const { accepted, refused, results } = (await reply.json()) as {
      accepted: number;
      refused: number;
      results: { jobId?: string; problem?: { code: string } }[];
    };
    expect([reply.status, accepted, refused]).toEqual([202, 25, 25]);
    expect(new Set(results.flatMap(({ jobId }) => jobId ?? [])).size).toBe(1);
    expect(new Set(results.flatMap(({ problem }) => problem?.code ?? []))).toEqual(
      new Set(["IDEMPOTENCY_CONFLICT"]),
    );
    await world().untilStatus(results[0]?.jobId ?? "", "COMPLETED");
  });

  test("may accompany each job of a batch", async () => {
    const jobs = [1, 2, 3].map((n) => ({ ...job(0), idempotencyKey: `row-${n}` }));
    const first = await world().submitMany(jobs);
    expect(await world().submitMany(jobs)).toEqual(first);
    await world().untilAll(first, "COMPLETED");
  });
});
