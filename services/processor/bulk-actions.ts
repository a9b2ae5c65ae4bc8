import type {
  ActionReply,
  ActionRequest,
  DeadLetterActionReply,
  DeadLetterActionRequest,
  PurgeRequest,
} from "../../contracts/api-commands.ts";
import { pause } from "../../shared/async.ts";
import { checkedFilter } from "../../shared/checked-filter.ts";
import type { Duty } from "../../shared/duty.ts";
import { AppError, messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { isPassing, isTimeout } from "../../shared/postgres.ts";
import type { BulkAction, BulkActionStore, MatchCount, Target } from "./bulk-action-store.ts";
import type { CommandLogStore } from "./command-log-store.ts";
import { cancelMoves, retryMoves } from "./command-moves.ts";
import type { CommandStore } from "./command-store.ts";
import type { Historian } from "./history.ts";
import type { Outbox } from "./outbox.ts";
import type { ReplayLetter } from "./replay.ts";
import { storableText } from "./storable-json.ts";

/**
 * If at most this many jobs or dead letters match, the request waits up to `WAIT_MS` for its action to end; otherwise
 * it returns immediately.
 */
const MAX_AWAITED = 1_000;
const WAIT_MS = 3_000;
const WAIT_POLL_MS = 20;
const SAMPLE_SIZE = 10;
/** Maximum number of job types named in a note. */
const MAX_NAMED = 5;
const PURGE_NOTE =
  "The purge keeps jobs that ended in the last half minute, have unfinished children, or are reported as lost, unobserved or duplicated by the ledger; repeat it later to delete them";
/** How often a processor looks for abandoned actions. */
const POLL_MS = 1_000;
const REPLAY_CHUNK = 50;
/** If a step fails this many times in a row, with a pause of `POLL_MS` between tries, its action ends as failed. */
const MAX_FAILURES = 3;
const MAX_REASON = 500;
const FORGET_EVERY_MS = 600_000;

export interface BulkActionsOptions {
  readonly store: BulkActionStore;
  readonly commandLog: Pick<CommandLogStore, "forgetOld">;
  readonly jobs: CommandStore;
  readonly history: Historian;
  readonly outbox: Outbox;
  readonly replay: ReplayLetter;
  readonly workerId: () => string;
  readonly stopping: AbortSignal;
  readonly log: Log;
  readonly duty: Duty;
  /** Called when an action has made jobs due. */
  readonly onDue: () => void;
}

type RequestedAction = Pick<BulkAction, "target" | "action" | "filter">;

/**
 * Runs actions on all jobs or dead letters that match a filter. Each action is a row in the store. The processor that
 * holds it works through the matches in id order; if that processor dies, another one continues where it stopped.
 */
export function createBulkActions(options: BulkActionsOptions) {
  const { store, commandLog, jobs, history, outbox, replay, workerId, stopping, log, duty, onDue } = options;
  let woken = Promise.withResolvers<void>();
  /** Consecutive failures of each action that this processor runs, by action id. */
  const failures = new Map<string, number>();

  async function begin(requested: RequestedAction, id: string, dryRun: boolean) {
    const createdAt = history.now();
    const found = await store.matches({ ...requested, createdAt });
    const matched = found.reduce((sum, { count }) => sum + count, 0);
    if (dryRun) {
      const sample = await store.sample({ ...requested, createdAt }, SAMPLE_SIZE);
      return { dryRun, matched, changed: 0, ...countsOf(requested.target, found), sample };
    }
    await store.create({ ...requested, id, matched, createdAt });
    log.info("Action started", { actionId: id, target: requested.target, action: requested.action, matched });
    woken.resolve();
    let now = await get(id, requested.target);
    if (matched > MAX_AWAITED) return { ...now, ...countsOf(requested.target, found) };
    for (let waited = 0; now.state === "running" && waited < WAIT_MS; waited += WAIT_POLL_MS) {
      await pause(WAIT_POLL_MS, stopping);
      now = await get(id, requested.target);
    }
    return { ...now, ...countsOf(requested.target, found) };
  }

  async function get<T extends Target>(id: string, target: T): Promise<ReplyTo<T>> {
    const action = await store.get(id, target);
    if (!action) throw new AppError("ACTION_NOT_FOUND", `No action on ${target} has the id ${id}`);
    // The store looks up an action by id and target, so its verb is valid for the target.
    return replyFor(action) as ReplyTo<T>;
  }

  async function execute(action: BulkAction): Promise<void> {
    const holder = workerId();
    let finished = false;
    do {
      finished = await step(action, holder);
      failures.delete(action.id);
      duty.done();
    } while (!finished && !stopping.aborted);
    if (stopping.aborted) await store.release(action.id, holder);
    const end = await store.get(action.id, action.target);
    log.info("Finished or released an action", {
      actionId: action.id,
      state: end?.state,
      seen: end?.seen,
      changed: end?.changed,
    });
  }

  /**
   * Runs every action, oldest first. An action whose step fails waits for the next poll while the others run. Returns
   * false if an outage stopped any of them.
   */
  async function executeAll(): Promise<boolean> {
    const passed: string[] = [];
    let isHealthy = true;
    const next = async () => (stopping.aborted ? undefined : store.take(workerId(), passed));
    for (let action = await next(); action; action = await next())
      try {
        await execute(action);
      } catch (error) {
        passed.push(action.id);
        if (isOutage(error)) {
          isHealthy = false;
          duty.failed(messageOf(error));
          log.warn("An outage delays an action", { actionId: action.id, reason: messageOf(error) });
        } else await countFailure(action.id, error);
      }
    return isHealthy;
  }

  async function countFailure(id: string, error: unknown): Promise<void> {
    const failuresInARow = (failures.get(id) ?? 0) + 1;
    failures.set(id, failuresInARow);
    log.warn("A step of an action failed", { actionId: id, failuresInARow, error });
    if (failuresInARow < MAX_FAILURES) return;
    await store.fail(id, workerId(), storableText(messageOf(error), MAX_REASON));
    failures.delete(id);
  }

  /** Runs one step of an action, which handles a limited number of matches. Returns whether it was the last step. */
  async function step(action: BulkAction, holder: string): Promise<boolean> {
    const { id, target, action: verb } = action;
    if (verb === "replay") return replayChunk(action, holder);
    if (verb === "purge") return (await store.purgeChunk(id, holder)).finished;
    if (target === "dead-letters") return (await store.dropChunk(id, holder)).finished;
    const movesOf = verb === "cancel" ? cancelMoves : retryMoves;
    const chunk = await store.jobChunk(id, holder, (found) => movesOf(history, found, id));
    for (const message of chunk.messages) outbox.relay(message);
    if (chunk.moved > 0 && verb === "retry") onDue();
    return chunk.finished;
  }

  /**
   * Records the progress after each dead letter instead of after the chunk: no transaction spans the bus and the store,
   * so after a crash only one dead letter may be replayed a second time.
   */
  async function replayChunk({ id }: BulkAction, holder: string): Promise<boolean> {
    const letters = await store.letterIds(id, holder, REPLAY_CHUNK);
    if (!letters) return true;
    for (const letterId of letters) {
      const changed = (await isReplayed(letterId, id)) ? 1 : 0;
      await store.advance(id, { after: letterId, seen: 1, changed, finished: false });
      if (stopping.aborted) return false;
    }
    const finished = letters.length < REPLAY_CHUNK;
    if (finished) await store.advance(id, { after: letters.at(-1) ?? null, seen: 0, changed: 0, finished });
    return finished;
  }

  async function isReplayed(letterId: string, actionId: string): Promise<boolean> {
    try {
      await replay(letterId, {}, actionId, crypto.randomUUID());
      return true;
    } catch (error) {
      // A refusal affects only this dead letter, so the action continues. A store or bus outage would affect all of
      // them.
      if (!(error instanceof AppError) || error.retryable) throw error;
      log.info("A dead letter was not replayed", { deadLetterId: letterId, actionId, reason: error.message });
      return false;
    }
  }

  async function noteOn(types: readonly string[]): Promise<string | undefined> {
    const idle = await jobs.withoutWorker(types);
    if (idle.length === 0) return undefined;
    const named = idle.slice(0, MAX_NAMED).join(", ") + (idle.length > MAX_NAMED ? ", …" : "");
    return (
      `No worker runs ${named}, so ${idle.length === 1 ? "its" : "their"} jobs wait. Start a processor that does, ` +
      `or cancel the jobs with POST /jobs/actions and the filter type:${idle[0]}`
    );
  }

  const jobsLanguage = () =>
    ({ language: "jobs", code: "VALIDATION_FAILED", now: history.now(), storedTypes: jobs.types }) as const;

  return {
    async onJobs(request: ActionRequest, commandId: string): Promise<ActionReply> {
      const { action, filter: given, all = false, dryRun = false } = request;
      const filter = await checkedFilter(given, jobsLanguage());
      refuseEmpty(filter, all, "job");
      const reply = await begin({ target: "jobs", action, filter }, commandId, dryRun);
      const note = action === "retry" ? await noteOn(Object.keys(reply.byType)) : undefined;
      return { ...reply, action, ...(note && { note }) };
    },

    /**
     * Deletes the matching jobs, except jobs with unfinished children, jobs that the ledger has not finished checking,
     * and jobs that it reports as lost, unobserved or duplicated. `changed` counts the deleted jobs.
     */
    async onPurge(
      { filter: given, all = false, dryRun = false }: PurgeRequest,
      commandId: string,
    ): Promise<ActionReply> {
      const filter = await checkedFilter(given, jobsLanguage());
      refuseEmpty(filter, all, "job");
      const action = "purge";
      const reply = await begin({ target: "jobs", action, filter }, commandId, dryRun);
      return { ...reply, action, note: PURGE_NOTE };
    },

    async onLetters(request: DeadLetterActionRequest, commandId: string): Promise<DeadLetterActionReply> {
      const { action, filter: given, all = false, dryRun = false } = request;
      const language = {
        language: "deadLetters",
        code: "VALIDATION_FAILED",
        now: history.now(),
        storedTypes: jobs.types,
      } as const;
      const filter = await checkedFilter(given, language);
      refuseEmpty(filter, all, "dead letter");
      return { ...(await begin({ target: "dead-letters", action, filter }, commandId, dryRun)), action };
    },

    get,

    async cancel<T extends Target>(id: string, target: T): Promise<ReplyTo<T>> {
      await get(id, target);
      await store.cancel(id);
      return get(id, target);
    },

    /** Until the service stops, runs the actions that no other live processor holds, and deletes old records. */
    async run(): Promise<void> {
      let forgottenAt = 0;
      duty.begin();
      while (!stopping.aborted) {
        try {
          const isHealthy = await executeAll();
          if (Date.now() - forgottenAt > FORGET_EVERY_MS) {
            await Promise.all([store.forgetOld(), commandLog.forgetOld()]);
            forgottenAt = Date.now();
          }
          if (isHealthy) duty.done();
        } catch (error) {
          duty.failed(messageOf(error));
          log.warn("Cannot run actions now", { reason: messageOf(error) });
        }
        await Promise.race([pause(POLL_MS, stopping), woken.promise]);
        woken = Promise.withResolvers();
      }
    },
  };
}
export type BulkActions = ReturnType<typeof createBulkActions>;

/**
 * Returns whether the store or the bus failed temporarily. A timeout does not count, because a step that is too large
 * for one statement times out every time.
 */
function isOutage(error: unknown): boolean {
  if (error instanceof AppError) return error.retryable;
  return isPassing(error) && !isTimeout(error);
}

function refuseEmpty(filter: object, all: boolean, what: string): void {
  if (all || Object.keys(filter).length > 0) return;
  throw new AppError(
    "VALIDATION_FAILED",
    `The filter is empty and would match every ${what}; pass a filter, or \`all: true\` if you mean every one`,
    { errors: [{ path: "/filter", message: "Expected at least one condition, or all: true" }] },
  );
}

function countsOf(target: Target, found: readonly MatchCount[]) {
  const sum = (nameOf: (match: MatchCount) => string) => {
    const counts: Record<string, number> = {};
    for (const match of found) counts[nameOf(match)] = (counts[nameOf(match)] ?? 0) + match.count;
    return counts;
  };
  const byGroup = sum(({ group }) => group);
  return {
    ...(target === "jobs" ? { byStatus: byGroup } : { byReason: byGroup }),
    byType: sum(({ type }) => type ?? "unknown"),
  };
}

type ReplyTo<T extends Target> = T extends "jobs" ? ActionReply : DeadLetterActionReply;

function replyFor({ id, action, state, reason, matched, seen, changed, createdAt, finishedAt }: BulkAction) {
  return {
    id,
    action,
    dryRun: false,
    state,
    matched,
    seen,
    changed,
    ...(reason !== null && { reason }),
    createdAt: createdAt.toISOString(),
    ...(finishedAt && { finishedAt: finishedAt.toISOString() }),
  };
}
