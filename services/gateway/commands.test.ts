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
  // Two commands, so round robin starts once with each of the two processors.
  for (const correlationId of [crypto.randomUUID(), crypto.randomUUID()]) {
    const reply = await forward.command({ method: "POST", path: "/jobs/1/cancel", correlationId });
    expect(await reply.json()).toEqual({ path: "/internal/jobs/1/cancel" });
  }
  await alive.stop(true);
});
