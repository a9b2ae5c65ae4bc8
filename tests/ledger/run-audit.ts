import type { LedgerAudit } from "../../contracts/api-queries.ts";
import { eventually } from "../support/wait.ts";
import type { World } from "../support/world.ts";

/** Starts a ledger audit and returns its result once it has ended. */
export async function runAudit(world: World): Promise<LedgerAudit> {
  const reply = await fetch(`${world.readModel()}/ledger/audit`, { method: "POST" });
  const { id } = (await reply.json()) as LedgerAudit;
  return eventually(
    async () => {
      const audit = await world.get<LedgerAudit>(`/ledger/audit/${id}`);
      return audit.state === "done" && audit;
    },
    { what: "the audit to end", timeoutMs: 150_000 },
  );
}
