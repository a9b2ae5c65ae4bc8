import { rowToSvg, svgOf } from "./screen-to-svg.ts";
import type { Cell } from "./virtual-screen.ts";

/** One screen of a recording, and how long it is shown. */
export interface Frame {
  readonly cells: readonly (readonly Cell[])[];
  readonly holdMs: number;
}

/** A row's appearance from frame `from` up to, but excluding, frame `to`. */
interface Shown {
  readonly from: number;
  readonly to: number;
  readonly svg: string;
}

/**
 * Renders successive screens of one size as a looping animation. A row that stays the same over several frames is drawn
 * once, which keeps the file small.
 */
export function recordingToSvg(frames: readonly Frame[], title: string): string {
  const screen = frames[0]?.cells ?? [];
  const shown = screen.flatMap((_, row) => statesOf(frames, row));
  const spans = Map.groupBy(shown, ({ from, to }) => `${from}-${to}`);
  const body = [...spans.values()].map((group) => {
    const [{ from, to }] = group as [Shown, ...Shown[]];
    const rows = group.map(({ svg }) => svg).join("\n");
    return from === 0 && to === frames.length ? rows : `<g>${visibility(frames, from, to)}${rows}</g>`;
  });
  return svgOf(screen, title, body);
}

/** Returns a row's successive appearances, without the frames in which it is empty. */
function statesOf(frames: readonly Frame[], row: number): Shown[] {
  const looks = frames.map(({ cells }) => rowToSvg(cells[row] ?? [], row));
  const starts = looks.flatMap((svg, index) => (svg === looks[index - 1] ? [] : [index]));
  return starts
    .map((from, place) => ({ from, to: starts[place + 1] ?? looks.length, svg: looks[from] ?? "" }))
    .filter(({ svg }) => svg !== "");
}

function visibility(frames: readonly Frame[], from: number, to: number): string {
  const until = (index: number) => frames.slice(0, index).reduce((sum, { holdMs }) => sum + holdMs, 0);
  const total = until(frames.length);
  const steps = [
    ...(from > 0 ? [[0, "hidden"]] : []),
    [until(from), "visible"],
    ...(to < frames.length ? [[until(to), "hidden"]] : []),
  ] as const;
  const values = steps.map(([, value]) => value).join(";");
  const keyTimes = steps.map(([at]) => Number((Number(at) / total).toFixed(4))).join(";");
  return `<animate attributeName="visibility" calcMode="discrete" dur="${total}ms" repeatCount="indefinite" values="${values}" keyTimes="${keyTimes}"/>`;
}
