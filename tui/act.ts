import { groupsOf } from "../shared/dead-letter-groups.ts";
import { JOB_SORTS } from "../shared/job-sorts.ts";
import { TABS } from "../shared/keymap.ts";
import type { Command } from "./commands.ts";
import { plural } from "./commands.ts";
import type { Effect } from "./effect.ts";
import { editForm, openForm } from "./form.ts";
import { faultOf, readJobFilter, statusIn, withStatus } from "./job-filter.ts";
import type { Action } from "./keys.ts";
import { commandOf, TIERS } from "./launch-state.ts";
import { notice, type Step, type Target } from "./message.ts";
import {
  isOffline,
  type ListName,
  listNameOf,
  type Place,
  placeOf,
  type ScreenName,
  type State,
} from "./model.ts";
import { deadLetterFilter, jobTargets, rowIds, selected, targets } from "./selection.ts";
import { tracePage } from "./trace-page.ts";

/** Statuses in the jobs sidebar, in order. `undefined` stands for all statuses. */
export const SIDEBAR = [
  undefined,
  "VALIDATED",
  "SCHEDULED",
  "EXECUTING",
  "RETRYING",
  "COMPLETED",
  "FAILED",
  "CANCELLED",
  "REJECTED",
] as const;

/** Returns the state after an action and the effects that it causes. */
export function act(state: State, action: Action): Step {
  const rows = Math.max(1, state.height - 8);
  switch (action) {
    case "up":
      return still(move(state, -1));
    case "down":
      return still(move(state, 1));
    case "page-up":
      return still(move(state, -rows));
    case "page-down":
      return still(move(state, rows));
    case "top":
      return still(move(state, Number.NEGATIVE_INFINITY));
    case "bottom":
      return still(move(state, Number.POSITIVE_INFINITY));
    case "left":
      return still(sideways(state, -1));
    case "right":
      return still(sideways(state, 1));
    case "next-screen":
      return still(isDetail(state) ? sideways(state, 1) : tab(state, 1));
    case "previous-screen":
      return still(isDetail(state) ? sideways(state, -1) : tab(state, -1));
    case "open":
      return open(state);
    case "back":
      return still(back(state));
    case "filter":
      return filter(state);
    case "palette":
      return still({ ...state, overlay: { kind: "palette", text: "", index: 0 } });
    case "help":
      return still({ ...state, overlay: { kind: "help", scroll: 0 } });
    case "new-job":
      return still({ ...go(state, { screen: "new-job" }), form: openForm(state.data.jobTypes?.value ?? []) });
    case "pages":
      return still(go(state, { screen: "pages" }));
    case "launcher":
      return still(go(state, { screen: "launcher" }));
    case "setup":
      return still(go(state, { screen: "setup" }));
    case "shut-down":
      return shutDown(state);
    case "refresh":
      return still(refresh(state));
    case "quit":
      return [state, [{ kind: "quit" }]];
    case "retry":
    case "cancel":
      return onJobs(state, action);
    case "replay":
    case "drop":
      return onDeadLetters(state, action);
    case "edit":
      return edit(state);
    case "pause":
      return pause(state);
    case "freeze":
      return still(freeze(state));
    case "follow":
      return still(inList(state, (list) => ({ ...list, follow: !list.follow })));
    case "sort":
      return still(inList(state, (list) => ({ ...list, sort: (list.sort + 1) % JOB_SORTS.length })));
    case "mark":
      return still(mark(state));
    case "mark-all":
      return still(
        inList(state, (list) => ({ ...list, all: !list.all && list.marks.size === 0, marks: new Set() })),
      );
    case "copy":
      return copy(state, ({ copy: text }) => text, "Copied");
    case "copy-json":
      return copy(state, ({ whole }) => JSON.stringify(whole, null, 2), "Copied the JSON of");
    case "trace":
      return openTrace(state);
    case "mouse":
      return [{ ...state, mouse: !state.mouse }, [{ kind: "mouse", on: !state.mouse }]];
    default:
      return still(goToTab(state, Number(action.slice("tab-".length)) - 1));
  }
}

const still = (state: State): Step => [state, []];
const isDetail = (state: State) => ["job", "event", "dead-letter"].includes(placeOf(state).screen);

/**
 * Opens a place: a screen, with the id of its item if it shows one item. Opening a tab discards the places visited
 * before, so Esc then returns to the overview.
 */
