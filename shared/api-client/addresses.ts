import { findRunningState } from "../dev-state.ts";
import { ApiError } from "./api-error.ts";

/** The base URLs of the two APIs, without a trailing slash. */
export interface Addresses {
  readonly gatewayUrl: string;
  readonly readModelUrl: string;
}

const DEFAULTS: Addresses = { gatewayUrl: "http://localhost:3000", readModelUrl: "http://localhost:8080" };

/**
 * Finds the APIs: at READ_MODEL_URL and GATEWAY_URL if they are set, otherwise at the services of an observatory that
 * runs from this folder or a parent (its ports may differ from the defaults), otherwise at the default ports. Throws
 * {@link ApiError} if a variable is not a URL.
 */
export function findAddresses(
  env: Readonly<Record<string, string | undefined>> = process.env,
  folder: string = process.cwd(),
): Addresses {
  const gatewayUrl = fromEnvironment("GATEWAY_URL", env);
  const readModelUrl = fromEnvironment("READ_MODEL_URL", env);
  const running = gatewayUrl && readModelUrl ? {} : (findRunning(folder) ?? {});
  return {
    gatewayUrl: gatewayUrl ?? running.gateway ?? DEFAULTS.gatewayUrl,
    readModelUrl: readModelUrl ?? running["read-model"] ?? DEFAULTS.readModelUrl,
  };
}

function fromEnvironment(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const text = env[name];
  if (!text) return undefined;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new ApiError(
      "UNREACHABLE",
      `${name} is ${JSON.stringify(text)}, expected a URL that starts with http:// or https://`,
    );
  return text.replace(/\/+$/, "");
}

/** Returns the service URLs of an observatory that runs from this folder or a parent; undefined if none has started. */
export function findRunning(folder: string): Readonly<Record<string, string>> | undefined {
  const services = findRunningState(folder)?.services;
  return services?.gateway ? services : undefined;
}
