import type { Rect } from "../canvas.ts";
import { GLYPHS } from "../glyphs.ts";
import type { State } from "../model.ts";
import type { PageState } from "../pages.ts";
import { dim, type Style, span } from "../style.ts";
import { type Column, type Placed, tableLines } from "./panel.ts";

const LOOKS: Readonly<Record<PageState["state"], { glyph: string; style: Style }>> = {
  reachable: { glyph: GLYPHS.ok, style: { color: "good" } },
  unreachable: { glyph: GLYPHS.bad, style: { color: "bad" } },
  absent: { glyph: GLYPHS.none, style: { dim: true } },
};

const WORDS: Column<PageState> = {
  title: "",
  width: 10,
  flexible: true,
  drop: 1,
  cell: ({ description, reason }) => (reason ? span(reason, { color: "warn" }) : dim(description)),
};

/** Lists the system's web pages: which of them answer, and why the others do not. */
export function pagesView(state: State, area: Rect): Placed[] {
  const pages = state.data.pages?.value;
  if (!pages) return [{ panel: { title: "Pages", lines: [[dim(" Checking the pages")]] }, rect: area }];
  const isNarrow = area.width < 60;
  const columns: Column<PageState>[] = [
    { title: "", width: 1, cell: ({ state: at }) => span(LOOKS[at].glyph, LOOKS[at].style) },
    {
      title: "page",
      width: isNarrow ? 12 : 20,
      cell: ({ name, state: at }) => span(name, at === "absent" ? { dim: true } : {}),
    },
    {
      title: "address",
      ...(isNarrow ? { width: 19, flexible: true } : { width: 30 }),
      cell: ({ url, state: at }) => {
        const shown = isNarrow ? url.replace(/^http:\/\//, "") : url;
        return at === "absent" ? dim(shown) : span(shown);
      },
    },
  ];
  if (!isNarrow) columns.push(WORDS);
  const panel = {
    title: "Pages",
    lines: tableLines(columns, pages, area.width - 2),
    fixed: 1,
    firstRow: 0,
    selected: Math.min(state.lists.pages.index, pages.length - 1),
  };
  return [{ panel, rect: area }];
}
