import { entryOf, SERVICE_NAMES } from "../../contracts/services.ts";
import { messageOf } from "../../shared/errors.ts";
import { runTool } from "../../shared/run-tool.ts";
import { PURPOSES, URL_NAMES, type UrlName } from "./engine-set.ts";
import { addressOf } from "./given-urls.ts";
import type { RunningEngines } from "./private-engines.ts";

/** The compose.yaml service behind each URL. */
const ENGINES: Readonly<Record<UrlName, string>> = {
  BUS_URL: "rabbitmq",
  DATABASE_URL: "postgres",
  EVENTS_URL: "mongodb",
  CACHE_URL: "redis",
};

interface ComposeService {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly { readonly target: number; readonly published: string }[];
}

export interface ComposeEnginesOptions {
  readonly projectDir: string;
  readonly given: Partial<Record<UrlName, string>>;
  readonly signal: AbortSignal;
  onProgress(line: string): void;
}

/** Returns the engines of compose.yaml to start: those whose URLs the environment does not set. */
export function composeEngines(given: Partial<Record<UrlName, string>>): string[] {
  return URL_NAMES.filter((name) => !given[name]).map((name) => ENGINES[name]);
}

/**
 * Starts only the engines of compose.yaml, not its services. Each returned URL is the one that compose.yaml passes to
 * our services, with the host and port replaced by those that Docker publishes on this machine. Engines that were
 * already running keep running after `stop`.
 */
export async function runComposeEngines({
  projectDir,
  given,
  signal,
  onProgress,
}: ComposeEnginesOptions): Promise<RunningEngines> {
  // Enables the profile regardless of COMPOSE_PROFILES, because a disabled profile's services cannot be stopped.
  const docker = (args: readonly string[], until?: AbortSignal) =>
    runTool(["docker", "compose", "--profile", "core", ...args], {
      cwd: projectDir,
      env: process.env,
      signal: until,
    });
  const compose = async (...args: string[]) => {
    try {
      return await docker(args, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      throw new Error(`${remedyFor(messageOf(error))}\n${messageOf(error)}`, { cause: error });
    }
  };
  const engines = composeEngines(given);
  const { services } = JSON.parse(await compose("config", "--format", "json")) as {
    services: Record<string, ComposeService>;
  };
  const running = (await compose("ps", "--services", "--status", "running")).split("\n");
  const ours = engines.filter((engine) => !running.includes(engine));
  // Passes no signal, because the caller's signal has usually aborted by now and would cancel this command immediately.
  const end = async (how: "stop" | "kill") => {
    if (ours.length > 0) await docker([how, ...ours]);
  };
  if (ours.length > 0)
    onProgress(`docker compose up ${ours.join(" ")} (the first time, this downloads their images)`);
  try {
    if (engines.length > 0) await compose("up", "--detach", "--wait", ...engines);
  } catch (error) {
    // Some engines may already be running.
    onProgress("Stopping the engines that were started");
    await end("stop");
    throw error;
  }

  const urls = Object.fromEntries(
    URL_NAMES.map((name) => [name, given[name] ?? publishedUrl(name, services)]),
  ) as Record<UrlName, string>;
  return {
    urls,
    rows: URL_NAMES.map((name) => ({
      name: given[name] ? name : ENGINES[name],
      address: addressOf(urls[name]),
      purpose: `${PURPOSES[name]}, ${given[name] ? "from the environment" : "in Docker"}`,
    })),
    brokerMetrics: undefined,
    stop: () => end("stop"),
    kill: () => end("kill"),
  };
}

/** Returns the remedy for a Docker error. */
function remedyFor(message: string): string {
  if (/already allocated|address already in use|not available/.test(message))
    return "An engine's port is taken: stop the program that holds it, or set another port in compose/.env (POSTGRES_PORT and others, see compose/.env.example)";
  return "Docker Compose cannot run the engines: check that Docker is running (docker info) and that Compose is 2.24 or newer (docker compose version)";
}

/** Returns the URL that compose.yaml passes to our services, with the host and port published on this machine. */
function publishedUrl(name: UrlName, services: Record<string, ComposeService>): string {
  const engine = ENGINES[name];
  const user = SERVICE_NAMES.find((service) => entryOf(service).environment.includes(name)) ?? "";
  const inside = new URL(services[user]?.environment?.[name] ?? "");
  const published = services[engine]?.ports?.find(({ target }) => String(target) === inside.port)?.published;
  if (!published)
    throw new Error(`compose.yaml does not publish port ${inside.port} of ${engine}, which ${name} needs`);
  inside.hostname = "127.0.0.1";
  inside.port = published;
  return inside.href;
}
