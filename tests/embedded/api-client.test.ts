import { expect, test } from "bun:test";
import { newJobId } from "../../contracts/ids.ts";
import { ApiError } from "../../shared/api-client/api-error.ts";
import { createApiClient } from "../../shared/api-client/client.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

behavior("the typed API client", { engines: "embedded" }, (world) => {
  const client = createApiClient({
    addresses: () => ({ gatewayUrl: world().gateway(), readModelUrl: world().readModel() }),
  });
  const { gateway, readModel } = client;

  test("submits a job, follows it on the stream and reads it back", async () => {
    const stop = new AbortController();
    const stream = client.follow({ signal: stop.signal });
    expect((await stream.next()).value).toEqual({ kind: "connected", resumed: false });
    const { jobId } = await gateway.submitJob({
      body: { type: "sleep", payload: { ms: 10 } },
      headers: { "idempotency-key": crypto.randomUUID() },
    });
    const statuses: (string | null)[] = [];
    for await (const update of stream)
      if (update.kind === "deltas") {
        statuses.push(...update.deltas.filter((delta) => delta.jobId === jobId).map(({ status }) => status));
        if (statuses.includes("COMPLETED")) stop.abort();
      }
    expect(statuses.slice(0, 2)).toEqual(["PENDING", "VALIDATED"]);

    const detail = await readModel.jobDetail({ params: { id: jobId } });
    expect([detail.status, detail.attempts.length]).toEqual(["COMPLETED", 1]);
    const page = await readModel.listJobs({ query: { type: "sleep", limit: 1 } });
    expect(page.items.map(({ id }) => id)).toEqual([jobId]);
  });

  test("runs every query that needs no parameters", async () => {
    const replies = await Promise.all([
      readModel.overview(),
      readModel.stats(),
      readModel.recentJobs(),
      readModel.queues(),
      readModel.workers(),
      readModel.alerts(),
      readModel.listDeadLetters(),
      readModel.listEvents(),
      gateway.listJobTypes(),
      readModel.series({ query: { metric: "completed" } }),
    ]);
    expect(replies.every((reply) => typeof reply === "object")).toBe(true);
  });

  test("pauses and resumes a queue, dry-runs a bulk action and cancels waiting jobs", async () => {
    const params = { type: "sleep" };
    expect((await gateway.pauseQueue({ params })).paused).toBe(true);
    const { jobId } = await gateway.submitJob({ body: { type: "sleep", payload: { ms: 1 } } });
    const dryRun = () =>
      gateway.actOnJobs({ body: { action: "cancel", filter: { status: "VALIDATED" }, dryRun: true } });
    await eventually(async () => (await dryRun()).matched === 1, { what: "the job to be waiting" });
    expect((await gateway.cancelJob({ params: { id: jobId } })).status).toBe("CANCELLED");
    expect((await gateway.resumeQueue({ params })).paused).toBe(false);
  });

  test("reports each refusal as a typed error that names the fault", async () => {
    const error = await readModel
      .jobDetail({ params: { id: newJobId() } })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: "JOB_NOT_FOUND", status: 404, retryable: false });
    const invalid = gateway.submitJob({ body: { type: "hash", payload: { rounds: "many" } } });
    await expect(invalid).rejects.toThrow("rounds");
  });

  test("resumes the stream after the read-model is killed and restarted", async () => {
    const stop = new AbortController();
    const kinds: string[] = [];
    let last: string | undefined;
    const following = (async () => {
      for await (const update of client.follow({ signal: stop.signal, maxRetryMs: 200 })) {
        kinds.push(update.kind === "connected" ? `connected ${update.resumed}` : update.kind);
        if (update.kind === "deltas")
          last = update.deltas.find(({ status }) => status === "COMPLETED")?.jobId ?? last;
      }
    })();
    await eventually(() => kinds.includes("connected false"), { what: "the stream to connect" });
    const port = new URL(world().readModel()).port;
    const before = await world().submit({ type: "sleep", payload: { ms: 1 } });
    await eventually(() => last === before, { what: "the first job on the stream" });
    await world().running["read-model"].kill();
    await eventually(() => kinds.includes("disconnected"), { what: "the stream to disconnect" });
    const missed = await world().submit({ type: "sleep", payload: { ms: 1 } });
    await world().start("read-model", { PORT: port });
    await eventually(() => last === missed, { what: "the job that was missed" });
    expect(kinds).toContain("connected true");
    stop.abort();
    await following;
  });
});
