import { GATEWAY_ROUTES } from "../../contracts/gateway-routes.ts";
import { READ_MODEL_ROUTES } from "../../contracts/read-model-routes.ts";
import type { Route } from "../../contracts/route.ts";
import type { Addresses } from "./addresses.ts";
import { type CallInput, callRoute } from "./call-route.ts";
import { type FollowOptions, followStream, type StreamUpdate } from "./follow-stream.ts";
import type { CallOptions, RouteCalls } from "./route-call.ts";

export interface ApiClientOptions {
  /** Called for each request, so that a client keeps working after the system restarts on other ports. */
  readonly addresses: () => Addresses;
  /** The default time limit of a call. */
  readonly timeoutMs?: number;
}

/** The routes of the gateway and the read-model as functions, and the live stream. */
export interface ApiClient {
  readonly gateway: RouteCalls<typeof GATEWAY_ROUTES>;
  readonly readModel: RouteCalls<typeof READ_MODEL_ROUTES>;
  follow(options: FollowOptions): AsyncGenerator<StreamUpdate, void, undefined>;
}

/** Creates a client. It opens nothing before the first call and needs no closing. */
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
