import { createCommandLine, UsageError } from "../../shared/command-line.ts";
import { ENGINES_CHOICES, type EnginesChoice } from "./engine-set.ts";

export interface DevOptions {
  demo: boolean;
  fresh: boolean;
  /** Whether to keep nothing: all data goes to a temporary folder, which is removed at the end. */
  ephemeral: boolean;
  reload: boolean;
  /** Whether to open the terminal UI as soon as everything is running. */
  tui: boolean;
  processors: number;
  engines: EnginesChoice;
  /** The folder for engines, logs and the state file; default: `.observatory` in the clone or current directory. */
  data: string | undefined;
}

const MAX_PROCESSORS = 16;

const ENVIRONMENT = `
Engines: each of these URLs is used if it is set; otherwise, a private engine is started. The private PostgreSQL is
the one on the PATH (15 or newer), else the one installed from npm.
  BUS_URL           amqp://…      the message bus (RabbitMQ), or postgres://…
  DATABASE_URL      postgres://…  the job store (PostgreSQL)
  EVENTS_URL        mongodb://…   the event store (MongoDB, or FerretDB built with Go where there is no mongod)
  CACHE_URL         redis://…     counters and the live feed (Redis)
                    (EVENTS_URL and CACHE_URL may also name the same postgres://…)
Private engines listen on free ports of 127.0.0.1, keep their data, and never touch other engines on this machine.
If prometheus and alertmanager are on the PATH, they monitor the system, on ports 9090 and 9093 or the next
free ones. Set PROMETHEUS_URL or ALERTMANAGER_URL to use others.

Services: gateway 3000, processor 3001, metrics-engine 3003, read-model 8080, or the next free port.
  BIND_ADDRESS      the address they listen on (default 127.0.0.1)
  ALLOWED_ORIGINS   further origins whose pages may call them
  LOG_LEVEL         debug, info, warn, error or silent, for the files in .observatory/logs
  STOP_GRACE_MS     how long running jobs may take to finish when stopping (default 10000)
  All other variables are passed on; the --help of a service lists its own: bun services/gateway/main.ts --help
  NO_COLOR          disables colors

URLs are written to .observatory/dev.json. Ctrl-C stops everything in order; a second Ctrl-C kills it.`;

/** Parses the command line. Throws a {@link UsageError} that names an invalid option; `--help` prints and exits. */
export function parseCli(args: string[]): DevOptions {
  const values = createCommandLine(
    "bun run dev",
    "Starts the whole observatory on this machine and keeps it running until Ctrl-C: a private engine for each URL that the environment does not set, then every service from source. When a source file changes, new processes of the services that import it start beside the running ones and take over once they are ready.",
  )
    .option("--demo", "submit one or two varied jobs per second")
    .option(
      "--engines <set>",
      "embedded: everything in one PostgreSQL, nothing to install; full: a private RabbitMQ, PostgreSQL, MongoDB and Redis; compose: the same four in Docker, as in compose.yaml. Each choice keeps its own data",
      "embedded",
    )
    .option("--processors <count>", `run this many processors, at most ${MAX_PROCESSORS}`, "1")
    .option("--fresh", "start empty: delete the data of these engines and the service logs first")
    .option("--ephemeral", "keep nothing: data and logs are in a temporary folder, removed at the end")
    .option("--no-reload", "do not replace services when their source changes")
    .option(
      "--tui",
      "open the terminal UI once everything is running; when you leave it, choose whether the system stops too",
    )
    .option(
      "--data <folder>",
      "keep engine data, logs and state in this folder; default: .observatory in the project",
    )
    .addHelpText("after", ENVIRONMENT)
    .parse(args, { from: "user" })
    .opts();
  const processors = Number(values.processors);
  if (!Number.isInteger(processors) || processors < 1 || processors > MAX_PROCESSORS)
    throw new UsageError(
      `--processors is ${JSON.stringify(values.processors)}, expected a whole number from 1 to ${MAX_PROCESSORS}`,
    );
  if (values.data === "") throw new UsageError("--data is empty, expected a folder");
  if (values.data !== undefined && values.ephemeral)
    throw new UsageError("--data names a folder to keep, but --ephemeral keeps nothing; use one of them");
  const engines = ENGINES_CHOICES.find((choice) => choice === values.engines);
  if (!engines)
    throw new UsageError(
      `--engines is ${JSON.stringify(values.engines)}, expected one of ${ENGINES_CHOICES.join(", ")}`,
    );
  if (engines === "compose" && (values.fresh || values.ephemeral))
    throw new UsageError(
      "The engines of Docker Compose keep their data in volumes; to empty them: docker compose down --volumes",
    );
  const { demo = false, fresh = false, ephemeral = false, reload, tui = false, data } = values;
  return { demo, fresh, ephemeral, tui, engines, reload, processors, data };
}
