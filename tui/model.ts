import type { EventPage, JobPage } from "../contracts/api-queries.ts";
import type { ScreenName } from "../shared/keymap.ts";
import { NO_RATES, type Rates } from "../shared/rates.ts";
import type { Effect } from "./effect.ts";
import type { Form } from "./form.ts";
import type { Launch } from "./launch-state.ts";
import type { Data } from "./resources.ts";
import type { Settings } from "./settings.ts";

/** Smaller terminals only show that they are too small. */
export const LEAST_WIDTH = 40;
export const LEAST_HEIGHT = 12;

export type { ScreenName } from "../shared/keymap.ts";

/** Where the user is; Esc goes back to the previous place. */
export interface Place {
  readonly screen: ScreenName;
  /** The job, event or dead letter that is shown. */
  readonly id?: string;
}

/** A list with a cursor, the same for every screen that has one. */
export interface ListState {
  readonly index: number;
  /** The row under the cursor, which stays there while rows come and go above it. */
  readonly id?: string;
  readonly filter: string;
  /** Row ids marked for a bulk action; "all" is everything that matches the filter. */
  readonly marks: ReadonlySet<string>;
  readonly all: boolean;
  /** True while the cursor stays on the newest row. */
  readonly follow: boolean;
  readonly sort: number;
}

export const EMPTY_LIST: ListState = {
  index: 0,
  filter: "",
  marks: new Set(),
  all: false,
  follow: false,
  sort: 0,
};

export type ListName =
  | "launcher"
  | "setup"
  | "overview"
  | "jobs"
  | "events"
  | "dead-letters"
  | "queues"
  | "alerts"
  | "pages";

/** A layer over the screen that takes the keys. */
export type Overlay =
  | { readonly kind: "help"; readonly scroll: number }
  | { readonly kind: "filter"; readonly text: string; readonly before: string }
  | { readonly kind: "palette"; readonly text: string; readonly index: number }
  | { readonly kind: "confirm"; readonly question: string; readonly effect: Effect };

export interface Notice {
  readonly text: string;
  readonly tone: "good" | "bad" | "info";
  readonly at: number;
}

/** A command in progress: what it does and how far it is. */
export interface Task {
  readonly label: string;
  readonly done: number;
  readonly total: number;
}

export type StreamState = "connecting" | "live" | "down";

export interface Options {
  /** Commands that change something are greyed out, with this reason. */
  readonly readOnly: boolean;
  readonly serverMode: boolean;
  /** The addresses tried, for the offline screen. */
  readonly where: string;
  readonly version: string;
}

export interface State {
  readonly now: number;
  readonly startedAt: number;
  readonly width: number;
  readonly height: number;
  readonly options: Options;
  readonly settings: Settings;
  readonly places: readonly Place[];
  readonly data: Data;
  readonly stream: StreamState;
  /** When the last change arrived on the stream. */
  readonly changedAt?: number;
  readonly rates: Rates;
  readonly lists: Readonly<Record<ListName, ListState>>;
  /** Pane and scroll position of the screen that shows one thing. */
  readonly pane: number;
  readonly scroll: number;
  /** What a frozen list shows while the live one continues. */
  readonly frozen: { readonly jobs?: JobPage; readonly events?: EventPage };
  readonly form?: Form;
  /** The job whose payload is being loaded for editing. */
  readonly editing?: string;
  readonly overlay?: Overlay;
  readonly notice?: Notice;
  readonly task?: Task;
  readonly mouse: boolean;
  readonly launch?: Launch;
}

export interface Start {
  readonly now: number;
  readonly width: number;
  readonly height: number;
  readonly options: Options;
  readonly settings: Settings;
}

export function initialState({ now, width, height, options, settings }: Start): State {
  const list = { ...EMPTY_LIST };
  return {
    now,
    startedAt: now,
    width,
    height,
    options,
    settings,
    places: [{ screen: "overview" }],
    data: {},
    stream: "connecting",
    rates: NO_RATES,
    lists: {
      // Nothing is selected among the newest events until the user moves there.
      overview: { ...list, index: -1 },
      jobs: { ...list, filter: settings.filter },
      events: list,
      "dead-letters": list,
      queues: list,
      alerts: list,
      pages: list,
      launcher: list,
      setup: list,
    },
    pane: 0,
    scroll: 0,
    frozen: {},
    mouse: false,
  };
}

export function placeOf(state: State): Place {
  return state.places.at(-1) ?? { screen: "overview" };
}

/** The list of the current screen, if it has one. */
export function listNameOf(state: State): ListName | undefined {
  const { screen } = placeOf(state);
  return screen in state.lists ? (screen as ListName) : undefined;
}

/** Whether the services are unreachable: the overview failed last, and nothing has answered since. */
export function isOffline({ data: { overview } }: State): boolean {
  return overview?.error?.unreachable ?? false;
}
