import { Type } from "@sinclair/typebox";
import { StoreSnapshot } from "./api-queries.ts";
import { CommandOutcome } from "./command-outcome.ts";
import { GATEWAY_ROUTES } from "./gateway-routes.ts";
import { ID_PARAM, type Route } from "./route.ts";

/** Begins the paths that the gateway and the metrics-engine call; nothing outside the system may. */
export const INTERNAL = "/internal";
/** More than the gateway accepts: JSON may grow when it is written again. */
const MAX_BODY_BYTES = 524_288;

/** The gateway's routes that a processor answers; the gateway forwards them as they are. */
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

/** The processor's routes, for other services alone. */
export const PROCESSOR_ROUTES = {
  held: {
    method: "GET",
    path: `${INTERNAL}/held`,
    summary: "Messages that this process holds, by queue",
    reply: { status: 200, schema: Type.Record(Type.String(), Type.Integer({ minimum: 0 })) },
    problems: [],
  },
  snapshot: {
    method: "GET",
    path: `${INTERNAL}/snapshot`,
    summary: "Queues, workers and backlog as the job store has them now",
    reply: { status: 200, schema: StoreSnapshot },
    problems: ["STORE_UNAVAILABLE"],
  },
  commandOutcome: {
    method: "POST",
    path: `${INTERNAL}/commands/{id}/outcome`,
    summary: "How a command stands; one that has not begun is withdrawn",
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
