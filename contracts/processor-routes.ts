import { Type } from "@sinclair/typebox";
import { StoreSnapshot } from "./api-queries.ts";
import { CommandOutcome } from "./command-outcome.ts";
import { GATEWAY_ROUTES } from "./gateway-routes.ts";
import { ID_PARAM, type Route } from "./route.ts";

/** The prefix of paths that only the gateway and the metrics-engine may call. */
export const INTERNAL = "/internal";
/**
 * Larger than the gateway's limit for the same request, because a body may grow when the gateway serializes its JSON
 * again.
 */
const MAX_BODY_BYTES = 524_288;

/** The routes that the gateway forwards to a processor. */
export const COMMAND_ROUTES = {
  cancelJob: GATEWAY_ROUTES.cancelJob,
  retryJob: GATEWAY_ROUTES.retryJob,
  actOnJobs: GATEWAY_ROUTES.actOnJobs,
  purgeJobs: GATEWAY_ROUTES.purgeJobs,
  jobAction: GATEWAY_ROUTES.jobAction,
  cancelJobAction: GATEWAY_ROUTES.cancelJobAction,
  actOnDeadLetters: GATEWAY_ROUTES.actOnDeadLetters,
  deadLetterAction: GATEWAY_ROUTES.deadLetterAction,
  cancelDeadLetterAction: GATEWAY_ROUTES.cancelDeadLetterAction,
  replayDeadLetter: GATEWAY_ROUTES.replayDeadLetter,
  dropDeadLetter: GATEWAY_ROUTES.dropDeadLetter,
  pauseQueue: GATEWAY_ROUTES.pauseQueue,
  resumeQueue: GATEWAY_ROUTES.resumeQueue,
  checkCounts: GATEWAY_ROUTES.checkCounts,
} as const satisfies Record<string, Route>;

/** The processor's routes, which only other services call. */
export const PROCESSOR_ROUTES = {
  held: {
    method: "GET",
    path: `${INTERNAL}/held`,
    summary: "Count the messages that this process holds, by queue",
    reply: { status: 200, schema: Type.Record(Type.String(), Type.Integer({ minimum: 0 })) },
    problems: [],
  },
  snapshot: {
    method: "GET",
    path: `${INTERNAL}/snapshot`,
    summary: "Get the current queues, workers and backlog from the job store",
    reply: { status: 200, schema: StoreSnapshot },
    problems: ["STORE_UNAVAILABLE"],
  },
  commandOutcome: {
    method: "POST",
    path: `${INTERNAL}/commands/{id}/outcome`,
    summary: "Withdraw a command if it has not begun, and get its state",
    params: ID_PARAM,
    reply: { status: 200, schema: CommandOutcome },
    problems: ["INVALID_ID", "STORE_UNAVAILABLE"],
  },
  ...(Object.fromEntries(
    Object.entries<Route>(COMMAND_ROUTES).map(([name, route]) => [name, internal(route)]),
  ) as unknown as typeof COMMAND_ROUTES),
} as const satisfies Record<string, Route>;

function internal(route: Route): Route {
  return {
    ...route,
    path: `${INTERNAL}${route.path}`,
    ...(route.body && { body: { ...route.body, maxBytes: MAX_BODY_BYTES } }),
  };
}
