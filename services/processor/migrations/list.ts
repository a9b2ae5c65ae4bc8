import initial from "./001_initial.sql" with { type: "text" };
import knownTypes from "./002_known_types.sql" with { type: "text" };
import filterIndexes from "./003_filter_indexes.sql" with { type: "text" };
import deadLetterFilter from "./004_dead_letter_filter.sql" with { type: "text" };
import commands from "./005_commands.sql" with { type: "text" };
import bulkActions from "./006_bulk_actions.sql" with { type: "text" };
import failedActions from "./007_failed_actions.sql" with { type: "text" };
import due from "./008_due.sql" with { type: "text" };
import claimIndexes from "./009_claim_indexes.sql" with { type: "text" };
import futureJobs from "./010_future_jobs.sql" with { type: "text" };
import ledger from "./011_ledger.sql" with { type: "text" };
import ledgerIndexes from "./012_ledger_indexes.sql" with { type: "text" };
import jobCounts from "./013_job_counts.sql" with { type: "text" };
import firstCount from "./014_first_count.sql" with { type: "text" };
import retention from "./015_retention.sql" with { type: "text" };
import outboxMessage from "./016_outbox_message.sql" with { type: "text" };
import prunedEvents from "./017_pruned_events.sql" with { type: "text" };
import impliedHistory from "./018_implied_history.sql" with { type: "text" };
import ledgerMark from "./019_ledger_mark.sql" with { type: "text" };
import typeStatusIndex from "./020_type_status_index.sql" with { type: "text" };

export interface Migration {
  readonly name: string;
  readonly text: string;
  /**
   * How to apply the migration. `at once`, the default: in one transaction. `concurrently`: statement by statement,
   * outside a transaction, without blocking writers. `in batches`: by repeating one statement, which changes a limited
   * number of rows, until none are left.
   */
  readonly how?: "at once" | "concurrently" | "in batches";
}

/** All migrations, in order. The SQL of a released migration never changes. */
export const MIGRATIONS: readonly Migration[] = [
  { name: "001_initial", text: initial },
  { name: "002_known_types", text: knownTypes },
  { name: "003_filter_indexes", text: filterIndexes },
  { name: "004_dead_letter_filter", text: deadLetterFilter },
  { name: "005_commands", text: commands },
  { name: "006_bulk_actions", text: bulkActions },
  { name: "007_failed_actions", text: failedActions },
  { name: "008_due", text: due },
  { name: "009_claim_indexes", text: claimIndexes, how: "concurrently" },
  { name: "010_future_jobs", text: futureJobs, how: "in batches" },
  { name: "011_ledger", text: ledger },
  { name: "012_ledger_indexes", text: ledgerIndexes, how: "concurrently" },
  { name: "013_job_counts", text: jobCounts },
  { name: "014_first_count", text: firstCount },
  { name: "015_retention", text: retention },
  { name: "016_outbox_message", text: outboxMessage },
  { name: "017_pruned_events", text: prunedEvents },
  { name: "018_implied_history", text: impliedHistory },
  { name: "019_ledger_mark", text: ledgerMark },
  { name: "020_type_status_index", text: typeStatusIndex, how: "concurrently" },
];
