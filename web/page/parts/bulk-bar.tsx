import type { JobSummary } from "../../../contracts/job.ts";
import { count } from "../../../shared/format.ts";
import { useAccess } from "../access.ts";
import { client } from "../client.ts";
import { useShortcuts } from "../shortcuts.ts";
import { ActionButton } from "./action-button.tsx";
import { useConfirm } from "./confirm.tsx";
import { canCancel, canRetry } from "./job-head.tsx";
import { useAction } from "./toast.tsx";

type Verb = "retry" | "cancel";
const WORDS = {
  retry: { verb: "Retry", done: "Retried", busy: "Retrying", can: canRetry },
  cancel: { verb: "Cancel", done: "Cancelled", busy: "Cancelling", can: canCancel },
} as const;

interface BulkBarProps {
  readonly filter: string;
  readonly marked: readonly JobSummary[];
  /** How many rows `markAll` would mark; 0 if all of them are marked already. */
  readonly rest: number;
  readonly markAll: () => void;
  readonly clear: () => void;
}

/** Acts on the marked jobs one by one, or on all matching jobs after a dry run has counted them. */
export function BulkBar({ filter, marked, rest, markAll, clear }: BulkBarProps) {
  const act = useAction();
  const confirm = useConfirm();
  const access = useAccess();
  const isMarking = marked.length > 0;

  const eligible = (verb: Verb) => marked.filter(WORDS[verb].can);
  const why = (verb: Verb) => {
    if (access.reason) return access.reason;
    if (!isMarking || eligible(verb).length > 0) return undefined;
    return verb === "retry" ? "None of them has failed" : "All of them have finished";
  };

  async function each(verb: Verb): Promise<void> {
    const jobs = eligible(verb);
    const { verb: word, done } = WORDS[verb];
    const isSure = await confirm({
      title: `${word} ${jobs.length} ${jobs.length === 1 ? "job" : "jobs"}?`,
      text: consequence(verb),
      verb: `${word} ${jobs.length}`,
    });
    if (!isSure) return;
    await act(`${done} ${jobs.length}`, async () => {
      const call = verb === "retry" ? client.gateway.retryJob : client.gateway.cancelJob;
      const outcomes = await Promise.allSettled(jobs.map(({ id }) => call({ params: { id } })));
      const refused = outcomes.filter((outcome) => outcome.status === "rejected");
      clear();
      if (refused[0])
        throw new Error(`${refused.length} of ${outcomes.length} were refused: ${refused[0].reason.message}`);
    });
  }

  async function all(verb: Verb): Promise<void> {
    const { verb: word, done } = WORDS[verb];
    const body = { action: verb, filter } as const;
    await act(`${done} all matching jobs`, async () => {
      const { matched } = await client.gateway.actOnJobs({ body: { ...body, dryRun: true } });
      if (matched === 0) throw new Error(`No matching job can be ${done.toLowerCase()}`);
      const isSure = await confirm({
        title: `${word} ${count(matched)} ${matched === 1 ? "job" : "jobs"}?`,
        text: `This affects every job that matches ${filter}. ${consequence(verb)}`,
        verb: `${word} ${count(matched)}`,
      });
      if (!isSure) throw new Error("Nothing was changed");
      await client.gateway.actOnJobs({ body });
    });
  }

  const run = (verb: Verb) => (isMarking ? each(verb) : all(verb));
  const label = (verb: Verb) => {
    const reason = why(verb);
    if (isMarking && reason && !access.reason) return `${WORDS[verb].verb}: ${reason.toLowerCase()}`;
    return isMarking ? `${WORDS[verb].verb} ${eligible(verb).length}` : `${WORDS[verb].verb} all that match`;
  };
  const shortcut = (verb: Verb) =>
    why(verb) || (!isMarking && !filter)
      ? undefined
      : { run: () => void run(verb), label: label(verb).toLowerCase() };
  useShortcuts({ retry: shortcut("retry"), cancel: shortcut("cancel") });
  if (!isMarking && !filter) return null;
  return (
    <div class="bulk" role="toolbar" aria-label={isMarking ? "Act on marked jobs" : "Act on all that match"}>
      <span class="count" aria-live="polite">
        {isMarking ? `${marked.length} marked` : "All that match"}
      </span>
      <ActionButton
        label={label("retry")}
        busyLabel={`${WORDS.retry.busy}…`}
        icon="retrying"
        tone="primary"
        shown="t"
        why={why("retry")}
        run={() => run("retry")}
      />
      <ActionButton
        label={label("cancel")}
        busyLabel={`${WORDS.cancel.busy}…`}
        shown="x"
        why={why("cancel")}
        run={() => run("cancel")}
      />
      {isMarking && rest > 0 && (
        <button class="btn quiet" type="button" onClick={markAll}>
          Mark all {rest}
          <kbd>*</kbd>
        </button>
      )}
      {isMarking && (
        <button class="btn quiet" type="button" onClick={clear}>
          Clear<kbd>Esc</kbd>
        </button>
      )}
      {access.reason && <span class="why-not">{access.reason}</span>}
    </div>
  );
}

const consequence = (verb: Verb) =>
  verb === "retry"
    ? "Each job runs again with the same payload; its earlier attempts stay in the history."
    : "Running tries stop; all jobs stay in the history and can be retried.";
