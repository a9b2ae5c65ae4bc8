import type { Load } from "./effect.ts";
import { faultOf } from "./job-filter.ts";
import { placeOf, type State } from "./model.ts";
import type { Loaded, ResourceName } from "./resources.ts";

interface Want {
  readonly name: ResourceName;
  readonly query?: Load["query"];
  /** The greatest age of the data while no change is known. */
  readonly idleMs: number;
  /** How soon a change causes another query; the refresh setting when left out, never when null. */
  readonly changedMs?: number | null;
  /** This program determines it, whether or not the services answer. */
  readonly isLocal?: true;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;

/** The data that the current screen shows; every screen's header needs the overview. */
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
        // Whether Jaeger is available to open the trace in.
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
        // The processors delete once a minute.
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
  // More rows once the cursor nears the end, up to what one reply may hold.
  const limit = Math.min(500, Math.max(100, Math.ceil((lists.jobs.index + 50) / 100) * 100));
  return { filter: lists.jobs.filter.trim() || undefined, limit };
}

/** Returns the queries to send now: those of the screen that are too old, due for a retry, or new. */
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

/** Returns when to retry a failed query: after 1 s, then twice as long each time, up to 15 s. */
export function nextTryAt({ queriedAt = 0, failures }: Loaded<unknown>): number {
  return queriedAt + Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, failures - 1));
}
