import type { Load } from "./effect.ts";
import { faultOf } from "./job-filter.ts";
import { placeOf, type State } from "./model.ts";
import type { Loaded, ResourceName } from "./resources.ts";

interface Want {
  readonly name: ResourceName;
  readonly query?: Load["query"];
  /** Maximum age of the data while no change is reported. */
  readonly idleMs: number;
  /** Minimum time between queries while changes arrive. Defaults to the refresh setting; null ignores changes. */
  readonly changedMs?: number | null;
  /** Set for data that this program determines by itself, even while the services are down. */
  readonly isLocal?: true;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;

/** Returns the data that the current screen needs. Every screen's header needs the overview. */
function wants(state: State): readonly Want[] {
  const { screen, id } = placeOf(state);
  const overview: Want = {
    name: "overview",
    idleMs: screen === "overview" ? 2_000 : 5_000,
    changedMs: screen === "overview" ? undefined : 5_000,
  };
  switch (screen) {
    case "overview":
      return [
        overview,
        { name: "events", query: { limit: 50 }, idleMs: 5_000 },
        { name: "alerts", idleMs: 5_000, changedMs: null },
        { name: "ledger", idleMs: 10_000, changedMs: null },
        { name: "completedSeries", query: { metric: "completed" }, idleMs: 300_000, changedMs: null },
        { name: "failedSeries", query: { metric: "failed" }, idleMs: 300_000, changedMs: null },
      ];
    case "jobs": {
      const isReadable = faultOf(state.lists.jobs.filter) === undefined;
      const jobs: Want[] = isReadable ? [{ name: "jobs", query: jobsQuery(state), idleMs: 5_000 }] : [];
      return [overview, ...jobs, { name: "jobTypes", idleMs: 60_000, changedMs: null }];
    }
    case "job":
      return [
        overview,
        { name: "job", query: { id }, idleMs: 5_000 },
        // The list of pages says whether Jaeger is reachable; only then does the key that opens the job's trace work.
        { name: "pages", idleMs: 30_000, changedMs: null, isLocal: true },
        { name: "jobTypes", idleMs: 60_000, changedMs: null },
      ];
    case "events":
      return [overview, { name: "events", query: { limit: 200 }, idleMs: 5_000 }];
    case "dead-letters":
      return [
        overview,
        { name: "deadLetters", query: { limit: 200 }, idleMs: 5_000 },
        { name: "jobTypes", idleMs: 60_000, changedMs: null },
      ];
    case "dead-letter":
      return [
        overview,
        { name: "deadLetter", query: { id }, idleMs: 5_000 },
        { name: "jobTypes", idleMs: 60_000, changedMs: null },
      ];
    case "queues":
      return [
        overview,
        { name: "queues", idleMs: 2_000 },
        { name: "workers", idleMs: 2_000 },
        // The result changes rarely, because retention runs only once a minute.
        { name: "retention", idleMs: 30_000, changedMs: null },
        { name: "completedSeries", query: { metric: "completed" }, idleMs: 10_000, changedMs: 10_000 },
      ];
    case "alerts":
      return [overview, { name: "alerts", idleMs: 2_000, changedMs: null }];
    case "pages":
      return [overview, { name: "pages", idleMs: 10_000, changedMs: null, isLocal: true }];
    case "new-job":
      return [overview, { name: "jobTypes", idleMs: 60_000, changedMs: null }];
    case "setup":
      return [overview, { name: "checks", idleMs: 60_000, isLocal: true }];
    default:
      return [overview];
  }
}

function jobsQuery({ lists }: State): Load["query"] {
  // Requests more rows as the cursor nears the end, up to the limit of one reply.
  const limit = Math.min(500, Math.max(100, Math.ceil((lists.jobs.index + 50) / 100) * 100));
  return { filter: lists.jobs.filter.trim() || undefined, limit };
}

/** Returns the current screen's queries that are new, too old or due for a retry. */
export function dueLoads(state: State): readonly Load[] {
  const offline = state.data.overview?.error?.unreachable === true;
  return wants(state)
    .filter((want) => isDue(state, want, offline && !want.isLocal))
    .map(({ name, query = {} }) => ({ kind: "load", name, query, key: keyOf(query) }));
}

export const keyOf = (query: Load["query"]) => JSON.stringify(query);

function isDue(state: State, { name, query = {}, idleMs, changedMs }: Want, offline: boolean): boolean {
  const loaded: Loaded<unknown> | undefined = state.data[name];
  if (!loaded) return !offline || name === "overview";
  if (loaded.inFlight) return loaded.key !== keyOf(query) && !offline;
  if (loaded.key !== keyOf(query)) return !offline;
  if (loaded.error) return state.now >= nextTryAt(loaded) && (!offline || name === "overview");
  if (offline && name !== "overview") return false;
  const age = state.now - (loaded.queriedAt ?? 0);
  if (loaded.stale && changedMs !== null) return age >= (changedMs ?? state.settings.refresh);
  return age >= idleMs;
}

/** Returns when to retry a failed query. The delay starts at 1 s and doubles up to 15 s. */
export function nextTryAt({ queriedAt = 0, failures }: Loaded<unknown>): number {
  return queriedAt + Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, failures - 1));
}
