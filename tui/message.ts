import type { BulkCommand, Command, Outcome } from "./commands.ts";
import type { Effect } from "./effect.ts";
import type { State, StreamState } from "./model.ts";
import type { Failure, ResourceName, Resources } from "./resources.ts";

/** What a click hit: a row of the screen's list, or a screen's name. */
export interface Target {
  readonly kind: "row" | "tab";
  readonly index: number;
}

/** An event that may change the state, such as a key press, a reply or a clock tick. */
export type Message =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "clicked"; readonly target: Target }
  | { readonly kind: "resize"; readonly width: number; readonly height: number }
  | { readonly kind: "tick" }
  | {
      readonly kind: "loaded";
      readonly name: ResourceName;
      readonly key: string;
      readonly value: Resources[ResourceName];
    }
  | { readonly kind: "failed"; readonly name: ResourceName; readonly key: string; readonly failure: Failure }
  | { readonly kind: "changed" }
  | { readonly kind: "stream"; readonly state: StreamState }
  | { readonly kind: "counted"; readonly command: BulkCommand; readonly matched: number }
  | { readonly kind: "progress"; readonly label: string; readonly done: number; readonly total: number }
  | { readonly kind: "finished"; readonly command: Command; readonly outcome: Outcome }
  | { readonly kind: "launch-printed"; readonly lines: readonly string[] }
  | { readonly kind: "launch-ended"; readonly exitCode: number }
  | { readonly kind: "notice"; readonly text: string; readonly tone: "good" | "bad" | "info" };

export type Step = readonly [State, readonly Effect[]];

/** Shows a notice in the hint line for a few seconds, or until the next key. */
export function notice(state: State, text: string, tone: "good" | "bad" | "info"): Step {
  return [{ ...state, notice: { text, tone, at: state.now } }, []];
}
