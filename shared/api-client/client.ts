import { GATEWAY_ROUTES } from "../../contracts/gateway-routes.ts";
import { READ_MODEL_ROUTES } from "../../contracts/read-model-routes.ts";
import type { Route } from "../../contracts/route.ts";
import type { Addresses } from "./addresses.ts";
import { type CallInput, callRoute } from "./call-route.ts";
import { type FollowOptions, followStream, type StreamUpdate } from "./follow-stream.ts";
import type { CallOptions, RouteCalls } from "./route-call.ts";

export interface ApiClientOptions {
  /** Evaluated for every call, so that a client survives a restart of the system on other ports. */
  readonly addresses: () => Addresses;
  /** Limit for calls that do not set one. */
  readonly timeoutMs?: number;
}

/** Every route of the gateway and of the read-model as a function, and the live stream. */
export interface ApiClient {
  readonly gateway: RouteCalls<typeof GATEWAY_ROUTES>;
  readonly readModel: RouteCalls<typeof READ_MODEL_ROUTES>;
  follow(options: FollowOptions): AsyncGenerator<StreamUpdate, void, undefined>;
}

/** Creates a client. Nothing is opened before the first call, and nothing has to be closed. */
export function createApiClient({ addresses, timeoutMs = 10_000 }: ApiClientOptions): ApiClient {
  const gatewayUrl = () => addresses().gatewayUrl;
  const readModelUrl = () => addresses().readModelUrl;
  return {
    gateway: callsOf(GATEWAY_ROUTES, gatewayUrl, timeoutMs),
    readModel: callsOf(READ_MODEL_ROUTES, readModelUrl, timeoutMs),
    follow: (options) => followStream(readModelUrl, options),
  };
}

function callsOf<T extends Readonly<Record<string, Route>>>(
  routes: T,
  baseUrl: () => string,
  timeoutMs: number,
): RouteCalls<T> {
  const calls = Object.entries(routes)
    .filter(([, { reply }]) => reply.contentType === undefined)
    .map(([name, route]) => [
      name,
      (input: CallInput = {}, options: CallOptions = {}) =>
        callRoute(route, baseUrl(), input, { timeoutMs, ...options }),
    ]);
  return Object.fromEntries(calls) as RouteCalls<T>;
}
