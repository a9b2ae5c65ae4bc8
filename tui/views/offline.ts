import { nextTryAt } from "../loads.ts";
import type { State } from "../model.ts";
import { bold, dim, type Line, span } from "../style.ts";
import { sanitize, wrap } from "../text.ts";
import type { Panel } from "./panel.ts";

/** Shows, until the first reply, which URL was tried and how to start the system. */
export function offlinePanel(state: State): Panel {
  const { overview } = state.data;
  if (!overview?.error)
    return { title: "Overview", lines: [[], [dim(`  Waiting for ${state.options.where}`)]] };
  const width = Math.max(20, state.width - 6);
  const seconds = Math.max(0, Math.ceil((nextTryAt(overview) - state.now) / 1_000));
  const why = wrap(sanitize(overview.error.message), width).map((text): Line => [span(`  ${text}`)]);
  return {
    title: "Nothing is running here",
    lines: [
      [],
      ...why,
      [dim(`  Next try in ${seconds} s, or now with R`)],
      [],
      [bold("  Start the system")],
      ...(state.options.serverMode
        ? []
        : [[span("    L                       "), dim("here, from this screen")]]),
      [span("    odd-dashboard up        "), dim("from the binary")],
      [span("    bun run dev             "), dim("in a clone")],
      [span("    docker compose up       "), dim("with containers")],
      [],
      [bold("  Running elsewhere?")],
      [span("    Set GATEWAY_URL and READ_MODEL_URL")],
      [],
      [dim("  odd-dashboard doctor finds what is wrong")],
    ],
  };
}
