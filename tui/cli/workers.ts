import type { Command } from "@commander-js/extra-typings";
import type { WorkersReply } from "../../contracts/api-queries.ts";
import { shortId } from "../../shared/format.ts";
import { sanitize } from "../text.ts";
import { describe, outputOption } from "./command-options.ts";
import { type CliContext, show } from "./context.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";
import { age } from "./words.ts";

export function addWorkers(program: Command, context: CliContext): void {
  describe(
    program.command("workers"),
    "Show the processors, their heartbeats and their running jobs",
    "workers",
    "workers --output json",
  )
    .addOption(outputOption())
    .action(async ({ output }) => {
      const reply = await context.client.readModel.workers({}, { signal: context.signal });
      show(context, output, reply, workersText);
    });
}

const COLORS = { alive: "green", stopping: "yellow", lost: "red", stopped: "dim" } as const;

export function workersText({ workers }: WorkersReply, style: Style): string {
  if (workers.length === 0) return "No worker has registered; jobs will wait until a processor starts.";
  return table(
    [
      { title: "WORKER" },
      { title: "STATE" },
      { title: "BUSY", align: "right" },
      { title: "HEARTBEAT", align: "right" },
      { title: "UP", align: "right" },
      { title: "VERSION" },
      { title: "RUNS" },
    ],
    workers.map(({ id, state, running, concurrency, heartbeatAt, startedAt, version, jobs }) => [
      sanitize(id),
      style.paint[COLORS[state]](state),
      `${running}/${concurrency}`,
      age(heartbeatAt, style),
      age(startedAt, style),
      sanitize(version),
      jobs.map(({ jobId, type }) => `${sanitize(type)} ${shortId(jobId)}`).join(", "),
    ]),
    style,
  );
}