export function go(state: State, place: Place): State {
  const isTab = TABS.some(({ screen }) => screen === place.screen);
  const current = placeOf(state);
  if (current.screen === place.screen && current.id === place.id) return state;
  const overview: Place = { screen: "overview" };
  const places =
    place.screen === "overview" ? [overview] : isTab ? [overview, place] : [...state.places, place];
  return { ...state, places, pane: 0, scroll: 0, form: undefined, editing: undefined, overlay: undefined };
}

function goToTab(state: State, index: number): State {
  const tabbed = TABS[index];
  return tabbed ? go(state, { screen: tabbed.screen }) : state;
}

function tab(state: State, by: number): State {
  const names: readonly ScreenName[] = TABS.map(({ screen }) => screen);
  const place = Math.max(0, names.indexOf(placeOf(state).screen));
  return goToTab(state, (place + by + TABS.length) % TABS.length);
}

function move(state: State, by: number): State {
  const name = listNameOf(state);
  if (!name)
    return {
      ...state,
      scroll: Math.max(0, Math.min(10_000, state.scroll + Math.max(-10_000, Math.min(10_000, by)))),
    };
  const ids = rowIds(state);
  const index = Math.max(0, Math.min(ids.length - 1, state.lists[name].index + by));
  return setList(state, name, { ...state.lists[name], index, id: ids[index], follow: false });
}

/** Selects the clicked row or opens the clicked screen. */
export function clicked(state: State, { kind, index }: Target): State {
  if (kind === "tab") return goToTab(state, index);
  const name = listNameOf(state);
  return name ? move(state, index - state.lists[name].index) : state;
}

function sideways(state: State, by: number): State {
  if (placeOf(state).screen === "dead-letters") return nextCause(state, by);
  if (placeOf(state).screen !== "jobs")
    return { ...state, pane: (state.pane + by + PANES) % PANES, scroll: 0 };
  const place = SIDEBAR.indexOf(statusIn(state.lists.jobs.filter) as (typeof SIDEBAR)[number]);
  const status = SIDEBAR[(place + by + SIDEBAR.length) % SIDEBAR.length];
  return refilter(state, "jobs", withStatus(state.lists.jobs.filter, status));
}

function nextCause(state: State, by: number): State {
  const causes = ["", ...groupsOf(state.data.deadLetters?.value?.items ?? []).map(({ key }) => key)];
  const place = Math.max(0, causes.indexOf(state.lists["dead-letters"].filter));
  return refilter(state, "dead-letters", causes[(place + by + causes.length) % causes.length] ?? "");
}

/** Number of panes on the job screen, the only screen with panes. */
export const PANES = 6;

export function refilter(state: State, name: ListName, text: string): State {
  const frozen = name === "jobs" || name === "events" ? { ...state.frozen, [name]: undefined } : state.frozen;
  // The loaded rows match the previous filter, so they are discarded.
  const { jobs } = state.data;
  const isOther = name === "jobs" && text !== state.lists.jobs.filter;
  const data = isOther && jobs ? { ...state.data, jobs: { ...jobs, value: undefined } } : state.data;
  return setList({ ...state, frozen, data }, name, {
    ...state.lists[name],
    filter: text,
    index: 0,
    id: undefined,
    marks: new Set(),
    all: false,
  });
}

function open(state: State): Step {
  const { screen } = placeOf(state);
  const one = selected(state);
  if (screen === "overview") {
    const event = state.data.events?.value?.items.find(({ eventId }) => eventId === one?.id);
    const jobId = event?.payload.jobId;
    return still(
      typeof jobId === "string" ? go(state, { screen: "job", id: jobId }) : go(state, { screen: "jobs" }),
    );
  }
  if (screen === "job") return openInJob(state);
  if (screen === "launcher") return start(state);
  if (screen === "setup") return install(state);
  if (!one) return still(state);
  switch (screen) {
    case "jobs":
      return still(go(state, { screen: "job", id: one.id }));
    case "events":
      return still(go(state, { screen: "event", id: one.id }));
    case "dead-letters":
      return still(go(state, { screen: "dead-letter", id: one.id }));
    case "queues":
      if (one.paused === undefined)
        return still(refilter(go(state, { screen: "jobs" }), "jobs", `workerId:${one.id}`));
      return still(refilter(go(state, { screen: "jobs" }), "jobs", `type:${one.id}`));
    case "alerts":
    case "pages":
      return [state, [{ kind: "open", url: one.copy }]];
    default:
      return still(state);
  }
}

