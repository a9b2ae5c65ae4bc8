import { hostname } from "node:os";
import type { Static, TObject, TProperties, TSchema } from "@sinclair/typebox";
import { versionLine } from "./build-info.ts";
import { type BASE_CONFIG, ConfigError, readConfig } from "./config.ts";
import { messageOf } from "./errors.ts";
import { createEventMaker, type EventMaker } from "./event.ts";
import { checkHealth } from "./health-check.ts";
import { createLog, type Log } from "./log.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { createLifecycle, type Lifecycle, runAsProcess } from "./process-lifecycle.ts";
import { openTracing } from "./tracing/open.ts";
import type { Tracing } from "./tracing.ts";
import { unknownOption } from "./unknown-option.ts";
import { parseVersion } from "./version.ts";

/** The flags are parsed without a library, because loading one would slow down every health check. */
const FLAGS = ["--help", "--version", "--healthcheck"];

type BaseConfig = Static<TObject<typeof BASE_CONFIG>>;

/** The values that every service receives when it starts. */
export interface ServiceContext<C> {
  readonly service: string;
  readonly version: string;
  readonly instanceId: string;
  readonly config: Readonly<C>;
  readonly log: Log;
  readonly life: Lifecycle;
  readonly metrics: Metrics;
  readonly makeEvent: EventMaker;
  readonly tracing: Tracing;
}

export interface ServiceDefinition<T extends TProperties> {
  readonly service: string;
  readonly summary: string;
  /** The text of the service's VERSION file. */
  readonly versionText: string;
  /** The service's variables, including {@link BASE_CONFIG}. */
  readonly config: TObject<T>;
  /** The variable that holds the port of `/readyz`, if it is not PORT. */
  readonly healthPortVariable?: string;
  /** Opens and connects everything that the service needs, and registers each cleanup with `life.defer`. */
  start(context: ServiceContext<Static<TObject<T>> & BaseConfig>): Promise<void>;
}

/**
 * Runs a service as this process. Reads its version and configuration before it opens anything; if they are faulty, it
 * prints the reason and exits with 1. `--help` and `--version` print and exit. `--healthcheck` checks whether the
 * service with the same environment is ready, and exits.
 */
export async function runService<T extends TProperties>(definition: ServiceDefinition<T>): Promise<void> {
  const { service, versionText, config: schema, start } = definition;
  try {
    const version = parseVersion(service, versionText);
    const [flag] = process.argv.slice(2);
    if (flag === "--version") return console.log(versionLine(service, version));
    if (flag === "--help" || flag === "-h") return console.log(help(definition));
    if (flag === "--healthcheck") {
      const portVariable = definition.healthPortVariable;
      const { ready, sentence } = await checkHealth({
        service,
        variables: schema.properties,
        env: process.env,
        portVariable,
      });
      console.log(sentence);
      process.exitCode = ready ? 0 : 1;
      return;
    }
    if (flag !== undefined) throw new ConfigError(unknownOption(flag, FLAGS));

    const config = readConfig(schema, process.env) as Readonly<Static<TObject<T>> & BaseConfig>;
    const instanceId = config.INSTANCE_ID ?? `${service}-${processLabel()}`;
    const log = createLog({ service, level: config.LOG_LEVEL });
    const life = createLifecycle({ log, graceMs: config.STOP_GRACE_MS });
    const metrics = createMetrics(service);
    const makeEvent = createEventMaker({ service, instanceId, version });
    await runAsProcess(life, log, async () => {
      const tracing = await openTracing({
        service,
        version,
        instanceId,
        log,
        endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
        sampleRatio: config.OTEL_TRACES_SAMPLER_ARG,
      });
      life.defer("traces", tracing.close);
      await start({ service, version, instanceId, config, log, life, metrics, makeEvent, tracing });
    });
  } catch (error) {
    console.error(`${service} cannot start. ${messageOf(error)}`);
    process.exitCode = 1;
  }
}

/** Distinguishes this process from its replicas. In a container the pid is always 1, but the host name is unique. */
const processLabel = () => (process.pid === 1 ? hostname() : process.pid);

function help<T extends TProperties>({ service, summary, config }: ServiceDefinition<T>): string {
  const variables = Object.entries(config.properties as Record<string, TSchema>);
  const width = Math.max(...variables.map(([name]) => name.length));
  const lines = variables.map(([name, { default: preset, description = "" }]) => {
    const note =
      preset === undefined
        ? (config.required as unknown as string[] | undefined)?.includes(name)
          ? "required"
          : "optional"
        : `default ${JSON.stringify(preset)}`;
    return `  ${name.padEnd(width)}  ${description}${description ? "; " : ""}${note}`;
  });
  return `${service}: ${summary}\n\nUsage: ${service} [--help | --version | --healthcheck]\n\nEnvironment:\n${lines.join("\n")}`;
}
