import type { Alert } from "../../../contracts/alert.ts";

/** The state whose changes are announced. Parts that are not known yet are undefined. */
export interface Heard {
  readonly feed: "connecting" | "live" | "stale";
  readonly firing: readonly Pick<Alert, "id" | "name" | "severity" | "summary">[] | undefined;
  readonly balanced: boolean | undefined;
}

export interface Sentence {
  readonly text: string;
  /** Whether the sentence interrupts the screen reader. */
  readonly isUrgent: boolean;
}

/**
 * Returns the announcements for the change from one state to the next. A value that becomes known for the first time is
 * not announced.
 */
export function sentencesOf(before: Heard, after: Heard): Sentence[] {
  return [...ofFeed(before, after), ...ofAlerts(before, after), ...ofLedger(before, after)];
}

function ofFeed({ feed: before }: Heard, { feed: after }: Heard): Sentence[] {
  if (before === after || after === "connecting") return [];
  if (after === "stale") return [calm("Not live: the numbers no longer change")];
  return before === "stale" ? [calm("Live again")] : [];
}

function ofAlerts({ firing: before }: Heard, { firing: after }: Heard): Sentence[] {
  if (!before || !after) return [];
  const isNew = ({ id }: { id: string }) => !before.some((one) => one.id === id);
  const isOver = ({ id }: { id: string }) => !after.some((one) => one.id === id);
  return [
    ...after.filter(isNew).map(({ name, severity, summary }) => ({
      text: `Alert, ${severity}: ${name}. ${summary}`,
      isUrgent: severity === "critical",
    })),
    ...before.filter(isOver).map(({ name }) => calm(`Alert resolved: ${name}`)),
  ];
}

function ofLedger({ balanced: before }: Heard, { balanced: after }: Heard): Sentence[] {
  if (before === undefined || after === undefined || before === after) return [];
  return [calm(after ? "The ledger is balanced again" : "The ledger is no longer balanced")];
}

const calm = (text: string): Sentence => ({ text, isUrgent: false });
