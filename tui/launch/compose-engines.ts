import { messageOf } from "../../shared/errors.ts";
import { runTool } from "../engines/run-tool.ts";
import { purposes, type UrlName, urlNames } from "./engine-set.ts";
import { addressOf } from "./given-urls.ts";
import type { RunningEngines } from "./private-engines.ts";

/** Which service of compose.yaml stands behind each URL, and which of ours is given it there. */
const parts: Readonly<Record<UrlName, { readonly engine: string; readonly user: string }>> = {
  BUS_URL: { engine: "rabbitmq", user: "gateway" },
  DATABASE_URL: { engine: "postgres", user: "processor" },
  EVENTS_URL: { engine: "mongodb", user: "metrics-engine" },
  CACHE_URL: { engine: "redis", user: "metrics-engine" },
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

/** The engines of compose.yaml that are to be started: those whose URL the environment does not set. */
export function composeEngines(given: Partial<Record<UrlName, string>>): string[] {
  return urlNames.filter((name) => !given[name]).map((name) => parts[name].engine);
}

/**
 * Starts the engines of compose.yaml and nothing else of it; their URLs are those that its services use, led to the
 * published ports. What ran already goes on running after `stop`.
 */
export async function runComposeEngines({
  projectDir,
  given,
  signal,
  onProgress,
}: ComposeEnginesOptions): Promise<RunningEngines> {
  // The environment may have other profiles on, and stops nothing of one that is off.
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
  // Without the signal: it has aborted by now, and would end this at once.
  const end = async (how: "stop" | "kill") => {
    if (ours.length > 0) await docker([how, ...ours]);
  };
  if (ours.length > 0)
    onProgress(`docker compose up ${ours.join(" ")} (the first time it downloads their images)`);
  try {
    if (engines.length > 0) await compose("up", "--detach", "--wait", ...engines);
  } catch (error) {
    // Some of them may be running.
    onProgress("Stopping the engines that were started");
    await end("stop");
    throw error;
  }

  const urls = Object.fromEntries(
    urlNames.map((name) => [name, given[name] ?? publishedUrl(name, services)]),
  ) as Record<UrlName, string>;
  return {
    urls,
    rows: urlNames.map((name) => ({
      name: given[name] ? name : parts[name].engine,
      address: addressOf(urls[name]),
      purpose: `${purposes[name]}, ${given[name] ? "as given" : "in Docker"}`,
    })),
    brokerMetrics: undefined,
    stop: () => end("stop"),
    kill: () => end("kill"),
  };
}

/** What to do about what Docker said. */
function remedyFor(said: string): string {
  if (/already allocated|address already in use|not available/.test(said))
    return "A port of an engine is taken: stop what holds it, or give the engine another in compose/.env (POSTGRES_PORT and others, see compose/.env.example)";
  return "Docker Compose cannot run the engines; is Docker running (docker info) and Compose 2.24 or newer there (docker compose version)?";
}

function publishedUrl(name: UrlName, services: Record<string, ComposeService>): string {
  const { engine, user } = parts[name];
  const inside = new URL(services[user]?.environment?.[name] ?? "");
  const published = services[engine]?.ports?.find(({ target }) => String(target) === inside.port)?.published;
  if (!published)
    throw new Error(`compose.yaml does not publish port ${inside.port} of ${engine}, which ${name} needs`);
  inside.hostname = "127.0.0.1";
  inside.port = published;
  return inside.href;
}
