import { addOverview } from "../shared/rates.ts";
import { act, clicked, refilter } from "./act.ts";
import { type BulkCommand, type Command, type Outcome, outcomeText, plural } from "./commands.ts";
import type { Load } from "./effect.ts";
import { editField, type Form, openForm, problemKey, readForm } from "./form.ts";
import { bindingOf } from "./keys.ts";
import { dueLoads } from "./loads.ts";
import { type Message, notice, type Step } from "./message.ts";
import { isOffline, type ListState, placeOf, type State } from "./model.ts";
import { overlayKey } from "./overlays.ts";
import type { Loaded, Resources } from "./resources.ts";
import { rowIds } from "./selection.ts";

const NOTICE_MS = 6_000;

/**
 * Returns the state after a message and the effects that the message causes. This pure function is the program's entire
 * behavior; `now` is the time of the message.
 */
export function update(before: State, message: Message, now: number): Step {
  const [state, effects] = handle({ ...before, now }, message);
  const loads = dueLoads(state);
  return loads.length === 0 ? [state, effects] : [markQueried(state, loads), [...effects, ...loads]];
}

function handle(state: State, message: Message): Step {
  switch (message.kind) {
    case "key":
      return pressed({ ...state, notice: undefined }, message.key);
    case "clicked":
      // An overlay or a form receives the key presses, so clicks must not reach the list below it.
      return [state.overlay || state.form ? state : clicked(state, message.target), []];
    case "resize":
      return [{ ...state, width: message.width, height: message.height }, []];
    case "tick":
      return [withoutOldNotice(state), []];
    case "loaded":
      return editLoaded(loaded(state, message));
    case "failed":
      return [failed(state, message), []];
    case "changed":
      return [allStale({ ...state, changedAt: state.now }), []];
    case "stream":
      return [allStale({ ...state, stream: message.state }), []];
    case "counted":
      return counted(state, message.command, message.matched);
    case "progress":
      return [{ ...state, task: { label: message.label, done: message.done, total: message.total } }, []];
    case "finished":
      return [finished(state, message.command, message.outcome), []];
    case "launch-printed":
      return [state.launch ? { ...state, launch: { ...state.launch, lines: message.lines } } : state, []];
    case "launch-ended":
      return [
        state.launch
          ? { ...state, launch: { ...state.launch, exitCode: message.exitCode, endedAt: state.now } }
          : state,
        [],
      ];
    case "notice":
      return [{ ...state, notice: { text: message.text, tone: message.tone, at: state.now } }, []];
  }
}

function pressed(state: State, key: string): Step {
  if (key === "ctrl-c") return [state, [{ kind: "quit" }]];
  if (state.overlay) return overlayKey(state, state.overlay, key);
  if (state.form && placeOf(state).screen === "new-job") return formKey(state, state.form, key);
  const binding = bindingOf(state, key);
  if (!binding) return [state, []];
  if (binding.changes && state.options.readOnly)
    return notice(state, "This is a read-only session: it cannot change anything", "info");
  if (binding.changes && binding.when && !binding.when(state))
    return notice(
      state,
      isOffline(state)
        ? "Nothing can be changed while offline"
        : `The selection does not allow ${binding.action}`,
      "info",
    );
  return act(state, binding.action);
}

function formKey(state: State, form: Form, key: string): Step {
  if (key === "esc") return [{ ...state, form: undefined, places: state.places.slice(0, -1) }, []];
  if (form.submitting) return [state, []];
  const isButton = form.focus === form.fields.length;
  if (!isButton || key !== "enter") return [{ ...state, form: editField(form, key) }, []];
  const { request, count, problems } = readForm(form, state.now);
  const first = form.fields.findIndex((field) => problems.has(problemKey(field)));
  if (first >= 0) return [{ ...state, form: { ...form, focus: first } }, []];
  const command: Command =
    form.origin?.kind === "dead-letter"
      ? { kind: "replay-edited", id: form.origin.id, payload: request.payload ?? {} }
      : { kind: "submit", request, count };
  return [{ ...state, form: { ...form, submitting: true } }, [{ kind: "run", command }]];
}

function loaded(state: State, { name, key, value }: Extract<Message, { kind: "loaded" }>): State {
  const before = state.data[name];
  if (before?.key !== key) return state;
  const after: Loaded<unknown> = {
    ...before,
    value,
    loadedAt: state.now,
    error: undefined,
    failures: 0,
    inFlight: false,
  };
  const next: State = { ...state, data: { ...state.data, [name]: after } };
  if (name === "overview") return { ...next, rates: addOverview(next.rates, value as Resources["overview"]) };
  if (name === "jobTypes" && placeOf(next).screen === "new-job" && !next.form?.fields.length)
    return { ...next, form: openForm(value as Resources["jobTypes"]) };
  return keepCursors(name === "deadLetters" ? withoutGoneCause(next) : next);
}

