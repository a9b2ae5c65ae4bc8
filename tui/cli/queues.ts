import type { Command } from "@commander-js/extra-typings";
import type { PauseReply } from "../../contracts/api-commands.ts";
import type { QueuesReply } from "../../contracts/api-queries.ts";
import { count, duration } from "../../shared/format.ts";
import { sanitize } from "../text.ts";
import { describe, outputOption } from "./command-options.ts";
import { type CliContext, show } from "./context.ts";
import type { PauseReport } from "./outputs.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";

export function addQueues(program: Command, context: CliContext): void {
  const queues = describe(
    program.command("queues"),
    "Show the waiting and running jobs of each type, or pause and resume types",
    "queues",
    "queues pause hash",
  );
  describe(queues.command("list", { isDefault: true }), "Show every queue", "queues list --output json")
    .addOption(outputOption())
    .action(async ({ output }) => {
      const reply = await context.client.readModel.queues({}, { signal: context.signal });
      show(context, output, reply, queuesText);
    });
  for (const [name, call, description] of [
    [
      "pause",
      context.client.gateway.pauseQueue,
      "Stop claiming jobs of these types; new ones are still accepted and wait",
    ],
    ["resume", context.client.gateway.resumeQueue, "Claim jobs of these types again"],
  ] as const)
    describe(queues.command(name), description, `queues ${name} hash http-check`)
      .argument("<types...>", "names of job types")
      .addOption(outputOption())
      .action(async (types, { output }) => {
        const results: PauseReply[] = [];
        for (const type of types) results.push(await call({ params: { type } }, { signal: context.signal }));
        show(context, output, { results }, pauseText);
      });
}

export function queuesText({ queues, bus, deadLetters, outbox }: QueuesReply, style: Style): string {
  const byType = table(
    [
      { title: "TYPE" },
      { title: "WAITING", align: "right" },
      { title: "OLDEST", align: "right" },
      { title: "SCHEDULED", align: "right" },
      { title: "EXECUTING", align: "right" },
      { title: "" },
    ],
    queues.map(({ type, waiting, oldestWaitingMs, scheduled, executing, paused, note }) => [
      sanitize(type),
      count(waiting),
      duration(oldestWaitingMs),
      count(scheduled),
      count(executing),
      [...(paused ? ["‖ paused"] : []), ...(note ? ["no worker, see below"] : [])]
        .map((word) => style.paint.yellow(word))
        .join(", "),
    ]),
    style,
  );
  const byBus = table(
    [{ title: "BUS QUEUE" }, { title: "READY", align: "right" }, { title: "CONSUMERS", align: "right" }],
    bus.map(({ name, ready, consumers }) => [sanitize(name), count(ready), count(consumers)]),
    style,
  );
  const notes = queues.flatMap(({ type, note }) => (note ? [`${sanitize(type)}: ${sanitize(note)}`] : []));
  const rest = `${count(deadLetters)} dead letters, ${count(outbox)} events not published yet`;
  return [byType, ...notes, ...(bus.length > 0 ? [byBus] : []), rest].join("\n\n");
}

export function pauseText({ results }: PauseReport): string {
  return results
    .map(({ type, paused, changed, note }) => {
      // A resumed type that no worker runs is not running. Its note says what to do about it.
      const now = changed ? "now " : "";
      const state = paused ? `is ${now}paused` : note ? "has been resumed" : `is ${now}running`;
      const line = `${sanitize(type)} ${state}`;
      return note ? `${line}\n${sanitize(note)}` : line;
    })
    .join("\n");
}
