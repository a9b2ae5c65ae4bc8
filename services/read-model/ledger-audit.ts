import type { LedgerAudit } from "../../contracts/api-queries.ts";
import { AppError } from "../../shared/errors.ts";
import type { LedgerSeals } from "./ledger-seals.ts";

/** Later than every time span that the ledger has sealed, so that the whole ledger is searched. */
const ANY_TIME = new Date("9999-01-01T00:00:00Z");
/** Maximum number of accused jobs (lost, unobserved or duplicated) that an audit counts. */
const MAX_COUNTED = 10_001;

/**
 * Exposes audits as a resource. Every read-model runs a ledger keeper, and any of them can continue an audit that
 * another began.
 */
export function createLedgerAudit(seals: LedgerSeals) {
  async function find(id: string): Promise<LedgerAudit> {
    const [audit, accused] = await Promise.all([seals.audit(id), seals.accused(ANY_TIME, MAX_COUNTED)]);
    if (!audit) throw new AppError("ACTION_NOT_FOUND", `No ledger audit has the id ${id}`);
    const count = (verdict: string) => accused.filter((one) => one.verdict === verdict).length;
    const { requestedAt, finishedAt, until, seals: total, checked } = audit;
    return {
      id,
      state: finishedAt ? "done" : "running",
      requestedAt: requestedAt.toISOString(),
      ...(finishedAt && { finishedAt: finishedAt.toISOString() }),
      until: until.getTime() === 0 ? null : until.toISOString(),
      seals: total,
      checked,
      lost: count("lost") + audit.vanished,
      unobserved: count("unobserved"),
      duplicated: count("duplicated"),
    };
  }

  return {
    /** Rejects with ACTION_NOT_FOUND or STORE_UNAVAILABLE. */
    find,
    /** Begins an audit, or returns the one in progress. */
    begin: async (): Promise<LedgerAudit> => find(await seals.beginAudit(crypto.randomUUID())),
  };
}
export type LedgerAudits = ReturnType<typeof createLedgerAudit>;
