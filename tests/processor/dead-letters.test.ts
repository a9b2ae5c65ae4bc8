import { expect, test } from "bun:test";
import type { DeadLetter } from "../../contracts/dead-letter.ts";
import { newJobId } from "../../contracts/ids.ts";
import { openBus } from "../../shared/bus/open.ts";
import { createdEvent } from "../../shared/created-event.ts";
import { createEventMaker, joinEnvelopes } from "../../shared/event.ts";
import { createLog } from "../../shared/log.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

const makeEvent = createEventMaker({ service: "test", instanceId: "test-1", version: "1.0.0" });

behavior("a dead letter", {}, (world) => {
  const letterOf = (jobId: string) =>
    eventually(
      async () => {
        const { items } = await world().get<{ items: DeadLetter[] }>("/dead-letters?limit=100");
        return items.find((letter) => letter.jobId === jobId);
      },
      { what: `the dead letter of job ${jobId}` },
    );
  const failedJob = async () => {
    const id = await world().submit({
      type: "flaky",
      payload: { probability: 1 },
      maxAttempts: 1,
      priority: 7,
      metadata: { team: "blue" },
    });
    await world().untilStatus(id, "FAILED");
    return id;
  };

  test("of a job that ran out of tries states the reason and can be read by its id", async () => {
    const id = await failedJob();
    const letter = await letterOf(id);
    expect(letter).toMatchObject({
      kind: "job",
      reason: "OUT_OF_TRIES",
      jobId: id,
      replays: 0,
      service: "processor",
    });
    expect(JSON.parse(letter.body)).toEqual({ type: "flaky", payload: { probability: 1 } });
    expect(await world().get<DeadLetter>(`/dead-letters/${letter.id}`)).toEqual(letter);
  });

  test("when replayed runs the job again, and reopens if that run fails", async () => {
    const id = await failedJob();
    const letter = await letterOf(id);
    const reply = await world().post(`/dead-letters/${letter.id}/replay`);
    expect([reply.status, await reply.json()]).toEqual([
      200,
      { deadLetterId: letter.id, outcome: "new-run", jobId: id, run: 2 },
    ]);
    await eventually(
      async () =>
        (await world().sql`select 1 from jobs where id = ${id} and run = 2 and status = 'FAILED'`).length ===
        1,
      { what: "the second run to fail" },
    );
    expect(await letterOf(id)).toMatchObject({ id: letter.id, replays: 1 });
    expect((await letterOf(id)).replayedAt).toBeUndefined();
  });

  test("replayed with another payload creates a new job that names its origin and keeps the origin's options", async () => {
    const id = await failedJob();
    const letter = await letterOf(id);
    const reply = await world().post(`/dead-letters/${letter.id}/replay`, { payload: { probability: 0 } });
    expect(reply.status).toBe(200);
    const { jobId } = (await reply.json()) as { jobId: string };
    expect(jobId).not.toBe(id);
    await world().untilStatus(jobId, "COMPLETED");
    expect(await world().job(jobId)).toMatchObject({
      originId: id,
      originKind: "edit",
      priority: 7,
      metadata: { team: "blue" },
      payload: { probability: 0 },
    });
    expect((await world().job(id)).status).toBe("FAILED");
    expect(await letterOf(id)).toMatchObject({ replays: 1, replayedAs: jobId });
  });

  test("cannot be replayed with a payload that its job type refuses", async () => {
    const letter = await letterOf(await failedJob());
    const reply = await world().post(`/dead-letters/${letter.id}/replay`, { payload: { probability: 2 } });
    expect([reply.status, ((await reply.json()) as { code: string }).code]).toEqual([
      422,
      "VALIDATION_FAILED",
    ]);
    for (const note of ["a\u0000b", "\ud800"]) {
      const bad = await world().post(`/dead-letters/${letter.id}/replay`, { payload: { [note]: 1 } });
      expect([bad.status, ((await bad.json()) as { code: string }).code]).toEqual([422, "VALIDATION_FAILED"]);
    }
    expect(await letterOf(letter.jobId ?? "")).toMatchObject({ replays: 0 });
  });

  test("that is edited is validated as strictly as a submitted job", async () => {
    const replay = async (id: string, body: object) => {
      const reply = await world().post(`/dead-letters/${id}/replay`, body);
      return [reply.status, ((await reply.json()) as { code?: string }).code];
    };
    const nested = (levels: number): object => (levels === 0 ? {} : { a: nested(levels - 1) });
    const job = await world().submit({ type: "fail", maxAttempts: 1 });
    await world().untilStatus(job, "FAILED");
    const [ofJob] = await world().sql`select id from dead_letters where job_id = ${job}`;
    for (const [payload, code] of [
      [{ note: "a\u0000b" }, "VALIDATION_FAILED"],
      [{ note: "\ud800" }, "VALIDATION_FAILED"],
      [{ "\ud800": 1 }, "VALIDATION_FAILED"],
      [nested(20), "PAYLOAD_TOO_DEEP"],
      [{ text: Array(80).fill("x".repeat(1_000)) }, "PAYLOAD_TOO_LARGE"],
    ] as const)
      expect(await replay(ofJob?.id, { payload })).toEqual([code === "PAYLOAD_TOO_LARGE" ? 413 : 422, code]);

    const bus = openBus({
      url: world().urls.BUS_URL,
      name: "test",
      log: createLog({ service: "test", level: "silent" }),
    });
    await bus.connected();
    await bus.publish("jobs.created", Buffer.from("to be edited"));
    await bus.close();
    const message = await eventually(
      async () =>
        (
          await world().sql`select id from dead_letters
            where kind = 'message' and queue = 'jobs.created' and convert_from(body, 'UTF8') = 'to be edited'`
        )[0],
      { what: "the dead letter" },
    );
    const good = createdEvent(
      makeEvent,
      { jobId: newJobId(), jobType: "sleep", payload: { ms: 0 } },
      { correlationId: crypto.randomUUID() },
    );
    const bad = [
      [],
      { ...good, idempotencyKey: "nul\u0000" },
      { ...good, payload: { ...good.payload, payload: { ms: -1 } } },
      { ...good, payload: { ...good.payload, jobType: "brew" } },
      { ...good, payload: { ...good.payload, metadata: { note: "\u0000" } } },
      { ...good, payload: { ...good.payload, metadata: { note: "\udfff" } } },
      [good, { ...good, eventType: "job.validated" }],
    ];
    for (const body of bad) expect((await replay(message.id, { body: JSON.stringify(body) }))[0]).toBe(422);
    expect(await replay(message.id, { body: JSON.stringify(good) })).toEqual([200, undefined]);
    await world().untilStatus(good.payload.jobId, "COMPLETED");
  });

  test("of a message can be corrected and replayed", async () => {
    const event = createdEvent(
      makeEvent,
      { jobId: newJobId(), jobType: "sleep", payload: { ms: 0 } },
      { correlationId: crypto.randomUUID() },
    );
    const bus = openBus({
      url: world().urls.BUS_URL,
      name: "test",
      log: createLog({ service: "test", level: "silent" }),
    });
    await bus.connected();
    await bus.publish("jobs.created", joinEnvelopes([JSON.stringify({ ...event, occurredAt: "never" })]));
    await bus.close();
    const letter = await letterOf(event.payload.jobId);
    expect(letter).toMatchObject({ kind: "message", reason: "CONTRACT_VIOLATION" });

    const stillBad = await world().post(`/dead-letters/${letter.id}/replay`, { body: letter.body });
    expect([stillBad.status, ((await stillBad.json()) as { code: string }).code]).toEqual([
      422,
      "VALIDATION_FAILED",
    ]);
    const reply = await world().post(`/dead-letters/${letter.id}/replay`, { body: JSON.stringify(event) });
    expect([reply.status, await reply.json()]).toEqual([
      200,
      { deadLetterId: letter.id, outcome: "sent", jobId: event.payload.jobId, eventId: event.eventId },
    ]);
    await world().untilStatus(event.payload.jobId, "COMPLETED");
  });

  /**
   * Creates a job that intake rejects. Returns its id, its dead letter and a function that edits and replays the dead
   * letter.
   */
  const rejected = async () => {
    const event = createdEvent(
      makeEvent,
      { jobId: newJobId(), jobType: "hash", payload: { text: "x", rounds: -1 }, priority: 8 },
      { correlationId: crypto.randomUUID() },
    );
    const bus = openBus({
      url: world().urls.BUS_URL,
      name: "test",
      log: createLog({ service: "test", level: "silent" }),
    });
    await bus.connected();
    await bus.publish("jobs.created", joinEnvelopes([JSON.stringify(event)]));
    await bus.close();
    await world().untilStatus(event.payload.jobId, "REJECTED");
    const letter = await letterOf(event.payload.jobId);
    const replay = async (payload?: object, jobType = "hash") => {
      const body = payload && JSON.stringify({ ...event, payload: { ...event.payload, jobType, payload } });
      const reply = await world().post(
        `/dead-letters/${letter.id}/replay`,
        body === undefined ? {} : { body },
      );
      return [reply.status, (await reply.json()) as Record<string, unknown>] as const;
    };
    return { id: event.payload.jobId, letter, replay };
  };

  test("of a rejected job, once corrected, starts a new run of that job and keeps its history", async () => {
    const { id, letter, replay } = await rejected();
    const [status, problem] = await replay();
    expect([status, problem.code]).toEqual([422, "VALIDATION_FAILED"]);
    expect(await replay({ text: "a\u0000b", rounds: 2 })).toMatchObject([422, { code: "VALIDATION_FAILED" }]);
    const empty = await world().post(`/dead-letters/${letter.id}/replay`, { body: "[]" });
    expect(empty.status).toBe(422);
    const good = { text: "x", rounds: 2 };
    const first = await replay(good);
    expect(first).toEqual([200, { deadLetterId: letter.id, outcome: "new-run", jobId: id, run: 2 }]);
    expect(await replay(good)).toEqual(first);
    await world().untilStatus(id, "COMPLETED");
    expect(await replay(good)).toEqual(first);
    const job = await world().job(id);
    expect(job).toMatchObject({ run: 2, payload: good, priority: 8, maxAttempts: 3 });
    expect(job.transitions.map(({ to }) => to)).toEqual([
      "PENDING",
      "REJECTED",
      "VALIDATED",
      "EXECUTING",
      "COMPLETED",
    ]);
    expect(await letterOf(id)).toMatchObject({ replays: 1, replayedAs: id });
    const [again, conflict] = await replay({ text: "y" });
    expect([again, conflict.code]).toEqual([409, "DEAD_LETTER_STATE_CONFLICT"]);
  });

  test("of a rejected job, edited to another type, creates a new job that names the old one", async () => {
    const { id, letter, replay } = await rejected();
    const replies = await Promise.all([1, 2, 3].map(() => replay({ ms: 1 }, "sleep")));
    const [status, reply] = replies[0] ?? [];
    expect([status, reply]).toEqual([
      200,
      {
        deadLetterId: letter.id,
        outcome: "new-job",
        jobId: expect.not.stringMatching(id),
        eventId: expect.any(String),
      },
    ]);
    expect(replies).toEqual([1, 2, 3].map(() => [200, reply as Record<string, unknown>]));
    const newId = String(reply?.jobId);
    await world().untilStatus(newId, "COMPLETED");
    expect(await world().job(newId)).toMatchObject({ type: "sleep", originId: id, originKind: "replay" });
    expect((await world().job(id)).status).toBe("REJECTED");
    expect(await letterOf(id)).toMatchObject({ replays: 1, replayedAs: newId });
  });

  test("replayed by several clicks at once starts one run of its job, and each click gets the same reply", async () => {
    const id = await failedJob();
    const letter = await letterOf(id);
    await world().post("/queues/flaky/pause");
    const clicks = await Promise.all(
      [1, 2, 3, 4, 5].map(() => world().post(`/dead-letters/${letter.id}/replay`)),
    );
    const replies = await Promise.all(clicks.map(async (reply) => [reply.status, await reply.json()]));
    const same = [200, { deadLetterId: letter.id, outcome: "new-run", jobId: id, run: 2 }];
    expect(replies).toEqual([same, same, same, same, same]);
    expect(await letterOf(id)).toMatchObject({ replays: 1 });
    await world().post("/queues/flaky/resume");
    await world().untilStatus(id, "FAILED");
    const edits = await Promise.all(
      [1, 2, 3].map(() => world().post(`/dead-letters/${letter.id}/replay`, { payload: { probability: 0 } })),
    );
    const made = await Promise.all(edits.map(async (reply) => (await reply.json()) as { jobId: string }));
    expect(new Set(made.map(({ jobId }) => jobId)).size).toBe(1);
    await world().untilStatus(made[0]?.jobId ?? "", "COMPLETED");
  });

  test("can be dropped only once", async () => {
    const letter = await letterOf(await failedJob());
    const drop = () => fetch(`${world().gateway()}/dead-letters/${letter.id}`, { method: "DELETE" });
    expect((await drop()).status).toBe(200);
    expect((await drop()).status).toBe(404);
  });
});
