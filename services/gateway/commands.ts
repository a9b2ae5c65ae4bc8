import { AppError, messageOf } from "../../shared/errors.ts";

const TIMEOUT_MS = 10_000;

export interface CommandOptions {
  /** Base URLs of processors; any can serve any command. */
  readonly processors: readonly string[];
}

/** Forward commands on existing jobs to a processor, the next one when the first does not answer. */
export function createCommandForwarder({ processors }: CommandOptions) {
  return async (
    method: "POST" | "DELETE",
    path: string,
    correlationId: string,
    body?: unknown,
  ): Promise<Response> => {
    const failures: string[] = [];
    for (const base of processors) {
      try {
        const reply = await fetch(`${base}/internal${path}`, {
          method,
          headers: {
            "x-correlation-id": correlationId,
            ...(body !== undefined && { "content-type": "application/json" }),
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        const headers = new Headers({
          "x-correlation-id": correlationId,
          "content-type": reply.headers.get("content-type") ?? "application/json",
        });
        const retryAfter = reply.headers.get("retry-after");
        if (retryAfter) headers.set("retry-after", retryAfter);
        return new Response(await reply.arrayBuffer(), { status: reply.status, headers });
      } catch (error) {
        failures.push(messageOf(error));
      }
    }
    throw new AppError("PROCESSOR_UNAVAILABLE", `No processor answers: ${failures.join("; ")}`, {
      retryAfterSeconds: 2,
    });
  };
}
export type CommandForwarder = ReturnType<typeof createCommandForwarder>;