function start(state: State): Step {
  const tier = TIERS[state.lists.launcher.index]?.name ?? "embedded";
  if (state.launch && state.launch.exitCode === undefined && state.launch.doing === "stop")
    return notice(state, "The system is still stopping", "info");
  const runs = state.data.overview?.value !== undefined && !isOffline(state);
  const question = runs
    ? `A system is already running. Start the ${tier} tier anyway?`
    : `Start the ${tier} tier in this folder?`;
  return still({
    ...state,
    overlay: { kind: "confirm", question, effect: { kind: "launch", doing: "start", tier } },
  });
}

function shutDown(state: State): Step {
  const tier = state.launch?.tier ?? TIERS[state.lists.launcher.index]?.name ?? "embedded";
  const there = go(state, { screen: "launcher" });
  const question =
    tier === "kind"
      ? "Delete the kind cluster with all its data?"
      : "Stop the system running from this folder? Running jobs finish first.";
  return still({
    ...there,
    overlay: { kind: "confirm", question, effect: { kind: "launch", doing: "stop", tier } },
  });
}

function install(state: State): Step {
  const chosen = state.data.checks?.value?.[state.lists.setup.index];
  const command = chosen && commandOf(chosen);
  if (!command) return notice(state, "There is no command for this; c copies the advice", "info");
  return still({
    ...state,
    overlay: { kind: "confirm", question: `Run \`${command}\`?`, effect: { kind: "install", command } },
  });
}

/**
 * On the job screen, opens the envelope under the cursor or lists the child jobs. In the envelopes pane, the scroll
 * position is the cursor.
 */
function openInJob(state: State): Step {
  const job = state.data.job?.value;
  const event = state.pane === 4 ? job?.events[Math.min(state.scroll, job.events.length - 1)] : undefined;
  if (event) return still(go(state, { screen: "event", id: event.eventId }));
  const child = state.pane === 5 && job ? `parentId:${job.id}` : undefined;
  return child ? still(refilter(go(state, { screen: "jobs" }), "jobs", child)) : still(state);
}

/**
 * Undoes one thing per call: clears the marks if there are any, otherwise the filter (on the overview, the selection),
 * otherwise returns to the previous place. Never quits the program.
 */
function back(state: State): State {
  const name = listNameOf(state);
  const list = name && state.lists[name];
  if (name && list && (list.marks.size > 0 || list.all))
    return setList(state, name, { ...list, marks: new Set(), all: false });
  if (name && list && list.filter !== "") return refilter(state, name, "");
  if (name === "overview" && list) return setList(state, name, { ...list, index: -1, id: undefined });
  return state.places.length > 1
    ? { ...state, places: state.places.slice(0, -1), pane: 0, scroll: 0 }
    : state;
}

function filter(state: State): Step {
  const name = placeOf(state).screen === "events" ? "events" : "jobs";
  const there = name === "jobs" ? go(state, { screen: "jobs" }) : state;
  const { filter: text } = there.lists[name];
  return still({ ...there, overlay: { kind: "filter", text, before: text } });
}

function refresh(state: State): State {
  const entries = Object.entries(state.data).map(([name, item]) => [
    name,
    { ...item, queriedAt: 0, stale: true, inFlight: false },
  ]);
  return { ...state, data: Object.fromEntries(entries) as State["data"] };
}

function onJobs(state: State, verb: "retry" | "cancel"): Step {
  const { all, filter: text } = state.lists.jobs;
  if (placeOf(state).screen === "jobs" && all) {
    const fault = faultOf(text);
    if (fault) return notice(state, fault, "bad");
    return [state, [{ kind: "count", command: { kind: `${verb}-all`, filter: readJobFilter(text) } }]];
  }
  const ids = jobTargets(state, verb);
  return confirm(
    state,
    { kind: verb, ids },
    `${verb === "retry" ? "Retry" : "Cancel"} ${plural(ids.length, "job")}?`,
  );
}

