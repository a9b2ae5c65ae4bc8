import type { Static } from "@sinclair/typebox";
import type {
  Acceptance,
  ActionReply,
  BatchRequest,
  DeadLetterActionReply,
} from "../contracts/api-commands.ts";
import { ApiError } from "../shared/api-client/api-error.ts";
import type { ApiClient } from "../shared/api-client/client.ts";
import { endedAction, endedDeadLetterAction } from "../shared/api-client/ended-action.ts";
import type { BulkCommand, Command, Outcome } from "./commands.ts";
import type { Effect, Load } from "./effect.ts";
import type { Message } from "./message.ts";
import type { Failure, ResourceName, Resources } from "./resources.ts";
import { PrerequisitesError, readPrerequisites } from "./run-launcher.ts";

export interface EffectPorts {
  readonly client: ApiClient;
  readonly signal: AbortSignal;
  /** Probes the system's web pages. */
  readonly pages: (signal: AbortSignal) => Promise<Resources["pages"]>;
  dispatch(message: Message): void;
}

/** Timeout of the screen's queries. A slow service must cause an error instead of leaving old numbers on the screen. */
const QUERY_MS = 5_000;
/** How many requests about single jobs or dead letters run at once. */
const AT_ONCE = 8;

type Loaders = {
  readonly [N in ResourceName]: (ports: EffectPorts, query: Load["query"]) => Promise<Resources[N]>;
};

const options = ({ signal }: EffectPorts) => ({ signal, timeoutMs: QUERY_MS });
const id = (query: Load["query"]) => ({ params: { id: String(query.id) } });

/** The query that loads each resource. */
const LOADERS: Loaders = {
  overview: (ports) => ports.client.readModel.overview({}, options(ports)),
  completedSeries: (ports) =>
    ports.client.readModel.series({ query: { metric: "completed", minutes: 6 } }, options(ports)),
  failedSeries: (ports) =>
    ports.client.readModel.series({ query: { metric: "failed", minutes: 6 } }, options(ports)),
  ledger: (ports) => ports.client.readModel.ledger({}, { signal: ports.signal, timeoutMs: 4 * QUERY_MS }),
  alerts: (ports) => ports.client.readModel.alerts({}, options(ports)),
  jobs: (ports, query) => ports.client.readModel.listJobs({ query }, options(ports)),
  job: (ports, query) => ports.client.readModel.jobDetail(id(query), options(ports)),
  jobTypes: async (ports) => (await ports.client.gateway.listJobTypes({}, options(ports))).jobTypes,
  events: (ports, query) => ports.client.readModel.listEvents({ query }, options(ports)),
  deadLetters: (ports, query) => ports.client.readModel.listDeadLetters({ query }, options(ports)),
  deadLetter: (ports, query) => ports.client.readModel.deadLetter(id(query), options(ports)),
  queues: (ports) => ports.client.readModel.queues({}, options(ports)),
  workers: (ports) => ports.client.readModel.workers({}, options(ports)),
  retention: (ports) => ports.client.readModel.retention({}, options(ports)),
  pages: (ports) => ports.pages(ports.signal),
  checks: ({ signal }) => readPrerequisites(signal),
};

/** Queries a resource and dispatches the result. Rejects only on an unexpected error. */
export async function load(ports: EffectPorts, { name, key, query }: Load): Promise<void> {
  try {
    const value = await LOADERS[name](ports, query);
    ports.dispatch({ kind: "loaded", name, key, value });
  } catch (error) {
    if (!ports.signal.aborted) ports.dispatch({ kind: "failed", name, key, failure: failureOf(error) });
  }
}

/** Runs a command and dispatches its progress and outcome. Rejects only on an unexpected error. */
export async function runCommand(ports: EffectPorts, command: Command): Promise<void> {
  const outcome = await outcomeOf(ports, command).catch(
    (error: unknown): Outcome => ({ changed: 0, refused: 1, reason: reasonOf(error) }),
  );
  ports.dispatch({ kind: "finished", command, outcome });
}

/** Counts what a bulk action would change by doing a dry run. Rejects only on an unexpected error. */
export async function countMatches(ports: EffectPorts, command: BulkCommand): Promise<void> {
  try {
    const { matched } = await (isOnJobs(command)
      ? actOnJobs(ports, command, true)
      : actOnLetters(ports, command, true));
    ports.dispatch({ kind: "counted", command, matched });
  } catch (error) {
    ports.dispatch({ kind: "notice", text: reasonOf(error), tone: "bad" });
  }
}

