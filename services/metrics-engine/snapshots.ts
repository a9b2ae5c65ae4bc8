import { TypeCompiler } from "@sinclair/typebox/compiler";
import { StoreSnapshot } from "../../contracts/api-queries.ts";
import { pause } from "../../shared/async.ts";
import type { Bus } from "../../shared/bus/port.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { ObservationWriter } from "../../shared/observations/port.ts";
import type { Families } from "./families.ts";

const TIMEOUT_MS = 2_000;
const checker = TypeCompiler.Compile(StoreSnapshot);

export interface SnapshotsOptions {
  readonly observations: Pick<ObservationWriter, "recordSnapshot">;
  readonly bus: Pick<Bus, "depths">;
  /** Base URLs of processors; any can answer for the whole job store. */
  readonly processors: readonly string[];
  readonly families: Families;
  readonly log: Log;
  readonly everyMs: number;
}

/** Take snapshots of queues and workers, at once and then every `everyMs`, until `signal` aborts. What is away is left out, and told once. */
export async function takeSnapshots(
  { observations, bus, processors, families, log, everyMs }: SnapshotsOptions,
  signal: AbortSignal,
): Promise<void> {
  let troubled = false;
  while (!signal.aborted) {
    try {
      const queues = await bus.depths();
      families.busMeasured(queues);
      const store = await askProcessors(processors);
      families.storeMeasured(store);
      await observations.recordSnapshot({
        ...store,
        bus: queues.map(({ name, ready, consumers }) => ({ name, ready, consumers })),
      });
      if (troubled) log.info("Snapshots are complete again");
      troubled = false;
    } catch (error) {
      if (!troubled) log.warn("No complete snapshot can be taken now", { reason: messageOf(error) });
      troubled = true;
    }
    await pause(everyMs, signal);
  }
}

async function askProcessors(processors: readonly string[]): Promise<StoreSnapshot> {
  let last: unknown;
  for (const base of processors) {
    try {
      const reply = await fetch(`${base}/internal/snapshot`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      const body: unknown = await reply.json();
      if (checker.Check(body)) return body;
      last = new Error(`${base} answered ${reply.status} and no snapshot`);
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`no processor gives a snapshot: ${messageOf(last)}`, { cause: last });
}
