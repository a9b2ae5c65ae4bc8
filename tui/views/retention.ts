import type { Retention } from "../../contracts/api-queries.ts";
import { age, count, duration } from "../../shared/format.ts";
import { GLYPHS } from "../glyphs.ts";
import type { State } from "../model.ts";
import { dim, type Line, span } from "../style.ts";
import { sanitize } from "../text.ts";
import { type Column, type Panel, tableLines } from "./panel.ts";

type Rule = Retention["rules"][number];

const HOUR_MS = 3_600_000;
/** Two borders, a heading, and a line for each of the four rules. */
export const RETENTION_ROWS = 7;

/** Shows how long each kind of record is kept and how many were deleted. The panel is read-only. */
export function retentionPanel({ data: { retention }, now }: State, width: number): Panel {
  const title = "Retention";
  const { value, error } = retention ?? {};
  if (!value)
    return {
      title,
      lines: [
        error
          ? [span(` ${GLYPHS.bad} ${sanitize(error.message)}`, { color: "bad" })]
          : [dim(" Waiting for the retention rules")],
      ],
    };
  const { jobs } = value.remembered;
  return {
    title,
    lines: tableLines(columnsAt(now), value.rules, width),
    fixed: 1,
    footer: jobs > 0 ? [dim(`requests for about ${count(jobs)} deleted jobs return 410`)] : [],
  };
}

/** Summarizes the retention in a few words, for terminals that are too small for the panel. */
export function retentionWords({ data: { retention } }: State): Line {
  const rules = retention?.value?.rules ?? [];
  const kept = (wanted: Rule["what"]) => {
    const rule = rules.find(({ what }) => what === wanted);
    return rule ? keptFor(rule) : GLYPHS.none;
  };
  if (rules.length === 0) return [];
  if (rules.some(isLate)) return [span("deletion is delayed", { color: "warn" })];
  return [dim(`jobs kept ${kept("jobs")}, failed ${kept("failed-jobs")}`)];
}

/**
 * Whether a record is kept longer than configured because deletion is waiting, for example for the ledger. The age must
 * be checked as well: on a new system, deletion may be waiting although no record is old enough to be deleted.
 */
const isLate = ({ waiting, oldest, keptFrom }: Rule) =>
  waiting !== undefined && oldest != null && Date.parse(oldest) < Date.parse(keptFrom);

const keptFor = ({ keepHours }: Rule) => duration(keepHours * HOUR_MS);

function columnsAt(now: number): Column<Rule>[] {
  const since = (at: string | null | undefined) => (at ? age(now - Date.parse(at)) : GLYPHS.none);
  return [
    { title: "record", width: 12, cell: ({ what }) => span(what.replace("-", " ")) },
    { title: "kept for", width: 8, align: "right", cell: (rule) => span(keptFor(rule)) },
    {
      title: "deleted",
      width: 9,
      align: "right",
      cell: ({ pruned }) => (pruned === undefined ? dim(GLYPHS.none) : span(count(pruned))),
    },
    {
      title: "oldest",
      width: 7,
      align: "right",
      drop: 2,
      cell: (rule) => span(since(rule.oldest), isLate(rule) ? { color: "warn" } : { dim: true }),
    },
    { title: "last run", width: 8, align: "right", drop: 3, cell: ({ lookedAt }) => dim(since(lookedAt)) },
    {
      title: "",
      width: 12,
      flexible: true,
      drop: 1,
      cell: (rule) => (isLate(rule) ? span(rule.waiting ?? "", { color: "warn" }) : dim(rule.setting)),
    },
  ];
}