async function outcomeOf(ports: EffectPorts, command: Command): Promise<Outcome> {
  const { gateway } = ports.client;
  switch (command.kind) {
    case "retry": {
      let note: string | undefined;
      const outcome = await each(ports, "Retrying", command.ids, async (id) => {
        note = (await gateway.retryJob({ params: { id } })).note ?? note;
      });
      return { ...outcome, note };
    }
    case "cancel":
      return each(ports, "Cancelling", command.ids, (jobId) => gateway.cancelJob({ params: { id: jobId } }));
    case "replay":
      return each(ports, "Replaying", command.ids, (letterId) =>
        gateway.replayDeadLetter({ params: { id: letterId } }),
      );
    case "drop":
      return each(ports, "Dropping", command.ids, (letterId) =>
        gateway.dropDeadLetter({ params: { id: letterId } }),
      );
    case "retry-all":
    case "cancel-all":
    case "replay-all":
    case "drop-all":
      return onMatches(ports, command);
    case "replay-edited": {
      const { jobId } = await gateway.replayDeadLetter({
        params: { id: command.id },
        body: { payload: command.payload },
      });
      return { changed: 1, refused: 0, jobId };
    }
    case "pause":
      return {
        changed: 1,
        refused: 0,
        note: (await gateway.pauseQueue({ params: { type: command.type } })).note,
      };
    case "resume":
      return {
        changed: 1,
        refused: 0,
        note: (await gateway.resumeQueue({ params: { type: command.type } })).note,
      };
    case "submit":
      return submit(ports, command);
  }
}

const PROGRESS: Readonly<Record<BulkCommand["kind"], string>> = {
  "retry-all": "Retrying",
  "cancel-all": "Cancelling",
  "replay-all": "Replaying",
  "drop-all": "Dropping",
};

/** Runs a bulk action to completion and dispatches its progress. */
async function onMatches(ports: EffectPorts, command: BulkCommand): Promise<Outcome> {
  const { client, signal } = ports;
  const onProgress = ({ seen, changed: so, matched: total }: ActionReply | DeadLetterActionReply) =>
    ports.dispatch({ kind: "progress", label: PROGRESS[command.kind], done: seen ?? so, total });
  if (isOnJobs(command)) {
    const begun = await actOnJobs(ports, command, false);
    return { ...outcomeOfMatches(await endedAction(client, begun, signal, onProgress)), note: begun.note };
  }
  const begun = await actOnLetters(ports, command, false);
  return outcomeOfMatches(await endedDeadLetterAction(client, begun, signal, onProgress));
}

const outcomeOfMatches = ({
  matched,
  changed,
  reason = "they changed in the meantime",
}: ActionReply | DeadLetterActionReply): Outcome => ({
  changed,
  refused: Math.max(0, matched - changed),
  reason,
});

type OnJobs = Extract<BulkCommand, { kind: "retry-all" | "cancel-all" }>;
type OnLetters = Exclude<BulkCommand, OnJobs>;

function isOnJobs(command: BulkCommand): command is OnJobs {
  return command.kind === "retry-all" || command.kind === "cancel-all";
}

// `all: true` permits an empty filter, which matches everything. This is safe, because a dry run has counted the
// matches and the user has confirmed that count.
function actOnJobs({ client, signal }: EffectPorts, { kind, filter }: OnJobs, dryRun: boolean) {
  const action = kind === "retry-all" ? "retry" : "cancel";
  return client.gateway.actOnJobs({ body: { action, filter, all: true, dryRun } }, { signal });
}

function actOnLetters({ client, signal }: EffectPorts, { kind, filter }: OnLetters, dryRun: boolean) {
  const action = kind === "replay-all" ? "replay" : "drop";
  return client.gateway.actOnDeadLetters({ body: { action, filter, all: true, dryRun } }, { signal });
}

async function submit(
  { client: { gateway } }: EffectPorts,
  { request, count }: Extract<Command, { kind: "submit" }>,
): Promise<Outcome> {
  if (count === 1) {
    const { jobId }: Acceptance = await gateway.submitJob({ body: request });
    return { changed: 1, refused: 0, jobId };
  }
  const body: Static<typeof BatchRequest> = { jobs: new Array(count).fill(request) };
  const { accepted, refused, results } = await gateway.submitBatch({ body });
  const problem = results.flatMap((result) => ("problem" in result ? [result.problem] : []))[0];
  return { changed: accepted, refused, reason: problem?.detail ?? problem?.title };
}

/** Runs `act` for each id, a few at a time, and counts the results. */
async function each(
  ports: EffectPorts,
  label: string,
  ids: readonly string[],
  act: (id: string) => Promise<unknown>,
): Promise<Outcome> {
  let changed = 0;
  let refused = 0;
  let reason: string | undefined;
  const queue = ids.values();
  const worker = async () => {
    for (const one of queue) {
      try {
        await act(one);
        changed++;
      } catch (error) {
        refused++;
        reason ??= reasonOf(error);
      }
      if (ids.length > 1)
        ports.dispatch({ kind: "progress", label, done: changed + refused, total: ids.length });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { changed, refused, reason };
}

function failureOf(error: unknown): Failure {
  if (error instanceof PrerequisitesError)
    return { message: error.message, remedy: "Run it by hand", unreachable: false };
  if (!(error instanceof ApiError)) throw error;
  const { code, detail, remedy } = error;
  return { message: detail, remedy, unreachable: code === "UNREACHABLE" || code === "TIMED_OUT" };
}

function reasonOf(error: unknown): string {
  const { message, remedy } = failureOf(error);
  return `${message}. ${remedy}`;
}

export type OutsideEffect = Exclude<Effect, Load>;
