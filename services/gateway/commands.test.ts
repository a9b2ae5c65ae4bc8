import { expect, test } from "bun:test";
import { createReplicas } from "../../shared/replicas.ts";
import { createCommandForwarder } from "./commands.ts";

test("a command skips a processor that refuses the connection", async () => {
  const alive = Bun.serve({
    hostname: "127.0.0.2",
    port: 0,
    fetch: ({ url }) => Response.json({ path: new URL(url).pathname }),
  });
  const forward = createCommandForwarder({
    processors: createReplicas([`http://processor:${alive.port}`], async () => ["127.0.0.1", "127.0.0.2"]),
  });
  // Round robin starts the first command with one processor and the second command with the other.
  for (const correlationId of [crypto.randomUUID(), crypto.randomUUID()]) {
    const reply = await forward.command({ method: "POST", path: "/jobs/1/cancel", correlationId });
    expect(await reply.json()).toEqual({ path: "/internal/jobs/1/cancel" });
  }
  await alive.stop(true);
});

test.each([
  ["the advice to check the state", undefined, "check the state before you repeat the command"],
  [
    "the advice to repeat it with the same key",
    "key",
    "repeat the command with the same Idempotency-Key to learn its outcome",
  ],
])("a command whose outcome is unknown is answered with %s", async (_, idempotencyKey, advice) => {
  using processor = serveLostProcessor();
  const { command } = createCommandForwarder({ processors: async () => [processor.url] });
  const sent = command({ method: "POST", path: "/jobs/1/retry", correlationId: "c", idempotencyKey });
  await expect(sent).rejects.toMatchObject({
    code: "PROCESSOR_UNAVAILABLE",
    message: `The processor did not answer (connection closed before the reply was complete), and the command's outcome is unknown; ${advice}`,
    facts: { outcome: "lost" },
  });
});

/** Serves a processor that drops the connection during each command and then reports the command as lost. */
function serveLostProcessor(): Disposable & { url: string } {
  const outcome = JSON.stringify({ state: "lost" });
  const reply = `HTTP/1.1 200 OK\r\ncontent-length: ${outcome.length}\r\n\r\n${outcome}`;
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, request) {
        if (request.toString().includes("/outcome ")) socket.write(reply);
        else socket.terminate();
      },
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, [Symbol.dispose]: () => server.stop(true) };
}
