import type { World } from "./world.ts";

/**
 * Submits jobs at a steady rate until stopped. The ids of accepted jobs are a record, independent of the system, of
 * which jobs must exist. Refusals and broken connections are expected during faults, so they are only counted.
 */
export function startSteadyLoad(
  world: Pick<World, "post">,
  { perSecond, job }: { perSecond: number; job: (n: number) => Record<string, unknown> },
) {
  const accepted: string[] = [];
  const refusals: Record<string, number> = {};
  let stopped = false;
  let n = 0;
  const underWay = new Set<Promise<void>>();

  async function one(): Promise<void> {
    try {
      const reply = await world.post("/jobs", job(n++));
      const body = (await reply.json()) as { jobId?: string; code?: string };
      if (reply.status === 202 && body.jobId) accepted.push(body.jobId);
      else refusals[body.code ?? reply.status] = (refusals[body.code ?? reply.status] ?? 0) + 1;
    } catch {
      // There was no reply. Without a 202 reply, the job need not exist, so the failure is only counted.
      refusals.unreachable = (refusals.unreachable ?? 0) + 1;
    }
  }

  const running = (async () => {
    const startedAt = performance.now();
    for (let sent = 0; !stopped; sent++) {
      const dueAt = startedAt + (sent * 1_000) / perSecond;
      if (dueAt > performance.now()) await Bun.sleep(dueAt - performance.now());
      if (underWay.size > 500) continue;
      const work = one().finally(() => underWay.delete(work));
      underWay.add(work);
    }
    await Promise.all(underWay);
  })();

  return {
    accepted: accepted as readonly string[],
    refusals: refusals as Readonly<Record<string, number>>,
    async stop(): Promise<readonly string[]> {
      stopped = true;
      await running;
      return accepted;
    },
  };
}
