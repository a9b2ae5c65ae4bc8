import { statusWord } from "../../contracts/status-words.ts";
import { age, count, shortId } from "../../shared/format.ts";
import { TABS } from "../../shared/keymap.ts";
import { GLYPHS, STATUS_GLYPHS, statusStyle } from "../glyphs.ts";
import { nextTryAt } from "../loads.ts";
import { isOffline, placeOf, type State } from "../model.ts";
import { BOLD, bold, DIM, dim, type Line, type Span, span, textOf } from "../style.ts";
import { sanitize, widthOf } from "../text.ts";

/**
 * Returns the first line: the system's name, whether its data is live, and the current screen. On a narrow terminal it
 * drops the less important parts.
 */
export function headerLines(state: State, width: number): Line {
  const lefts = [leftOf(state, ["name", "detail"]), leftOf(state, ["name"]), leftOf(state, [])];
  const crumbs = crumbsOf(state);
  const rights = crumbs
    ? [crumbs, crumbs.slice(1).filter((_, index) => index !== 1)]
    : [tabs(state, "titles"), tabs(state, "current"), tabs(state, "digits")];
  for (const right of rights)
    for (const left of lefts) {
      const gap = width - widthOf(textOf(left)) - widthOf(textOf(right)) - 1;
      if (gap >= 2) return [...left, span(" ".repeat(gap)), ...right];
    }
  return leftOf(state, []);
}

function leftOf(state: State, parts: readonly ("name" | "detail")[]): Line {
  const accent = { color: "accent", bold: true } as const;
  const name = parts.includes("name") ? [span(" observatory", accent)] : [];
  return [span(` ${GLYPHS.logo}`, accent), ...name, span("  "), ...liveness(state, parts.includes("detail"))];
}

/** Names the engines and the session's mode, and says whether the data is live or, while offline, how old it is. */
function liveness(state: State, withDetail: boolean): Line {
  const { overview } = state.data;
  const parts: Line[] = [];
  if (overview?.value) parts.push([span(overview.value.engines)]);
  if (state.options.serverMode) parts.push([span("server")]);
  if (state.options.readOnly) parts.push([span("read-only", { color: "warn" })]);
  if (isOffline(state) && overview) parts.push(...offlineParts(state, withDetail));
  else if (overview?.error)
    parts.push([span(`${GLYPHS.warn} ${sanitize(overview.error.message)}`, { color: "warn" })]);
  else if (!overview?.value) parts.push([dim("connecting")]);
  else {
    parts.push([
      state.stream === "live" ? span("live", { color: "good" }) : span("polling", { color: "warn" }),
    ]);
    if (withDetail)
      parts.push([dim(`${((state.now - (overview.loadedAt ?? state.now)) / 1_000).toFixed(1)} s ago`)]);
  }
  return parts.flatMap((part, index) => (index === 0 ? part : [dim(" · "), ...part]));
}

function offlineParts({ data: { overview }, now }: State, withDetail: boolean): Line[] {
  if (!overview) return [];
  const seconds = Math.max(0, Math.ceil((nextTryAt(overview) - now) / 1_000));
  const old = overview.loadedAt;
  return [
    [span(`${GLYPHS.bad} offline`, { color: "bad", bold: true })],
    ...(old === undefined ? [] : [[span(`data ${age(now - old)} old`, { color: "warn" })]]),
    ...(withDetail ? [[dim(overview.inFlight ? "trying now" : `next try in ${seconds} s`)]] : []),
  ];
}

function tabs(state: State, form: "titles" | "current" | "digits"): Line {
  const { screen } = placeOf(state);
  const { deadLetters = 0, alerts } = state.data.overview?.value ?? {};
  const badges: Record<string, number> = { "dead-letters": deadLetters, alerts: alerts?.firing ?? 0 };
  const spans = TABS.flatMap(({ screen: name, title }, index): Span[] => {
    const isCurrent = name === screen;
    const text =
      form === "titles" || (form === "current" && isCurrent) ? `${index + 1} ${title}` : String(index + 1);
    const number = form === "titles" ? (badges[name] ?? 0) : 0;
    const badge: Span[] =
      number > 0
        ? [span(` ${number > 999 ? "999+" : count(number)}`, { color: name === "alerts" ? "warn" : "bad" })]
        : [];
    return [span(text, isCurrent ? BOLD : DIM), ...badge, span(" ")];
  });
  return [...spans, dim("?")];
}

/** Returns the breadcrumbs of a screen that has no tab; undefined for a screen that has a tab. */
function crumbsOf(state: State): Line | undefined {
  const { screen, id = "" } = placeOf(state);
  const path = (title: string): Line => [dim(`${title} ${GLYPHS.path} `)];
  switch (screen) {
    case "job": {
      const job = state.data.job?.value;
      if (job?.id !== id) return [...path("Jobs"), bold(shortId(id))];
      const { status } = job;
      return [
        ...path("Jobs"),
        bold(shortId(id)),
        span(` ${sanitize(job.type)} `),
        span(`${STATUS_GLYPHS[status]} ${statusWord(status)}`, statusStyle(status)),
      ];
    }
    case "event":
      return [...path("Events"), bold(shortId(id))];
    case "dead-letter":
      return [...path("Dead letters"), bold(shortId(id))];
    case "new-job":
      return [bold("New job")];
    case "launcher":
      return [bold("Launcher")];
    case "setup":
      return [bold("Launcher "), dim(`${GLYPHS.path} `), bold("Setup")];
    case "pages":
      return [bold("Pages")];
    default:
      return undefined;
  }
}
