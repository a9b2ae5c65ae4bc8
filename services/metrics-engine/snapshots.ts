import { TypeCompiler } from "@sinclair/typebox/compiler";
import type { StoreSnapshot } from "../../contracts/api-queries.ts";
import { PROCESSOR_ROUTES } from "../../contracts/processor-routes.ts";
import { pause } from "../../shared/async.ts";
import type { Bus } from "../../shared/bus/port.ts";
import type { Duty } from "../../shared/duty.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { ObservationWriter } from "../../shared/observations/port.ts";
import { withKnownQueues } from "./known-queues.ts";
import type { Families } from "./metrics.ts";

const TIMEOUT_MS = 2_000;
const checker = TypeCompiler.Compile(PROCESSOR_ROUTES.snapshot.reply.schema);
const heldChecker = TypeCompiler.Compile(PROCESSOR_ROUTES.held.reply.schema);

export interface SnapshotsOptions {
  readonly observations: Pick<ObservationWriter, "recordSnapshot">;
  readonly bus: Pick<Bus, "depths" | "held">;
  /** Returns the base URLs of the running processors; any of them can measure the whole job store. */
  readonly processors: () => Promise<readonly string[]>;
  readonly families: Families;
  readonly log: Log;
  readonly everyMs: number;
  readonly duty: Duty;
}

/**
 * Takes snapshots of queues and workers, immediately and then every `everyMs`, until `signal` aborts. The bus and the
 * job store are measured separately, and a snapshot is stored only when both parts are present. Logs one warning when a
 * part is missing, or a snapshot cannot be stored, twice in a row.
 */
export async function takeSnapshots(options: SnapshotsOptions, signal: AbortSignal): Promise<void> {
  const { observations, bus, processors, families, log, everyMs, duty } = options;
  const misses = new Map<string, number>();

  async function part<T>(name: string, measure: () => Promise<T>): Promise<T | undefined> {
    const missed = misses.get(name) ?? 0;
    try {
      const answer = await measure();
      if (missed > 1) log.info("A snapshot part is available again", { part: name });
      misses.delete(name);
      return answer;
    } catch (error) {
      misses.set(name, missed + 1);
      // The first miss in a row is logged only for debugging: it is normal while the services start, because they
      // become ready one after another.
      const write = missed === 1 ? log.warn : log.debug;
      write("A snapshot part is unavailable", { part: name, reason: messageOf(error) });
      return undefined;
    }
  }

  duty.begin();
  while (!signal.aborted) {
    const now = await processors();
    const [depths, store, held] = await Promise.all([
      part("bus", () => bus.depths()),
      part("job store", () => fetchStoreSnapshot(now)),
      fetchHeld(now),
    ]);
    const queues = depths?.map((depth) => ({
      ...depth,
      held: [bus.held(), ...held].reduce((sum, each) => sum + (each[depth.name] ?? 0), 0),
    }));
    families.busMeasured(queues);
    families.storeMeasured(store);
    // The bus and the processors report their own failures; this duty fails only if a snapshot cannot be stored.
    if (!queues || !store) duty.done();
    else
      await part("observations", async () => {
        await observations.recordSnapshot({ ...store, bus: queues }).catch((error: unknown) => {
          duty.failed(messageOf(error));
          throw error;
        });
        duty.done();
      });
    await pause(everyMs, signal);
  }
}

/**
 * Fetches how many messages each processor's consumers have received but not acknowledged yet. A processor without a
 * valid reply counts as 0.
 */
async function fetchHeld(processors: readonly string[]): Promise<Record<string, number>[]> {
  const replies = await Promise.allSettled(
    processors.map(async (base) => {
      const reply = await fetch(`${base}${PROCESSOR_ROUTES.held.path}`, {
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const body: unknown = await reply.json();
      return heldChecker.Check(body) ? body : {};
    }),
  );
  return replies.map((reply) => (reply.status === "fulfilled" ? reply.value : {}));
}

async function fetchStoreSnapshot(processors: readonly string[]): Promise<StoreSnapshot> {
  let last: unknown;
  for (const base of processors) {
    try {
      const reply = await fetch(`${base}${PROCESSOR_ROUTES.snapshot.path}`, {
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const body: unknown = await reply.json();
      if (checker.Check(body)) return { ...body, queues: withKnownQueues(body.queues) };
      last = new Error(`${base} answered ${reply.status} without a snapshot`);
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`no processor returned a snapshot: ${messageOf(last)}`, { cause: last });
}
