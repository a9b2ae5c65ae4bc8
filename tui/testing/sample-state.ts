import { initialState, type Place, type State } from "../model.ts";
import type { ResourceName, Resources } from "../resources.ts";
import { DEFAULT_SETTINGS } from "../settings.ts";
import { update } from "../update.ts";
import {
  NOW,
  SAMPLE_EVENTS,
  SAMPLE_JOBS,
  SAMPLE_TYPES,
  sampleJobDetail,
  sampleLedger,
  sampleOverview,
} from "./sample-data.ts";

export const SAMPLES: Partial<Resources> = {
  overview: sampleOverview(),
  ledger: sampleLedger(),
  alerts: { items: [], source: "alertmanager", fetchedAt: null },
  events: { items: [...SAMPLE_EVENTS], nextCursor: null },
  jobs: SAMPLE_JOBS,
  job: sampleJobDetail(),
  jobTypes: SAMPLE_TYPES,
};

/** Returns a fresh program's state on a terminal of the given size, before any query is answered. */
export function freshState(width: number, height: number): State {
  const options = { readOnly: false, serverMode: false, where: "http://localhost:8080", version: "1.0.0" };
  return initialState({ now: NOW, width, height, options, settings: DEFAULT_SETTINGS });
}

/**
 * Returns the state of a program with a live stream that shows the screen `place` (by default, its first screen), with
 * sample data for every query.
 */
export function liveState(
  width: number,
  height: number,
  place?: Place,
  samples: Partial<Resources> = {},
): State {
  const start = freshState(width, height);
  const there: State = place ? { ...start, places: [...start.places, place] } : start;
  return answered({ ...there, stream: "live" }, { ...SAMPLES, ...samples });
}

/** Returns the state after every query of its current screen has been answered. */
export function answered(state: State, samples: Partial<Resources> = SAMPLES): State {
  let [next] = update(state, { kind: "tick" }, NOW);
  for (const [name, loaded] of Object.entries(next.data)) {
    const value = samples[name as ResourceName];
    if (loaded.inFlight && value)
      [next] = update(next, { kind: "loaded", name: name as ResourceName, key: loaded.key, value }, NOW);
  }
  return next;
}

/** Presses keys in turn; returns the state and every effect except queries. */
export function press(state: State, ...keys: string[]) {
  let next = state;
  const effects: { kind: string }[] = [];
  for (const key of keys) {
    const [after, caused] = update(next, { kind: "key", key }, NOW);
    next = after;
    effects.push(...caused.filter(({ kind }) => kind !== "load"));
  }
  return { state: next, effects };
}
