import { type Static, Type } from "@sinclair/typebox";
import { Count, published, StringEnum } from "./schema.ts";

export const EXCHANGE = "observatory.events";

/**
 * The routing keys. Messages with `jobs.created` go to the processor's intake and to the metrics-engine, those with
 * `jobs.transitions` only to the metrics-engine. `jobs.failed.validation` is for messages to file as dead letters, and
 * `messages.parked` for messages that could not be filed.
 */
export const ROUTES = [
  "jobs.created",
  "jobs.transitions",
  "jobs.failed.validation",
  "messages.parked",
] as const;
export type Route = (typeof ROUTES)[number];

export const QUEUES = [
  "jobs.created",
  "events.observed",
  "jobs.failed.validation",
  "messages.parked",
] as const;
export type QueueName = (typeof QUEUES)[number];

export const Topology = published(
  "topology",
  "1.1.2",
  Type.Object({
    exchange: Type.String(),
    queues: Type.Array(
      Type.Object({
        name: StringEnum(QUEUES),
        routes: Type.Array(StringEnum(ROUTES), { minItems: 1 }),
        consumer: Type.String({ description: "The service that consumes the queue" }),
        deliveryLimit: Type.Integer({
          minimum: 1,
          description:
            "A message becomes a dead letter after its consumers have died this many times before acknowledging it",
        }),
        purpose: Type.String(),
      }),
    ),
    maxEventsPerMessage: Count,
  }),
);
export type Topology = Static<typeof Topology>;

/** The exchange, the queues and their bindings. The bus adapters declare exactly these. */
export const TOPOLOGY: Topology = {
  exchange: EXCHANGE,
  queues: [
    {
      name: "jobs.created",
      routes: ["jobs.created"],
      consumer: "processor",
      deliveryLimit: 20,
      purpose: "Accepted jobs waiting to be stored in the job store",
    },
    {
      name: "events.observed",
      routes: ["jobs.created", "jobs.transitions"],
      consumer: "metrics-engine",
      deliveryLimit: 1_000,
      purpose: "Every event, waiting for the event store and the counters",
    },
    {
      name: "jobs.failed.validation",
      routes: ["jobs.failed.validation"],
      consumer: "processor",
      deliveryLimit: 1_000,
      purpose: "Messages that broke their contract, with the reason, waiting to be filed as dead letters",
    },
    {
      name: "messages.parked",
      routes: ["messages.parked"],
      consumer: "processor",
      deliveryLimit: 1_000_000,
      purpose:
        "Refused messages that could not be filed; each is retried every few seconds without blocking the others",
    },
  ],
  maxEventsPerMessage: 200,
};
