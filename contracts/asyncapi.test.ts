import { expect, test } from "bun:test";
import { Parser } from "@asyncapi/parser";
import { asyncApiDocument } from "./asyncapi.ts";
import { EVENT_TYPES } from "./events.ts";
import { ROUTES, TOPOLOGY } from "./topology.ts";

interface AmqpBinding {
  is: string;
  exchange?: { name: string };
  queue?: { name: string };
}

const parsed = await new Parser().parse(JSON.stringify(asyncApiDocument()));
const spine = () => {
  if (!parsed.document) throw new Error(`The document does not parse: ${JSON.stringify(parsed.diagnostics)}`);
  return parsed.document;
};

test("the document is valid AsyncAPI 3.0, without errors or warnings", () => {
  const complaints = parsed.diagnostics
    .filter(({ severity }) => severity <= 1)
    .map(({ path, message }) => `${path.join("/")}: ${message}`);
  expect(complaints).toEqual([]);
  expect(spine().version()).toBe("3.0.0");
});

test("the validator reports a dangling reference", async () => {
  const broken = JSON.stringify(asyncApiDocument()).replace(
    "#/components/messages/",
    "#/components/nowhere/",
  );
  const { diagnostics } = await new Parser().parse(broken);
  expect(diagnostics.filter(({ severity }) => severity === 0).length).toBeGreaterThan(0);
});

test("every route and every queue is a channel with its AMQP binding", () => {
  const bindings = spine()
    .channels()
    .all()
    .map((channel) => ({
      address: channel.address(),
      ...channel.bindings().get("amqp")?.json<AmqpBinding>(),
    }));
  const of = (is: string) => bindings.filter((binding) => binding.is === is);
  expect(of("routingKey").map(({ address }) => address)).toEqual([...ROUTES]);
  expect(of("routingKey").every(({ exchange }) => exchange?.name === TOPOLOGY.exchange)).toBe(true);
  expect(of("queue").map(({ address, queue }) => [address, queue?.name])).toEqual(
    TOPOLOGY.queues.map(({ name }) => [name, name]),
  );
});

test("every queue has a consumer, and every route has a sender", () => {
  const operations = spine().operations();
  const channelsOf = (action: "send" | "receive") =>
    operations
      .all()
      .filter((operation) => operation.action() === action)
      .map((operation) => [operation.channels().all()[0]?.address(), operation.tags().all()[0]?.name()]);
  expect(channelsOf("receive")).toEqual(TOPOLOGY.queues.map(({ name, consumer }) => [name, consumer]));
  expect(new Set(channelsOf("send").map(([address]) => address))).toEqual(new Set(ROUTES));
});

test("every event type is a message whose payload names that type", () => {
  const messages = spine().components().messages();
  const types = EVENT_TYPES.map((eventType) => {
    const payload = messages.get(eventType)?.payload();
    return payload?.properties()?.eventType?.const();
  });
  expect(types).toEqual(EVENT_TYPES);
});

test("the observers' queue accepts every event, alone or in an array", () => {
  const observed = spine().channels().get("queue.events.observed");
  const names = observed
    ?.messages()
    .all()
    .map((message) => message.name());
  expect(new Set(names)).toEqual(new Set([...EVENT_TYPES, "jobs.created.batch", "jobs.transitions.batch"]));
});
