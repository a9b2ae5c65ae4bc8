import type { JobStatus } from "../contracts/job.ts";
import type { Color, Style } from "./style.ts";

/** Symbols drawn beside text, each one cell wide. */
export const GLYPHS = {
  logo: "◉",
  ok: "✓",
  bad: "✕",
  warn: "▲",
  paused: "‖",
  mark: "●",
  bar: "▌",
  pointer: "◀",
  wait: "░",
  run: "█",
  enter: "↵",
  dot: "·",
  path: "›",
  none: "–",
  arrow: "→",
} as const;

/** Characters that fill a cell in steps of an eighth, from empty to full. */
export const LEVELS = " ▁▂▃▄▅▆▇█";

export const STATUS_GLYPHS: Readonly<Record<JobStatus, string>> = {
  PENDING: "○",
  VALIDATED: "○",
  SCHEDULED: "◷",
  EXECUTING: "◐",
  RETRYING: "↻",
  COMPLETED: "●",
  FAILED: "✕",
  CANCELLED: "⊘",
  REJECTED: "⊗",
};

/**
 * The ASCII stand-in for each glyph under `--ascii`. Each is one cell wide, so views need no ASCII variant. Any other
 * non-ASCII character becomes `?`.
 */
export const ASCII: Readonly<Record<string, string>> = Object.fromEntries(
  [
    "◉@ ✓+ ✕x ▲! ▼v ‖= ▌> ◀< ░. █#",
    `↵& ·- ›> –- →> …~ ×x ▸> ▏_ “" ”"`,
    "○o ◷@ ◐> ↻~ ●* ⊘- ⊗! ’' ≥>",
    "╭+ ╮+ ╯+ ╰+ ─- │| ┤+ ┼+ ├+",
    "▁_ ▂_ ▃. ▄. ▅- ▆= ▇# ▐| ▕|",
  ].flatMap((row) => row.split(" ").map((pair) => [...pair])),
);

const COLORS: Readonly<Record<JobStatus, Color | undefined>> = {
  PENDING: undefined,
  VALIDATED: undefined,
  SCHEDULED: "later",
  EXECUTING: "busy",
  RETRYING: "warn",
  COMPLETED: "good",
  FAILED: "bad",
  CANCELLED: undefined,
  REJECTED: "odd",
};

export function statusStyle(status: JobStatus): Style {
  const color = COLORS[status];
  return status === "CANCELLED" ? { dim: true } : color ? { color } : {};
}
