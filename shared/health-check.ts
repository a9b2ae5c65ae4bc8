import { type TProperties, type TSchema, Type } from "@sinclair/typebox";
import { BASE_CONFIG, type Env, readConfig } from "./config.ts";
import { fetchFailure } from "./http/fetch-failure.ts";

export interface HealthCheckOptions {
  readonly service: string;
  readonly variables: TProperties;
  readonly env: Env;
  /** The variable that holds the port of `/readyz`. */
  readonly portVariable?: string;
  readonly timeoutMs?: number;
}

/**
 * Requests `/readyz` from the service that runs with this environment, and describes its reply in a sentence.
 * Containers use it as their health check, so that one container can wait until another is ready.
 */
export async function checkHealth({
  service,
  variables,
  env,
  portVariable = "PORT",
  timeoutMs = 4_000,
}: HealthCheckOptions): Promise<{ ready: boolean; sentence: string }> {
  const port = variables[portVariable] as TSchema;
  const settings = readConfig(
    Type.Object({ [portVariable]: port, BIND_ADDRESS: BASE_CONFIG.BIND_ADDRESS }),
    env,
  ) as Readonly<Record<string, unknown>>;
  const url = `http://${reachable(String(settings.BIND_ADDRESS))}:${settings[portVariable]}/readyz`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    const { status, failing } = (await response.json()) as { status?: string; failing?: string[] };
    const because = failing?.length ? `: ${failing.join(", ")} not answering` : "";
    return {
      ready: response.ok,
      sentence: `${service} is ${status ?? `answering ${response.status}`}${because}`,
    };
  } catch (error) {
    const failure =
      error instanceof SyntaxError
        ? `${url} does not answer as ${service} does; another program may hold the port`
        : `${service} does not answer at ${url}: ${fetchFailure(error, timeoutMs)}`;
    return { ready: false, sentence: failure };
  }
}

function reachable(bindAddress: string): string {
  if (bindAddress === "0.0.0.0" || bindAddress === "::") return "127.0.0.1";
  return bindAddress.includes(":") ? `[${bindAddress}]` : bindAddress;
}
