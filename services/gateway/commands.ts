import { TypeCompiler } from "@sinclair/typebox/compiler";
import { COMMAND_HEADERS, CommandOutcome } from "../../contracts/command-outcome.ts";
import { commandIdOfKey } from "../../contracts/ids.ts";
import { INTERNAL } from "../../contracts/processor-routes.ts";
import { pause } from "../../shared/async.ts";
import { AppError } from "../../shared/errors.ts";
import { fingerprintOf } from "../../shared/fingerprint.ts";
import { fetchFailure } from "../../shared/http/fetch-failure.ts";

/**
 * How long to wait for the reply to a command. A processor replies quickly even if the command starts a lot of work, so
 * the lack of a reply after this time indicates a failure.
 */
const TIMEOUT_MS = 5_000;
/** How long to poll for the outcome of a command that got no reply. */
const OUTCOME_MS = 8_000;
const OUTCOME_POLL_MS = 200;
/** Time limit of a single read-only request. */
const READ_MS = OUTCOME_MS / 4;

const outcomeChecker = TypeCompiler.Compile(CommandOutcome);

/** Error codes that occur before a connection exists, so nothing was sent. */
const NOT_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

export interface CommandOptions {
  /** Returns the base URLs of the running processors; any of them can serve any command. */
  readonly processors: () => Promise<readonly string[]>;
}

export interface Command {
  readonly method: "POST" | "DELETE";
  readonly path: string;
  readonly correlationId: string;
  readonly idempotencyKey?: string | undefined;
  readonly body?: unknown;
}

interface Sent extends Command {
  readonly id: string;
  readonly send: string;
}

/**
 * Forwards commands to the processors, round robin. A processor is skipped only if it cannot be reached. If a processor
 * stops responding after the connection is made, it may have carried out the command, so the forwarder looks up the
 * outcome by the command's id.
 */
export function createCommandForwarder({ processors }: CommandOptions) {
  let next = 0;

  /** Returns all processors, rotated by one more position on each call. */
  async function roundRobin(): Promise<string[]> {
    const all = await processors();
    const first = next++ % all.length;
    return [...all.slice(first), ...all.slice(0, first)];
  }

  async function request(
    base: string,
    { method, path, correlationId, body, id, send }: Sent,
  ): Promise<Response> {
    const reply = await fetch(`${base}${INTERNAL}${path}`, {
      method,
      headers: {
        "x-correlation-id": correlationId,
        [COMMAND_HEADERS.id]: id,
        [COMMAND_HEADERS.send]: send,
        [COMMAND_HEADERS.fingerprint]: fingerprintOf({ method, path, body }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      // A reused connection may be dead because its processor died. Then the command would seem to be sent but never
      // answered, although no processor received it.
      keepalive: false,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return relay(reply, correlationId);
  }

  /** Returns the command's state from the first processor that answers; undefined if none answers. */
  async function queryOutcome({ id, send, correlationId }: Sent): Promise<CommandOutcome | undefined> {
    for (const base of await roundRobin()) {
      try {
        const reply = await fetch(`${base}${INTERNAL}/commands/${id}/outcome`, {
          method: "POST",
          headers: { "x-correlation-id": correlationId, [COMMAND_HEADERS.send]: send },
          keepalive: false,
          signal: AbortSignal.timeout(READ_MS),
        });
        const body: unknown = await reply.json();
        if (reply.ok && outcomeChecker.Check(body)) return body;
      } catch {
        // This processor may be failing. All processors share the record of commands, so the next one may know the
        // outcome.
      }
    }
    return undefined;
  }

  async function outcomeOf(sent: Sent, silence: string): Promise<Response> {
    const until = Date.now() + OUTCOME_MS;
    let outcome: CommandOutcome | undefined;
    do {
      outcome = await queryOutcome(sent);
      if (outcome && outcome.state !== "running") break;
      await pause(OUTCOME_POLL_MS);
    } while (Date.now() < until);

    if (outcome?.state === "done") return Response.json(outcome.reply);
    if (outcome?.state === "refused" && outcome.refusal) {
      const { code, message, errors, facts } = outcome.refusal;
      throw new AppError(code, message, { ...(errors && { errors }), ...(facts && { facts }) });
    }
    throw new AppError(
      "PROCESSOR_UNAVAILABLE",
      outcome?.state === "withdrawn"
        ? `The processor did not answer (${silence}); nothing was done, and it is safe to try again`
        : `The processor did not answer (${silence}), and the command's outcome is unknown; ${
            sent.idempotencyKey === undefined
              ? "check the state before you repeat the command"
              : "repeat the command with the same Idempotency-Key to learn its outcome"
          }`,
      { facts: { commandId: sent.id, outcome: outcome?.state ?? "unknown" }, retryAfterSeconds: 2 },
    );
  }

  /** Reads from the first processor that answers; repeating a read is safe. */
  async function read(path: string, correlationId: string): Promise<Response> {
    const failures: string[] = [];
    for (const base of await roundRobin()) {
      try {
        return await relay(
          await fetch(`${base}${INTERNAL}${path}`, {
            headers: { "x-correlation-id": correlationId },
            keepalive: false,
            signal: AbortSignal.timeout(READ_MS),
          }),
          correlationId,
        );
      } catch (error) {
        failures.push(fetchFailure(error, READ_MS));
      }
    }
    throw unavailable(failures);
  }

  async function command(command: Command): Promise<Response> {
    const { idempotencyKey } = command;
    const id = idempotencyKey === undefined ? crypto.randomUUID() : commandIdOfKey(idempotencyKey);
    const sent = { ...command, id, send: crypto.randomUUID() };
    const failures: string[] = [];
    for (const base of await roundRobin()) {
      try {
        return await request(base, sent);
      } catch (error) {
        if (!NOT_SENT.has(String((error as { code?: unknown }).code)))
          return outcomeOf(sent, fetchFailure(error, TIMEOUT_MS));
        failures.push(fetchFailure(error, TIMEOUT_MS));
      }
    }
    throw unavailable(failures);
  }

  return { command, read };
}

function unavailable(failures: readonly string[]): AppError {
  const reasons = [...new Set(failures)].join("; ");
  return new AppError("PROCESSOR_UNAVAILABLE", `No processor answered: ${reasons}`, { retryAfterSeconds: 2 });
}

async function relay(reply: Response, correlationId: string): Promise<Response> {
  const headers = new Headers({
    "x-correlation-id": correlationId,
    "content-type": reply.headers.get("content-type") ?? "application/json",
  });
  const retryAfter = reply.headers.get("retry-after");
  if (retryAfter) headers.set("retry-after", retryAfter);
  return new Response(await reply.arrayBuffer(), { status: reply.status, headers });
}
export type CommandForwarder = ReturnType<typeof createCommandForwarder>;
