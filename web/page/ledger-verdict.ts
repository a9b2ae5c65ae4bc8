import type { Ledger } from "../../contracts/api-queries.ts";
import { clock } from "../../shared/format.ts";

export interface Verdict {
  readonly ring: "ring" | "ring counting" | "ring broken";
  readonly icon: "executing" | "tick" | "failed";
  readonly title: string;
  readonly note: string;
}

/**
 * Returns the page's short verdict on the ledger. While old jobs are still being judged, the verdict covers only the
 * jobs counted so far.
 */
export function verdictOn(ledger: Ledger | undefined): Verdict {
  const note = "Every accepted job is accounted for, by id";
  if (!ledger) return { ring: "ring counting", icon: "executing", title: "Counting", note };
  if (!ledger.balanced)
    return {
      ring: "ring broken",
      icon: "failed",
      title: "Not balanced",
      note: "Some jobs are not accounted for; the proof names them",
    };
  // The verdict stays while a past time span is judged again ("reopened"), because that takes only seconds.
  if (ledger.reopened === 0 && ledger.waitingFor?.some(({ what }) => what === "ledger"))
    return {
      ring: "ring counting",
      icon: "executing",
      title: "Counting",
      note: "Every job counted so far is accounted for, by id",
    };
  if (ledger.accepted === 0) return { ring: "ring", icon: "tick", title: "Nothing accepted yet", note };
  const time = clock(Date.parse(ledger.watermark)).slice(0, 5);
  return { ring: "ring", icon: "tick", title: `Balanced at ${time}`, note };
}