/** Shows all causes and clears the marks once the chosen cause has no dead letters left. */
function withoutGoneCause(state: State): State {
  const isGone = state.lists["dead-letters"].filter !== "" && rowIds(state, "dead-letters").length === 0;
  return isGone ? refilter(state, "dead-letters", "") : state;
}

/** Opens the edit form once both its job and the job types are loaded. */
function editLoaded(state: State): Step {
  const { job, jobTypes } = state.data;
  const isReady =
    state.editing !== undefined && job?.value?.id === state.editing && jobTypes?.value !== undefined;
  return isReady && placeOf(state).id === state.editing
    ? act({ ...state, editing: undefined }, "edit")
    : [state, []];
}

function failed(state: State, { name, key, failure }: Extract<Message, { kind: "failed" }>): State {
  const before = state.data[name];
  if (before?.key !== key) return state;
  const after: Loaded<unknown> = {
    ...before,
    error: failure,
    failures: before.failures + 1,
    inFlight: false,
  };
  return { ...state, data: { ...state.data, [name]: after } };
}

/** Keeps each cursor on its row while rows come and go above it. */
function keepCursors(state: State): State {
  const entries = Object.entries(state.lists).map(([name, list]) => {
    const ids = rowIds(state, name as keyof State["lists"]);
    if (list.follow) return [name, { ...list, index: 0, id: ids[0] }];
    const place = list.id === undefined ? -1 : ids.indexOf(list.id);
    return [name, place < 0 ? list : { ...list, index: place }];
  });
  return { ...state, lists: Object.fromEntries(entries) as State["lists"] };
}

const BULK_QUESTIONS: Readonly<Record<BulkCommand["kind"], (matched: number) => string>> = {
  "retry-all": (matched) => `Retry ${plural(matched, "matching job")}?`,
  "cancel-all": (matched) => `Cancel ${plural(matched, "matching job")}?`,
  "replay-all": (matched) => `Replay ${plural(matched, "matching dead letter")}?`,
  "drop-all": (matched) => `Drop ${plural(matched, "matching dead letter")}? This cannot be undone.`,
};

function counted(state: State, command: BulkCommand, matched: number): Step {
  if (matched === 0) return notice(state, "None of the matches would change", "info");
  return [
    {
      ...state,
      overlay: {
        kind: "confirm",
        effect: { kind: "run", command },
        question: BULK_QUESTIONS[command.kind](matched),
      },
    },
    [],
  ];
}

function finished(state: State, command: Command, outcome: Outcome): State {
  const isBad = outcome.changed === 0 && outcome.refused > 0;
  const done: State = {
    ...allStale(state),
    task: undefined,
    notice: {
      text: outcomeText(command, outcome),
      tone: isBad ? "bad" : outcome.note ? "info" : "good",
      at: state.now,
    },
  };
  if (command.kind === "submit" || command.kind === "replay-edited") return submitted(done, outcome, isBad);
  const unmarked = Object.entries(done.lists).map(([name, list]): [string, ListState] => [
    name,
    { ...list, marks: new Set(), all: false },
  ]);
  const lists = Object.fromEntries(unmarked) as State["lists"];
  const isGone = command.kind === "drop" && placeOf(done).screen === "dead-letter";
  return { ...done, lists, ...(isGone && { places: done.places.slice(0, -1) }) };
}

/** Shows a submitted job. After a refusal, the form stays open and shows the reason. */
function submitted(state: State, { jobId, reason }: Outcome, isBad: boolean): State {
  const { form } = state;
  if (isBad) return { ...state, form: form && { ...form, submitting: false, refusal: reason } };
  const places = placeOf(state).screen === "new-job" ? state.places.slice(0, -1) : state.places;
  return {
    ...state,
    form: undefined,
    pane: 0,
    scroll: 0,
    places: jobId ? [...places, { screen: "job", id: jobId }] : places,
  };
}

function withoutOldNotice(state: State): State {
  return state.notice && state.now - state.notice.at > NOTICE_MS ? { ...state, notice: undefined } : state;
}

function allStale(state: State): State {
  const entries = Object.entries(state.data).map(([name, item]) => [
    name,
    item.stale ? item : { ...item, stale: true },
  ]);
  return { ...state, data: Object.fromEntries(entries) as State["data"] };
}

function markQueried(state: State, loads: readonly Load[]): State {
  const asked = loads.map(({ name, key }) => {
    const before: Loaded<unknown> | undefined = state.data[name];
    const same = before?.key === key;
    return [
      name,
      {
        ...before,
        key,
        failures: same ? before.failures : 0,
        ...(!same && { error: undefined }),
        inFlight: true,
        stale: false,
        queriedAt: state.now,
      },
    ];
  });
  return { ...state, data: { ...state.data, ...(Object.fromEntries(asked) as State["data"]) } };
}
