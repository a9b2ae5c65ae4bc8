import { parseOptions } from "../../shared/command-line.ts";
import { type EnginesChoice, enginesChoices } from "./engine-set.ts";

export interface DevOptions {
  help: boolean;
  demo: boolean;
  fresh: boolean;
  /** Keep nothing: all data is in a temporary folder. */
  ephemeral: boolean;
  reload: boolean;
  /** Open the terminal UI as soon as everything runs. */
  tui: boolean;
  processors: number;
  engines: EnginesChoice;
  /** Where engines, logs and the state file are kept; the project's `.observatory` when left out. */
  data: string | undefined;
}

const maxProcessors = 16;

export const usageText = `Usage: bun run dev [options]

Starts the whole observatory on this machine and keeps it running until Ctrl-C: private engines for what
the environment does not name, then every service from source. When a source changes, the services that
import it are started beside the running ones and take over once they are ready.

  --demo            submit a gentle stream of varied jobs
  --engines SET     embedded: all in one PostgreSQL, nothing to install (default); full: RabbitMQ, PostgreSQL,
                    MongoDB, Redis, each private; compose: the same four in Docker, as compose.yaml
                    has them. Each set keeps its own data
  --processors N    run N processors (default 1, at most ${maxProcessors})
  --fresh           start empty: removes this set's engine data and the service logs first
  --ephemeral       keep nothing: data and logs in a temporary folder that goes at the end
  --no-reload       do not replace services when their source changes
  --tui             open the terminal UI once everything runs; on leaving it, choose whether to stop the system too
  --data DIR        keep engines, logs and state there (default .observatory in the project)
  --help            this text

Engines: each of these URLs is used as it is when set, with a private engine in its place when not. The
private PostgreSQL is the one on the PATH (15 or newer), else the one that came from npm.
  BUS_URL           amqp://…      the message bus (RabbitMQ), or postgres://…
  DATABASE_URL      postgres://…  the job store (PostgreSQL)
  EVENTS_URL        mongodb://…   the event store (MongoDB, or FerretDB built with Go where there is no mongod)
  CACHE_URL         redis://…     counters and the live feed (Redis); both may be one postgres://…
Private engines listen on free ports of 127.0.0.1, keep their data, and never touch the system's own.
Where prometheus and alertmanager are on the PATH they watch it all, at 9090 and 9093 or the next free port;
with PROMETHEUS_URL or ALERTMANAGER_URL set, those do instead.

Services: gateway 3000, processor 3001, metrics-engine 3003, read-model 8080, or the next free port.
  BIND_ADDRESS      what they listen on (default 127.0.0.1)
  ALLOWED_ORIGINS   further origins whose browsers may call them
  LOG_LEVEL         debug, info, warn, error or silent, for the files in .observatory/logs
  STOP_GRACE_MS     how long running jobs may take to finish when stopping (default 10000)
  Every other variable of theirs is passed on: bun services/gateway/main.ts --help lists them.
  NO_COLOR          no colours

Where it runs is written to .observatory/dev.json. Ctrl-C stops everything in order, a second one kills it.`;

/** Parses the command line; throws a sentence that names a faulty option. */
export function parseCli(args: string[]): DevOptions {
  const { values } = parseOptions({
    args,
    options: {
      help: { type: "boolean", short: "h", default: false },
      demo: { type: "boolean", default: false },
      fresh: { type: "boolean", default: false },
      "no-reload": { type: "boolean", default: false },
      ephemeral: { type: "boolean", default: false },
      tui: { type: "boolean", default: false },
      engines: { type: "string", default: "embedded" },
      processors: { type: "string", default: "1" },
      data: { type: "string" },
    },
  });
  const processors = Number(values.processors);
  if (!Number.isInteger(processors) || processors < 1 || processors > maxProcessors)
    throw new Error(
      `--processors is ${JSON.stringify(values.processors)}, expected a whole number from 1 to ${maxProcessors}`,
    );
  if (values.data === "") throw new Error("--data is empty, expected a folder");
  if (values.data !== undefined && values.ephemeral)
    throw new Error("--data names a folder to keep, but --ephemeral keeps nothing; use one of them");
  const engines = enginesChoices.find((choice) => choice === values.engines);
  if (!engines)
    throw new Error(
      `--engines is ${JSON.stringify(values.engines)}, expected one of ${enginesChoices.join(", ")}`,
    );
  if (engines === "compose" && (values.fresh || values.ephemeral))
    throw new Error(
      "The engines of Docker Compose keep their data in volumes; to empty them: docker compose down --volumes",
    );
  const { help, demo, fresh, ephemeral, tui, data } = values;
  return { help, demo, fresh, ephemeral, tui, engines, reload: !values["no-reload"], processors, data };
}
