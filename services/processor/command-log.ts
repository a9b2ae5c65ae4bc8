import type { CommandOutcome } from "../../contracts/command-outcome.ts";
import { pause, untilItSucceeds } from "../../shared/async.ts";
import { AppError, messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { isRefusedValue, translateStoreError } from "../../shared/postgres.ts";
import type { CommandLogStore, CommandRequest } from "./command-log-store.ts";
import { storableJson } from "./storable-json.ts";

const POLL_MS = 50;
/** How long a repeated request waits for the first request to end. */
const WAIT_MS = 4_000;

export interface CommandLogOptions {
  readonly store: CommandLogStore;
  readonly workerId: () => string;
  readonly stopping: AbortSignal;
  readonly log: Log;
}

/**
 * Runs each command once. A command is in one of these states:
 *
 * - *running*: a worker is running it. A repeated request waits for the reply, or takes over if the worker is lost.
 * - *done*, *refused*: the reply is kept for a day, and repeated requests receive it.
 * - *withdrawn*: nothing was done. The request that brought the command can no longer run it, but a repeated request
 *   may.
 */
export function createCommandLog({ store, workerId, stopping, log }: CommandLogOptions) {
  /** Retries until the outcome is recorded. Until then the command appears to be running. */
  const record = (command: CommandRequest, state: "done" | "refused" | "withdrawn", reply: unknown) =>
    untilItSucceeds(() => store.end(command, state, storableJson(JSON.stringify(reply ?? null))), {
      signal: stopping,
      onError(error) {
        // Retrying cannot help: the store would refuse the same value every time.
        if (isRefusedValue(error)) throw error;
        log.warn("Cannot record a command's outcome yet", {
          commandId: command.id,
          reason: messageOf(error),
        });
      },
    }).catch((error: unknown) =>
      log.error("Could not record a command's outcome", { commandId: command.id, error }),
    );

  async function carryOut(command: CommandRequest, act: () => Promise<unknown>): Promise<unknown> {
    try {
      // Store errors are translated here, so that a refusal is recorded exactly as the caller receives it.
      const reply = await act().catch(translateStoreError);
      await record(command, "done", reply);
      return reply;
    } catch (error) {
      if (error instanceof AppError && !error.retryable) {
        const { code, message, errors, facts } = error;
        await record(command, "refused", { code, message, errors, facts });
      } else void record(command, "withdrawn", null);
      throw error;
    }
  }

  /** Answers a repeated request from the record of the first request. */
  async function repeat({ id, fingerprint }: CommandRequest): Promise<unknown> {
    for (let waited = 0; waited < WAIT_MS; waited += POLL_MS) {
      const known = await store.find(id);
      if (known && known.fingerprint !== fingerprint && known.fingerprint !== "")
        throw new AppError("IDEMPOTENCY_CONFLICT", "The idempotency key was used with another command");
      if (known?.state === "done") return known.reply;
      if (known?.state === "refused") throw refusalOf(known.reply);
      if (known?.state !== "running") break;
      await pause(POLL_MS, stopping);
    }
    throw new AppError("PROCESSOR_UNAVAILABLE", "The command has not ended yet; its outcome is unknown", {
      facts: { commandId: id },
    });
  }

  return {
    /** Runs a command, or returns the reply to its first request. */
    async once(command: CommandRequest, act: () => Promise<unknown>): Promise<unknown> {
      return (await store.begin(command, workerId())) ? carryOut(command, act) : repeat(command);
    },

    /** Returns a command's outcome. Withdraws a command that has not begun, so that the outcome cannot change later. */
    async outcome(id: string, send: string): Promise<CommandOutcome> {
      await store.withdraw(id, send);
      const known = await store.find(id);
      if (known?.state === "done") return { state: "done", reply: known.reply };
      if (known?.state === "refused") return { state: "refused", refusal: known.reply as Refusal };
      if (known?.state === "running" && !known.held) return { state: "lost" };
      return { state: known?.state ?? "withdrawn" };
    },
  };
}
export type CommandLog = ReturnType<typeof createCommandLog>;

type Refusal = NonNullable<CommandOutcome["refusal"]>;

function refusalOf(reply: unknown): AppError {
  const { code, message, errors, facts } = reply as Refusal;
  return new AppError(code, message, { ...(errors && { errors }), ...(facts && { facts }) });
}
