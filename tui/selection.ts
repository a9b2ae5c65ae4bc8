import type { DeadLetter } from "../contracts/dead-letter.ts";
import type { EventEnvelope } from "../contracts/envelope.ts";
import type { DeadLetterFilter } from "../contracts/filter-schema.ts";
import { type Job, type JobStatus, LEGAL_MOVES } from "../contracts/job.ts";
import { causeOf, filterOfCause } from "../shared/dead-letter-groups.ts";
import { filterEvents } from "../shared/event-filter.ts";
import { JOB_SORTS, sortJobs } from "../shared/job-sorts.ts";
import { TIERS } from "./launch-state.ts";
import { listNameOf, placeOf, type State } from "./model.ts";

/**
 * Returns the job list's rows in the chosen order: the live rows or, if the user froze the list, the rows from that
 * time.
 */
export function jobRows(state: State): readonly Job[] {
  const items = (state.frozen.jobs ?? state.data.jobs?.value)?.items ?? [];
  const sort = JOB_SORTS[state.lists.jobs.sort % JOB_SORTS.length] ?? JOB_SORTS[0];
  return sortJobs(items, sort.name);
}

export function eventRows(state: State): readonly EventEnvelope[] {
  const items = (state.frozen.events ?? state.data.events?.value)?.items ?? [];
  return filterEvents(items, state.lists.events.filter);
}

/** Returns the loaded dead letters that have the chosen cause, or all of them if no cause is chosen. */
export function deadLetterRows({ data, lists }: State): readonly DeadLetter[] {
  const items = data.deadLetters?.value?.items ?? [];
  const cause = lists["dead-letters"].filter;
  return cause === "" ? items : items.filter((letter) => causeOf(letter) === cause);
}

/**
 * Returns the filter for bulk actions on dead letters: the chosen cause, or everything. It also matches dead letters
 * that are not loaded.
 */
export function deadLetterFilter(state: State): DeadLetterFilter {
  const [first] = deadLetterRows(state);
  return state.lists["dead-letters"].filter === "" || !first ? {} : filterOfCause(first);
}

/** Returns the overview's events, leaving out intermediate steps that add no information. */
export function tickerRows({ data }: State): readonly EventEnvelope[] {
  return (data.events?.value?.items ?? []).filter(
    ({ eventType }) => eventType !== "job.executed" && eventType !== "job.validated",
  );
}

export function isFrozen(state: State): boolean {
  const { screen } = placeOf(state);
  return screen === "jobs" || screen === "events" ? state.frozen[screen] !== undefined : false;
}

/** Counts the loaded jobs that the frozen list does not show. */
export function newSinceFrozen({ frozen, data }: State): number {
  if (!frozen.jobs) return 0;
  const shown = new Set(frozen.jobs.items.map(({ id }) => id));
  return data.jobs?.value?.items.filter(({ id }) => !shown.has(id)).length ?? 0;
}

/** Returns the row ids of a list in order; by default, of the current screen's list. */
export function rowIds(state: State, name = listNameOf(state)): readonly string[] {
  switch (name) {
    case "overview":
      return tickerRows(state).map(({ eventId }) => eventId);
    case "jobs":
      return jobRows(state).map(({ id }) => id);
    case "events":
      return eventRows(state).map(({ eventId }) => eventId);
    case "dead-letters":
      return deadLetterRows(state).map(({ id }) => id);
    case "queues":
      return [
        ...(state.data.queues?.value?.queues ?? []).map(({ type }) => `queue ${type}`),
        ...(state.data.workers?.value?.workers ?? []).map(({ id }) => `worker ${id}`),
      ];
    case "alerts":
      return (state.data.alerts?.value?.items ?? []).map(({ id }) => id);
    case "pages":
      return (state.data.pages?.value ?? []).map(({ id }) => id);
    case "launcher":
      return TIERS.map(({ name }) => name);
    case "setup":
      return (state.data.checks?.value ?? []).map(({ id }) => id);
    default:
      return [];
  }
}

/** The item under the cursor, or the item that a detail screen shows. */
export interface Selected {
  readonly id: string;
  /** The text that `c` copies. */
  readonly copy: string;
  readonly whole: unknown;
  readonly status?: JobStatus;
  readonly editable?: boolean;
  readonly paused?: boolean;
}

