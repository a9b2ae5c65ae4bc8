import { expect, test } from "bun:test";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

behavior("a command", { processors: 2 }, (world) => {
  const failed = async () => {
    const id = await world().submit({ type: "fail", maxAttempts: 1 });
    await world().untilStatus(id, "FAILED");
    return id;
  };
  const runOf = async (id: string) => (await world().sql`select run from jobs where id = ${id}`)[0]?.run;
  const retry = async (id: string, headers: Record<string, string> = {}) => {
    const reply = await world().post(`/jobs/${id}/retry`, undefined, headers);
    return [reply.status, (await reply.json()) as Record<string, unknown>] as const;
  };
  const served = (index: number) =>
    (world().workers[index]?.lines ?? []).filter((line) => line.includes("/internal/jobs/")).length;

  test("goes to the next processor in turn", async () => {
    for (const id of await Promise.all([failed(), failed(), failed(), failed()]))
      expect((await retry(id))[0]).toBe(200);
    await eventually(() => served(0) > 0 && served(1) > 0, { what: "both processors to serve commands" });
  });

  test("repeated with the same idempotency key is carried out once and always gets the same reply", async () => {
    const id = await failed();
    const key = { "idempotency-key": `retry-${id}` };
    const replies = await Promise.all([1, 2, 3, 4, 5, 6].map(() => retry(id, key)));
    const [first] = replies;
    expect(first).toMatchObject([200, { jobId: id }]);
    expect(replies).toEqual(replies.map(() => first as NonNullable<typeof first>));
    await world().untilStatus(id, "FAILED");
    expect(await retry(id, key)).toEqual(first as NonNullable<typeof first>);
    expect(await runOf(id)).toBe(2);
    const other = await world().post(`/jobs/${id}/cancel`, undefined, key);
    expect([other.status, ((await other.json()) as { code: string }).code]).toEqual([
      422,
      "IDEMPOTENCY_CONFLICT",
    ]);
  });

  test("that takes longer than the gateway waits is looked up by its id and answered with its outcome", async () => {
    const id = await failed();
    const asked = (from: number) =>
      world().workers.flatMap(({ lines }) => lines.filter((line) => line.includes("/outcome"))).length > from;
    let reply: ReturnType<typeof retry> | undefined;
    await world().sql.begin(async (tx) => {
      await tx`select from jobs where id = ${id} for update`;
      reply = retry(id);
      await eventually(() => asked(1), { what: "the gateway to look the command up" });
    });
    expect(await reply).toMatchObject([200, { jobId: id }]);
    expect(await runOf(id)).toBe(2);
  });

  test("sent to a frozen processor is neither repeated elsewhere nor carried out later", async () => {
    const ids = await Promise.all([failed(), failed()]);
    const frozen = world().workers[0];
    frozen?.signal("SIGSTOP");
    const replies = await Promise.all(ids.map((id) => retry(id)));
    const silent = replies.findIndex(([status]) => status === 503);
    expect(replies.map(([status]) => status).sort()).toEqual([200, 503]);
    expect(replies[silent]?.[1]).toMatchObject({
      code: "PROCESSOR_UNAVAILABLE",
      detail:
        "The processor did not answer (no reply within 5 s); nothing was done, and it is safe to try again",
      facts: { outcome: "withdrawn" },
    });
    frozen?.signal("SIGCONT");
    const seen = served(0);
    await eventually(() => served(0) > seen, { what: "the processor to refuse the withdrawn command" });
    const id = ids[silent] ?? "";
    expect(await runOf(id)).toBe(1);
    expect((await retry(id))[0]).toBe(200);
    expect(await runOf(id)).toBe(2);
  });
});