function onDeadLetters(state: State, verb: "replay" | "drop"): Step {
  if (placeOf(state).screen === "dead-letters" && state.lists["dead-letters"].all)
    return [state, [{ kind: "count", command: { kind: `${verb}-all`, filter: deadLetterFilter(state) } }]];
  const ids = targets(state);
  if (ids.length === 0) return still(state);
  const question =
    verb === "drop"
      ? `Drop ${plural(ids.length, "dead letter")}? This cannot be undone.`
      : `Replay ${plural(ids.length, "dead letter")}?`;
  return confirm(state, { kind: verb, ids }, question);
}

function confirm(state: State, command: Command, question: string): Step {
  return still({ ...state, overlay: { kind: "confirm", effect: { kind: "run", command }, question } });
}

/** Opens the edit form for the selected item. A listed job is loaded first, because lists carry no payloads. */
function edit(state: State): Step {
  const whole = selected(state)?.whole as
    | { id: string; type?: string; payload?: Record<string, unknown>; body?: string; jobId?: string }
    | undefined;
  if (!whole) return still(state);
  if (placeOf(state).screen === "jobs" && whole.payload === undefined)
    return still({ ...go(state, { screen: "job", id: whole.id }), editing: whole.id });
  const types = state.data.jobTypes?.value;
  if (!types) return notice(state, "The job types are still loading; try again in a moment", "info");
  const isDeadLetter = placeOf(state).screen.startsWith("dead-letter");
  const job = isDeadLetter
    ? jobInBody(whole.id, whole.body ?? "")
    : { id: whole.id, type: whole.type ?? "", payload: whole.payload };
  const form = job && editForm(types, job, isDeadLetter ? "dead-letter" : "job");
  if (!form) return notice(state, "There is no form for this job, because its type is unknown", "bad");
  return still({ ...go(state, { screen: "new-job" }), form });
}

/** Reads the job from a dead letter's body, which is either the job or its envelope. */
function jobInBody(
  id: string,
  body: string,
): { id: string; type: string; payload: Record<string, unknown> } | undefined {
  try {
    const found = JSON.parse(body) as {
      type?: string;
      jobType?: string;
      payload?: Record<string, unknown> & { jobType?: string; payload?: Record<string, unknown> };
    };
    const type = found.type ?? found.jobType ?? found.payload?.jobType;
    const payload = found.payload?.payload ?? found.payload;
    return type && payload ? { id, type, payload: payload as Record<string, unknown> } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Opens the trace in the browser. If no browser can be opened, the URL is copied, as for any page. */
function openTrace(state: State): Step {
  const { url, reason } = tracePage(state);
  return url === undefined ? notice(state, reason, "info") : [state, [{ kind: "open", url }]];
}

function pause(state: State): Step {
  const queue = selected(state);
  if (queue?.paused === undefined) return still(state);
  const command: Command = { kind: queue.paused ? "resume" : "pause", type: queue.id };
  if (command.kind === "resume") return [state, [{ kind: "run", command }]];
  return confirm(state, command, `Pause queue ${queue.id}? Its jobs wait until it is resumed.`);
}

function freeze(state: State): State {
  const { screen } = placeOf(state);
  if (screen === "jobs")
    return {
      ...state,
      frozen: { ...state.frozen, jobs: state.frozen.jobs ? undefined : state.data.jobs?.value },
    };
  if (screen === "events")
    return {
      ...state,
      frozen: { ...state.frozen, events: state.frozen.events ? undefined : state.data.events?.value },
    };
  return state;
}

function mark(state: State): State {
  const name = listNameOf(state);
  const one = selected(state);
  if (!name || !one) return state;
  const marks = new Set(state.lists[name].marks);
  if (!marks.delete(one.id)) marks.add(one.id);
  return move(setList(state, name, { ...state.lists[name], marks, all: false }), 1);
}

function copy(
  state: State,
  textOf: (one: NonNullable<ReturnType<typeof selected>>) => string,
  what: string,
): Step {
  const one = selected(state);
  if (!one) return still(state);
  const effect: Effect = { kind: "copy", text: textOf(one), what: `${what} ${one.copy}` };
  return [state, [effect]];
}

function inList(state: State, change: (list: State["lists"][ListName]) => State["lists"][ListName]): State {
  const name = listNameOf(state);
  return name ? setList(state, name, change(state.lists[name])) : state;
}

export function setList(state: State, name: ListName, list: State["lists"][ListName]): State {
  return { ...state, lists: { ...state.lists, [name]: list } };
}
