import { RefusedMessage } from "./dead-letter.ts";
import { CONTRACT_VERSION } from "./envelope.ts";
import { EVENT_SCHEMAS, EVENT_SUMMARIES, EVENT_TYPES, type EventType } from "./events.ts";
import { publication, schemaId } from "./schema.ts";
import { schemaDocument } from "./schema-catalog.ts";
import { ROUTES, type Route, TOPOLOGY } from "./topology.ts";

type Json = Record<string, unknown>;

/** The events published on each route; refused messages have their own schema. */
const EVENTS_OF: Readonly<Record<Route, readonly EventType[]>> = {
  "jobs.created": ["job.created"],
  "jobs.transitions": EVENT_TYPES.filter((eventType) => eventType !== "job.created"),
  "jobs.failed.validation": [],
  "messages.parked": [],
};

/** The services that publish on each route, and what they publish. */
const SENDERS: readonly { service: string; route: Route; summary: string; replays?: true }[] = [
  {
    service: "gateway",
    route: "jobs.created",
    summary: "Publish accepted jobs; the gateway returns 202 once the broker has confirmed them",
  },
  {
    service: "processor",
    route: "jobs.created",
    summary: "Publish edited jobs, the children of fan-outs, and dead letters replayed to the intake",
    replays: true,
  },
  {
    service: "processor",
    route: "jobs.transitions",
    summary: "Publish the outbox's events and the dead letters replayed to the observers",
    replays: true,
  },
  {
    service: "processor",
    route: "jobs.failed.validation",
    summary: "Forward messages that broke their contract",
  },
  {
    service: "processor",
    route: "messages.parked",
    summary: "Park refused messages that could not be filed as dead letters",
  },
  {
    service: "metrics-engine",
    route: "jobs.failed.validation",
    summary: "Forward messages that broke their contract",
  },
];

/** Builds the event bus's AsyncAPI 3.0 document from the topology table and the event schemas. */
export function asyncApiDocument(): Json {
  const routes = Object.fromEntries(ROUTES.map((route) => [routeKey(route), routeChannel(route)]));
  const queues = Object.fromEntries(
    TOPOLOGY.queues.map((queue) => [queueKey(queue.name), queueChannel(queue)]),
  );
  return {
    asyncapi: "3.0.0",
    id: "https://task-observatory.dev/asyncapi",
    info: {
      title: "Distributed Task Observatory: event bus",
      version: CONTRACT_VERSION,
      description: `Every change to a job is an event on the exchange ${TOPOLOGY.exchange}. A message is an array of at most ${TOPOLOGY.maxEventsPerMessage} envelopes in UTF-8 JSON. A replayed dead letter may be a single envelope instead, so consumers must accept both. Delivery is at least once. An event is identified by its eventId, and the events of one job are ordered by payload.sequence. Envelopes and payloads are open: unknown fields are ignored.`,
      license: { name: "MIT" },
    },
    defaultContentType: "application/json",
    servers: {
      rabbitmq: {
        host: "127.0.0.1:5672",
        protocol: "amqp",
        protocolVersion: "0.9.1",
        description: "RabbitMQ 3.10 to 4.x on the loopback interface; set BUS_URL to use another broker",
      },
    },
    channels: { ...routes, ...queues },
    operations: {
      ...Object.fromEntries(SENDERS.map(sending)),
      ...Object.fromEntries(TOPOLOGY.queues.map(receiving)),
    },
    components: { messages: messages(), schemas: schemas() },
  };
}

const routeKey = (route: string) => `route.${route}`;
const queueKey = (queue: string) => `queue.${queue}`;
const batchKey = (route: string) => `${route}.batch`;
const schemaRef = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const eventSchema = (eventType: EventType) => schemaRef(`event.${eventType}`);

function messageKeysOf(route: Route): string[] {
  if (EVENTS_OF[route].length === 0) return ["refused-message"];
  // `jobs.transitions` leads only to the queue `events.observed`, so dead letters from that queue are replayed on this
  // route, whatever their event type.
  return [batchKey(route), ...(route === "jobs.transitions" ? EVENT_TYPES : EVENTS_OF[route])];
}

function messageRefs(keys: readonly string[]): Json {
  return Object.fromEntries(keys.map((key) => [key, { $ref: `#/components/messages/${key}` }]));
}

function routeChannel(route: Route): Json {
  return {
    address: route,
    title: `Routing key ${route}`,
    description: `Feeds ${TOPOLOGY.queues
      .filter((queue) => queue.routes.includes(route))
      .map((queue) => queue.name)
      .join(" and ")}`,
    servers: [{ $ref: "#/servers/rabbitmq" }],
    messages: messageRefs(messageKeysOf(route)),
    bindings: {
      amqp: {
        is: "routingKey",
        exchange: { name: TOPOLOGY.exchange, type: "topic", durable: true, autoDelete: false, vhost: "/" },
        bindingVersion: "0.3.0",
      },
    },
  };
}