export function selected(state: State): Selected | undefined {
  const { screen, id } = placeOf(state);
  if (screen === "job") return state.data.job?.value?.id === id ? ofJob(state.data.job?.value) : undefined;
  if (screen === "dead-letter") {
    const letter = state.data.deadLetter?.value;
    return letter?.id === id ? ofDeadLetter(letter) : undefined;
  }
  if (screen === "event") return ofEvent(shownEvent(state));
  const name = listNameOf(state);
  if (!name) return undefined;
  const rowId = rowIds(state)[state.lists[name].index];
  if (rowId === undefined) return undefined;
  switch (name) {
    case "overview":
      return ofEvent(state.data.events?.value?.items.find(({ eventId }) => eventId === rowId));
    case "jobs":
      return ofJob(jobRows(state).find((job) => job.id === rowId));
    case "events":
      return ofEvent(eventRows(state).find((event) => event.eventId === rowId));
    case "dead-letters":
      return ofDeadLetter(state.data.deadLetters?.value?.items.find((letter) => letter.id === rowId));
    case "queues": {
      const queue = state.data.queues?.value?.queues.find(({ type }) => `queue ${type}` === rowId);
      if (queue) return { id: queue.type, copy: queue.type, whole: queue, paused: queue.paused };
      const worker = state.data.workers?.value?.workers.find(({ id }) => `worker ${id}` === rowId);
      return worker && { id: worker.id, copy: worker.id, whole: worker };
    }
    case "alerts": {
      const alert = state.data.alerts?.value?.items.find((item) => item.id === rowId);
      return alert && { id: rowId, copy: alert.runbookUrl ?? alert.name, whole: alert };
    }
    case "launcher":
      return { id: rowId, copy: `odd-dashboard up --tier ${rowId}`, whole: rowId };
    case "setup": {
      const check = state.data.checks?.value?.find((item) => item.id === rowId);
      return check && { id: rowId, copy: check.remedy ?? check.detail, whole: check };
    }
    case "pages": {
      const page = state.data.pages?.value?.find((item) => item.id === rowId);
      return page && { id: rowId, copy: page.url, whole: page };
    }
  }
}

/** Returns the event on the detail screen, found in the event list or in the loaded job. */
export function shownEvent(state: State): EventEnvelope | undefined {
  const { id } = placeOf(state);
  return (
    eventRows(state).find(({ eventId }) => eventId === id) ??
    state.data.job?.value?.events.find(({ eventId }) => eventId === id)
  );
}

const ofJob = (job: Job | undefined): Selected | undefined =>
  job && { id: job.id, copy: job.id, whole: job, status: job.status, editable: true };
const ofEvent = (event: EventEnvelope | undefined): Selected | undefined =>
  event && { id: event.eventId, copy: event.eventId, whole: event };
const ofDeadLetter = (letter: DeadLetter | undefined): Selected | undefined =>
  letter && { id: letter.id, copy: letter.id, whole: letter, editable: letter.kind === "job" };

/** Returns the ids that a verb acts on: the marked rows or, if none are marked, the row under the cursor. */
export function targets(state: State): readonly string[] {
  const name = listNameOf(state);
  const marks = name ? [...state.lists[name].marks] : [];
  if (marks.length > 0) return marks;
  const one = selected(state);
  return one ? [one.id] : [];
}

const MAY = {
  retry: (status: JobStatus) => status !== "PENDING" && LEGAL_MOVES[status].includes("VALIDATED"),
  cancel: (status: JobStatus) => LEGAL_MOVES[status].includes("CANCELLED"),
} as const;

/** Returns the ids from {@link targets} whose jobs the verb can change. */
export function jobTargets(state: State, verb: keyof typeof MAY): readonly string[] {
  const statuses = new Map(jobRows(state).map(({ id, status }) => [id, status]));
  const shown = selected(state);
  if (shown?.status) statuses.set(shown.id, shown.status);
  return targets(state).filter((id) => {
    const status = statuses.get(id);
    // The status of a marked job that is no longer loaded is unknown, so the service decides.
    return status === undefined || MAY[verb](status);
  });
}

/** Whether the selection contains a job that can be retried. */
export const retryable = (state: State) => allows(state, "retry");
export const cancellable = (state: State) => allows(state, "cancel");

function allows(state: State, verb: keyof typeof MAY): boolean {
  const isAll = placeOf(state).screen === "jobs" && state.lists.jobs.all;
  return isAll ? rowIds(state).length > 0 : jobTargets(state, verb).length > 0;
}
