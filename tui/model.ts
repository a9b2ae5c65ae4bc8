import type { EventPage, JobPage } from "../contracts/api-queries.ts";
import type { ScreenName } from "../shared/keymap.ts";
import { NO_RATES, type Rates } from "../shared/rates.ts";
import type { Effect } from "./effect.ts";
import type { Form } from "./form.ts";
import type { Launch } from "./launch-state.ts";
import type { Data } from "./resources.ts";
import type { Settings } from "./settings.ts";

/** A smaller terminal shows only a message that it is too small. */
export const LEAST_WIDTH = 40;
export const LEAST_HEIGHT = 12;

export type { ScreenName } from "../shared/keymap.ts";

/** The user's location. Esc returns to the previous place. */
export interface Place {
  readonly screen: ScreenName;
  /** The id of the job, event or dead letter on the screen. */
  readonly id?: string;
}

/** A list's cursor, filter and marks. Every list screen has the same structure. */
export interface ListState {
  readonly index: number;
  /** The id of the row under the cursor. The cursor stays on it while rows come and go above it. */
  readonly id?: string;
  readonly filter: string;
  /** Ids of rows marked for a bulk action. `all` marks everything that matches the filter instead. */
  readonly marks: ReadonlySet<string>;
  readonly all: boolean;
  /** True while the cursor follows the newest row as rows are added. */
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

/** A layer over the screen that receives the key presses. */
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

/** A running command and its progress. */
export interface Task {
  readonly label: string;
  readonly done: number;
  readonly total: number;
}

export type StreamState = "connecting" | "live" | "down";

export interface Options {
  /** True in a read-only session: keys that would change something are disabled, and help marks them as unavailable. */
  readonly readOnly: boolean;
  readonly serverMode: boolean;
  /** The read-model's URL, for the offline screen and help. */
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
  /** Pane and scroll position of a detail screen. */
  readonly pane: number;
  readonly scroll: number;
  /** The rows that frozen lists show while new data keeps arriving. */
  readonly frozen: { readonly jobs?: JobPage; readonly events?: EventPage };
  readonly form?: Form;
  /** The id of the job whose payload is being loaded for editing. */
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
      // No event is selected until the user moves the cursor into the list.
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

/** Returns the name of the current screen's list, if it has one. */
export function listNameOf(state: State): ListName | undefined {
  const { screen } = placeOf(state);
  return screen in state.lists ? (screen as ListName) : undefined;
}

/** Whether the services are unreachable, judged by the latest overview query. */
export function isOffline({ data: { overview } }: State): boolean {
  return overview?.error?.unreachable ?? false;
}