type Queue = (typeof TOPOLOGY.queues)[number];

function messageKeysIn({ name, routes }: Queue): string[] {
  const keys = [...new Set(routes.flatMap(messageKeysOf))];
  // The broker itself dead-letters messages that no consumer could handle, with their bytes unchanged.
  return name === "jobs.failed.validation" ? [...keys, "given-up"] : keys;
}

function queueChannel(queue: Queue): Json {
  return {
    address: queue.name,
    title: `Queue ${queue.name}`,
    description: queue.purpose,
    servers: [{ $ref: "#/servers/rabbitmq" }],
    messages: messageRefs(messageKeysIn(queue)),
    bindings: {
      amqp: {
        is: "queue",
        queue: { name: queue.name, durable: true, exclusive: false, autoDelete: false, vhost: "/" },
        bindingVersion: "0.3.0",
      },
    },
    "x-queue-type": "quorum",
    "x-delivery-limit": queue.deliveryLimit,
    "x-bindings": queue.routes.map((routingKey) => ({ exchange: TOPOLOGY.exchange, routingKey })),
  };
}

function sending({ service, route, summary, replays }: (typeof SENDERS)[number]): [string, Json] {
  const channel = `#/channels/${routeKey(route)}`;
  // Only replays send single envelopes: if one envelope of a batch was refused, the replay republishes it alone.
  const keys = replays ? messageKeysOf(route) : messageKeysOf(route).slice(0, 1);
  const operation = {
    action: "send",
    summary,
    channel: { $ref: channel },
    messages: keys.map((key) => ({ $ref: `${channel}/messages/${key}` })),
    tags: [{ name: service }],
    bindings: { amqp: { deliveryMode: 2, mandatory: true, bindingVersion: "0.3.0" } },
  };
  return [`${service}.send.${route}`, operation];
}

function receiving(queue: Queue): [string, Json] {
  const channel = `#/channels/${queueKey(queue.name)}`;
  const operation = {
    action: "receive",
    summary: `Consume the queue ${queue.name}`,
    description: `${queue.purpose}. A message is acknowledged once all its effects are durable`,
    channel: { $ref: channel },
    messages: messageKeysIn(queue).map((key) => ({ $ref: `${channel}/messages/${key}` })),
    tags: [{ name: queue.consumer }],
    bindings: { amqp: { ack: true, bindingVersion: "0.3.0" } },
  };
  return [`${queue.consumer}.receive.${queue.name}`, operation];
}

function messages(): Json {
  const one = EVENT_TYPES.map((eventType) => [
    eventType,
    {
      name: eventType,
      title: eventType,
      summary: EVENT_SUMMARIES[eventType],
      description: "One envelope",
      contentType: "application/json",
      payload: eventSchema(eventType),
    },
  ]);
  const many = ROUTES.filter((route) => EVENTS_OF[route].length > 0).map((route) => [
    batchKey(route),
    {
      name: batchKey(route),
      title: `Events on ${route}`,
      summary: `An array of envelopes: ${EVENTS_OF[route].join(", ")}`,
      contentType: "application/json",
      payload: {
        type: "array",
        minItems: 1,
        maxItems: TOPOLOGY.maxEventsPerMessage,
        items: { oneOf: EVENTS_OF[route].map(eventSchema) },
      },
    },
  ]);
  return {
    ...Object.fromEntries([...one, ...many]),
    "refused-message": {
      name: "refused-message",
      title: "A message that broke its contract",
      summary: "The original bytes, and the refusal's reason, time and origin",
      contentType: "application/json",
      payload: schemaRef(publication(RefusedMessage).name),
    },
    "given-up": {
      name: "given-up",
      title: "A message that the broker dead-lettered",
      summary:
        "A message that exceeded its delivery limit because its consumers died before acknowledging it; the body is unchanged",
      contentType: "application/octet-stream",
      payload: { description: "Any bytes" },
      headers: {
        type: "object",
        properties: {
          "x-first-death-queue": { type: "string", enum: TOPOLOGY.queues.map(({ name }) => name) },
        },
        required: ["x-first-death-queue"],
      },
    },
  };
}

function schemas(): Json {
  const all = [...Object.values(EVENT_SCHEMAS), RefusedMessage].map((schema) => publication(schema));
  return Object.fromEntries(
    all.map((schema) => {
      // An `$id` here would change the base URI of the document's references.
      const { $schema: _draft, $id: _id, $version: version, ...rules } = schemaDocument(schema);
      return [schema.name, { "x-id": schemaId(schema.name), "x-version": version, ...rules }];
    }),
  );
}
