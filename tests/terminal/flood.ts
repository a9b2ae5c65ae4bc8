import { readFileSync } from "node:fs";
import type { Delta } from "../../contracts/api-queries.ts";
import { createCommandLine } from "../../shared/command-line.ts";
import { SAMPLE_EVENTS, sampleId, sampleLedger, sampleOverview } from "../../tui/testing/sample-data.ts";
import { buildDashboard, openTerminal } from "./odd-dashboard.ts";

export interface FloodReport {
  readonly seconds: number;
  readonly events: number;
  /** The highest number of redraws within one second. */
  readonly mostRedraws: number;
  /** CPU usage as a share of one core, 0 to 1. */
  readonly cpu: number;
  /** Resident memory at the start, after each minute and at the end. */
  readonly megabytes: readonly number[];
}

const PER_SECOND = 1_000;
const BATCHES_PER_SECOND = 20;
/** Excludes the first seconds, in which code is loaded and compiled. */
const WARM_UP_MS = 3_000;

/** Measures the program on a full-size overview while the stream carries 1,000 changes per second. */
export async function flood(binary: string, seconds: number): Promise<FloodReport> {
  await using server = createFloodingReadModel();
  await using tui = openTerminal(
    [binary],
    { cols: 120, rows: 40 },
    { GATEWAY_URL: server.url, READ_MODEL_URL: server.url },
  );
  await tui.shows(/· live/);
  await Bun.sleep(WARM_UP_MS);
  const before = usageOf(tui.pid);
  const eventsBefore = server.events();
  const redraws: number[] = [];
  const megabytes = [before.megabytes];
  for (let second = 0; second < seconds; second++) {
    tui.takeBursts();
    await Bun.sleep(1_000);
    redraws.push(tui.takeBursts());
    if (second % 60 === 59) megabytes.push(usageOf(tui.pid).megabytes);
  }
  const after = usageOf(tui.pid);
  return {
    seconds,
    events: server.events() - eventsBefore,
    mostRedraws: Math.max(...redraws),
    cpu: (after.cpuMs - before.cpuMs) / (after.at - before.at),
    megabytes: [...megabytes, after.megabytes],
  };
}

/** Reads a process's CPU time and resident memory from Linux's /proc. */
function usageOf(pid: number): { at: number; cpuMs: number; megabytes: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const ticks = Number(fields[11]) + Number(fields[12]);
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return { at: performance.now(), cpuMs: ticks * 10, megabytes: Math.round(Number(kilobytes) / 1_024) };
}

function createFloodingReadModel() {
  let sent = 0;
  const timers = new Set<ReturnType<typeof setInterval>>();
  const stream = () =>
    new ReadableStream<string>({
      start(controller) {
        const timer = setInterval(() => {
          const deltas = Array.from({ length: PER_SECOND / BATCHES_PER_SECOND }, () => deltaOf(sent++));
          controller.enqueue(
            `id: ${sent}\ndata: ${JSON.stringify({ kind: "deltas", deltas, dropped: 0 })}\n\n`,
          );
        }, 1_000 / BATCHES_PER_SECOND);
        timers.add(timer);
      },
    });
  const answers: Readonly<Record<string, () => unknown>> = {
    "/overview": () => {
      const { stats } = sampleOverview();
      const counters = { ...stats.counters, completed: stats.counters.completed + sent };
      return sampleOverview({ at: new Date().toISOString(), stats: { ...stats, counters } });
    },
    "/events": () => ({
      items: Array.from({ length: 50 }, (_, n) => ({
        ...SAMPLE_EVENTS[n % SAMPLE_EVENTS.length],
        eventId: sampleId(sent + n),
        occurredAt: new Date().toISOString(),
      })),
      nextCursor: null,
    }),
    "/ledger": () => sampleLedger(),
    "/alerts": () => ({ items: [], source: "none", fetchedAt: null }),
    "/series": () => ({ stepMs: 60_000, from: "", to: "", series: [] }),
  };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/stream")
        return new Response(stream(), { headers: { "content-type": "text/event-stream" } });
      const answer = answers[pathname];
      return answer
        ? Response.json(answer())
        : Response.json({ title: "Not here", status: 404, code: "ROUTE_NOT_FOUND" }, { status: 404 });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    events: () => sent,
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearInterval(timer);
      await server.stop(true);
    },
  };
}

const deltaOf = (number: number): Delta => ({
  jobId: sampleId(number % 10_000),
  type: "hash",
  event: "job.completed",
  status: "COMPLETED",
  sequence: 4,
  attempt: 1,
  at: new Date().toISOString(),
});

if (import.meta.main) {
  const [minutes] = createCommandLine(
    "bun tests/terminal/flood.ts",
    "Measures the terminal UI under a flood of events",
  )
    .argument("[minutes]", "duration", Number, 1)
    .parse().processedArgs;
  const { binary, remove } = await buildDashboard();
  const report = await flood(binary, Math.round(minutes * 60));
  console.log(JSON.stringify(report));
  remove();
}
