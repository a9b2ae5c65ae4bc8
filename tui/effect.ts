import type { BulkCommand, Command } from "./commands.ts";
import type { TierName } from "./launch-state.ts";
import type { ResourceName } from "./resources.ts";
import type { Settings } from "./settings.ts";

/** One query to a service. */
export interface Load {
  readonly kind: "load";
  readonly name: ResourceName;
  readonly query: Readonly<Record<string, string | number | undefined>>;
  readonly key: string;
}

/** A side effect that the model requests; its outcome is dispatched as a message. */
export type Effect =
  | Load
  | { readonly kind: "run"; readonly command: Command }
  /** Counts what a command would change, then requests the user's confirmation. */
  | { readonly kind: "count"; readonly command: BulkCommand }
  | { readonly kind: "copy"; readonly text: string; readonly what: string }
  | { readonly kind: "open"; readonly url: string }
  | { readonly kind: "save"; readonly settings: Settings }
  | { readonly kind: "mouse"; readonly on: boolean }
  /** Starts or stops the system in a separate process. */
  | { readonly kind: "launch"; readonly doing: "start" | "stop"; readonly tier: TierName }
  /** Runs an installation command. */
  | { readonly kind: "install"; readonly command: string }
  | { readonly kind: "quit" };
