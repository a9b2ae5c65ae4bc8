import { Elysia } from "elysia";
import { ActionRequest, ReplayRequest } from "../../contracts/api-commands.ts";
import { AppError } from "../../shared/errors.ts";
import type { Edge } from "../../shared/http/edge.ts";
import type { createOps } from "../../shared/http/ops.ts";
import { createCheck, readId, readJson } from "../../shared/http/read-request.ts";
import { translateStoreError } from "../../shared/postgres.ts";
import type { Commands } from "./commands.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { WorkerStore } from "./worker-store.ts";

const MAX_BODY_BYTES = 524_288;
const checkAction = createCheck(ActionRequest, "VALIDATION_FAILED", "The request");
const checkReplay = createCheck(ReplayRequest, "VALIDATION_FAILED", "The request");

export interface AppOptions {
  readonly edge: Edge;
  readonly ops: ReturnType<typeof createOps>;
  readonly commands: Commands;
  readonly deadLetters: DeadLetters;
  readonly workers: Pick<WorkerStore, "snapshot">;
  /** Whether the tables are up to date and it may take commands. */
  isStarted(): boolean;
}

/** The processor's HTTP side: operations, and the internal command API that the gateway calls. */
export function createApp({ edge, ops, commands, deadLetters, workers, isStarted }: AppOptions) {
  return new Elysia()
    .use(edge)
    .use(ops)
    .onBeforeHandle(({ path }) => {
      if (path.startsWith("/internal/") && !isStarted())
        throw new AppError("STORE_UNAVAILABLE", "The processor is starting: its tables may not be there yet");
    })
    .get("/internal/snapshot", () => workers.snapshot().catch(translateStoreError))
    .post("/internal/jobs/:id/cancel", ({ params }) =>
      commands.cancel(readId(params.id)).catch(translateStoreError),
    )
    .post("/internal/jobs/:id/retry", ({ params }) =>
      commands.retry(readId(params.id)).catch(translateStoreError),
    )
    .post(
      "/internal/jobs/actions",
      async ({ request }) =>
        commands.act(checkAction(await readJson(request, MAX_BODY_BYTES))).catch(translateStoreError),
      { parse: "none" },
    )
    .post(
      "/internal/dead-letters/:id/replay",
      async ({ request, params, correlationId }) => {
        const body = await readJson(request, MAX_BODY_BYTES, true);
        return deadLetters
          .replay(readId(params.id), body === undefined ? {} : checkReplay(body), correlationId)
          .catch(translateStoreError);
      },
      { parse: "none" },
    )
    .delete("/internal/dead-letters/:id", ({ params }) =>
      deadLetters.drop(readId(params.id)).catch(translateStoreError),
    )
    .post("/internal/queues/:type/pause", ({ params }) =>
      commands.setPaused(params.type, true).catch(translateStoreError),
    )
    .post("/internal/queues/:type/resume", ({ params }) =>
      commands.setPaused(params.type, false).catch(translateStoreError),
    );
}
