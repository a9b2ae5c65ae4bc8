import { TABS } from "../../shared/keymap.ts";
import type { Target } from "../message.ts";
import { LEAST_HEIGHT, LEAST_WIDTH, type State } from "../model.ts";
import { widthOf } from "../text.ts";
import { bodyOf, panelsOf } from "./frame.ts";
import { headerLines } from "./header.ts";
import { inSight } from "./panel.ts";

/** Returns what a click on a cell hits: a list row, a screen's name in the header, or nothing. */
export function pointedAt(state: State, x: number, y: number): Target | undefined {
  if (state.width < LEAST_WIDTH || state.height < LEAST_HEIGHT) return undefined;
  return y === 0 ? tabAt(state, x) : rowAt(state, x, y);
}

function tabAt(state: State, x: number): Target | undefined {
  let end = 0;
  let tab = -1;
  for (const { text } of headerLines(state, state.width)) {
    end += widthOf(text);
    const named = TABS.findIndex(
      ({ title }, index) => text === `${index + 1}` || text === `${index + 1} ${title}`,
    );
    // A click on the badge after a name counts as a click on that name. A click on the blank before the next name hits
    // nothing.
    tab = named >= 0 ? named : text.trim() === "" ? -1 : tab;
    if (x < end) return tab >= 0 ? { kind: "tab", index: tab } : undefined;
  }
  return undefined;
}

function rowAt(state: State, x: number, y: number): Target | undefined {
  for (const { panel, rect } of panelsOf(state, bodyOf(state))) {
    const isInside = x > rect.x && x < rect.x + rect.width - 1 && y > rect.y && y < rect.y + rect.height - 1;
    if (!isInside || panel.firstRow === undefined) continue;
    const { fixed = 0, lines } = panel;
    const line = y - rect.y - 1 - fixed;
    const row = line + inSight(panel, rect.height - 2).first;
    return line >= 0 && row < lines.length - fixed ? { kind: "row", index: panel.firstRow + row } : undefined;
  }
  return undefined;
}
