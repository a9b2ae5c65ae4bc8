import { type AnyElysia, Elysia } from "elysia";
import { COMMAND_HEADERS } from "../../contracts/command-outcome.ts";
import { INTERNAL, PROCESSOR_ROUTES } from "../../contracts/processor-routes.ts";
import type { Bus } from "../../shared/bus/port.ts";
import { AppError } from "../../shared/errors.ts";
import type { Edge } from "../../shared/http/edge.ts";
import { type Handlers, mount } from "../../shared/http/mount.ts";
import type { createOps } from "../../shared/http/ops.ts";
import { readId } from "../../shared/http/read-request.ts";
import { translateStoreError } from "../../shared/postgres.ts";
import type { BulkActions } from "./bulk-actions.ts";
import type { CommandLog } from "./command-log.ts";
import type { Commands } from "./commands.ts";
import type { CountStore } from "./count-store.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { ReplayLetter } from "./replay.ts";
import type { WorkerStore } from "./worker-store.ts";

export interface AppOptions {
  readonly edge: Edge;
  readonly ops: ReturnType<typeof createOps>;
  readonly commands: Commands;
  readonly actions: BulkActions;
  readonly deadLetters: Pick<DeadLetters, "drop">;
  readonly replay: ReplayLetter;
  readonly commandLog: CommandLog;
  readonly counts: Pick<CountStore, "check">;
  readonly snapshot: WorkerStore["snapshot"];
  /** Returns the number of messages that this process holds, by queue. */
  readonly held: Bus["held"];
  /** Whether startup has finished. Until then the internal routes are refused. */
  isStarted(): boolean;
}

/**
 * Creates the processor's HTTP app: its operational endpoints, and the internal API that the gateway and the
 * metrics-engine call.
 */
export function createApp(options: AppOptions): AnyElysia {
  const app = new Elysia()
    .use(options.edge)
    .use(options.ops)
    .onBeforeHandle(({ path }) => {
      if (path.startsWith(`${INTERNAL}/`) && !options.isStarted())
        throw new AppError("STORE_UNAVAILABLE", "The processor is starting: its tables may not exist yet");
    });
  return mount(app, PROCESSOR_ROUTES, createHandlers(options), { translate: translateStoreError });
}

function createHandlers(options: AppOptions): Handlers<typeof PROCESSOR_ROUTES> {
  const { commands, actions, deadLetters, replay, commandLog, counts } = options;
  /** Runs a command once per command id; a repeated request receives the first reply. */
  const once = <T>({ request }: { request: Request }, act: (commandId: string) => Promise<T>): Promise<T> => {
    const id = idIn(request, COMMAND_HEADERS.id);
    const send = idIn(request, COMMAND_HEADERS.send);
    const fingerprint = request.headers.get(COMMAND_HEADERS.fingerprint) ?? id;
    return commandLog.once({ id, send, fingerprint }, () => act(id)) as Promise<T>;
  };

  return {
    held: () => options.held(),
    snapshot: () => options.snapshot(),
    commandOutcome: ({ request, params }) =>
      commandLog.outcome(params.id, idIn(request, COMMAND_HEADERS.send)),
    cancelJob: (call) => once(call, (commandId) => commands.cancel(call.params.id, commandId)),
    retryJob: (call) => once(call, (commandId) => commands.retry(call.params.id, commandId)),
    async actOnJobs(call) {
      const action = await call.body();
      return once(call, (commandId) => actions.onJobs(action, commandId));
    },
    async purgeJobs(call) {
      const purge = await call.body();
      return once(call, (commandId) => actions.onPurge(purge, commandId));
    },
    jobAction: ({ params }) => actions.get(params.id, "jobs"),
    cancelJobAction: (call) => once(call, () => actions.cancel(call.params.id, "jobs")),
    async actOnDeadLetters(call) {
      const action = await call.body();
      return once(call, (commandId) => actions.onLetters(action, commandId));
    },
    deadLetterAction: ({ params }) => actions.get(params.id, "dead-letters"),
    cancelDeadLetterAction: (call) => once(call, () => actions.cancel(call.params.id, "dead-letters")),
    async replayDeadLetter(call) {
      const { params, correlationId } = call;
      const edits = (await call.body()) ?? {};
      return once(call, (commandId) => replay(params.id, edits, correlationId, commandId));
    },
    dropDeadLetter: (call) => once(call, () => deadLetters.drop(call.params.id)),
    checkCounts: (call) => once(call, () => counts.check()),
    pauseQueue: (call) => once(call, () => commands.setPaused(call.params.type, true)),
    resumeQueue: (call) => once(call, () => commands.setPaused(call.params.type, false)),
  };
}

/** Returns the id from the named header, which the gateway sends, or a new id if the caller sent none. */
function idIn(request: Request, header: string): string {
  const id = request.headers.get(header);
  return id === null ? crypto.randomUUID() : readId(id);
}
