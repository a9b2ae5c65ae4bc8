import { Elysia } from "elysia";
import { ActionRequest, DeadLetterActionRequest, ReplayRequest } from "../../contracts/api-commands.ts";
import { COMMAND_HEADERS } from "../../contracts/command-outcome.ts";
import type { Bus } from "../../shared/bus/port.ts";
import { AppError } from "../../shared/errors.ts";
import type { Edge } from "../../shared/http/edge.ts";
import type { createOps } from "../../shared/http/ops.ts";
import { createCheck, readId, readJson } from "../../shared/http/read-request.ts";
import { translateStoreError } from "../../shared/postgres.ts";
import type { BulkActions } from "./bulk-actions.ts";
import type { CommandLog } from "./command-log.ts";
import type { Commands } from "./commands.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { ReplayLetter } from "./replay.ts";
import type { WorkerStore } from "./worker-store.ts";

const MAX_BODY_BYTES = 524_288;
const checkAction = createCheck(ActionRequest, "VALIDATION_FAILED", "The request");
const checkLetters = createCheck(DeadLetterActionRequest, "VALIDATION_FAILED", "The request");
const checkReplay = createCheck(ReplayRequest, "VALIDATION_FAILED", "The request");

export interface AppOptions {
  readonly edge: Edge;
  readonly ops: ReturnType<typeof createOps>;
  readonly commands: Commands;
  readonly actions: BulkActions;
  readonly deadLetters: Pick<DeadLetters, "drop">;
  readonly replay: ReplayLetter;
  readonly commandLog: CommandLog;
  readonly workers: Pick<WorkerStore, "snapshot">;
  /** Messages that this process holds, by queue. */
  readonly held: Bus["held"];
  /** Whether the tables are up to date and it may take commands. */
  isStarted(): boolean;
}

/** The processor's HTTP side: operations, and the internal command API that the gateway calls. */
export function createApp(options: AppOptions) {
  const { edge, ops, commands, actions, deadLetters, replay, commandLog, workers, held, isStarted } = options;
  /** Carry out a command under the id that came with it. */
  const once = (request: Request, act: (commandId: string) => Promise<unknown>) => {
    const id = idIn(request, COMMAND_HEADERS.id);
    const send = idIn(request, COMMAND_HEADERS.send);
    const fingerprint = request.headers.get(COMMAND_HEADERS.fingerprint) ?? id;
    return commandLog
      .once({ id, send, fingerprint }, () => act(id).catch(translateStoreError))
      .catch(translateStoreError);
  };

  return new Elysia()
    .use(edge)
    .use(ops)
    .onBeforeHandle(({ path }) => {
      if (path.startsWith("/internal/") && !isStarted())
        throw new AppError("STORE_UNAVAILABLE", "The processor is starting: its tables may not be there yet");
    })
    .get("/internal/held", () => held())
    .get("/internal/snapshot", () => workers.snapshot().catch(translateStoreError))
    .post("/internal/commands/:id/outcome", ({ request, params }) =>
      commandLog.outcome(readId(params.id), idIn(request, COMMAND_HEADERS.send)).catch(translateStoreError),
    )
    .post("/internal/jobs/:id/cancel", ({ request, params }) =>
      once(request, (commandId) => commands.cancel(readId(params.id), commandId)),
    )
    .post("/internal/jobs/:id/retry", ({ request, params }) =>
      once(request, (commandId) => commands.retry(readId(params.id), commandId)),
    )
    .post(
      "/internal/jobs/actions",
      async ({ request }) => {
        const action = checkAction(await readJson(request, MAX_BODY_BYTES));
        return once(request, (commandId) => actions.onJobs(action, commandId));
      },
      { parse: "none" },
    )
    .get("/internal/jobs/actions/:id", ({ params }) =>
      actions.standing(readId(params.id), "jobs").catch(translateStoreError),
    )
    .post("/internal/jobs/actions/:id/cancel", ({ request, params }) =>
      once(request, () => actions.cancel(readId(params.id), "jobs")),
    )
    .post(
      "/internal/dead-letters/actions",
      async ({ request }) => {
        const action = checkLetters(await readJson(request, MAX_BODY_BYTES));
        return once(request, (commandId) => actions.onLetters(action, commandId));
      },
      { parse: "none" },
    )
    .get("/internal/dead-letters/actions/:id", ({ params }) =>
      actions.standing(readId(params.id), "dead-letters").catch(translateStoreError),
    )
    .post("/internal/dead-letters/actions/:id/cancel", ({ request, params }) =>
      once(request, () => actions.cancel(readId(params.id), "dead-letters")),
    )
    .post(
      "/internal/dead-letters/:id/replay",
      async ({ request, params, correlationId }) => {
        const body = await readJson(request, MAX_BODY_BYTES, true);
        const asked = body === undefined ? {} : checkReplay(body);
        return once(request, (commandId) => replay(readId(params.id), asked, correlationId, commandId));
      },
      { parse: "none" },
    )
    .delete("/internal/dead-letters/:id", ({ request, params }) =>
      once(request, () => deadLetters.drop(readId(params.id))),
    )
    .post("/internal/queues/:type/pause", ({ request, params }) =>
      once(request, () => commands.setPaused(params.type, true)),
    )
    .post("/internal/queues/:type/resume", ({ request, params }) =>
      once(request, () => commands.setPaused(params.type, false)),
    );
}

/** An id that the gateway sends along; one of our own for a caller that sends none. */
function idIn(request: Request, header: string): string {
  const id = request.headers.get(header);
  return id === null ? crypto.randomUUID() : readId(id);
}
