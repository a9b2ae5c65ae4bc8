/**
 * Returns the source of a program that publishes a message, consumes it, reads the lengths of the queues and closes its
 * bus.
 */
export const shortProgram = (url: string) => `
  import { openBus } from "./shared/bus/open.ts";
  import { createLog } from "./shared/log.ts";
  const bus = openBus({ url: ${JSON.stringify(url)}, name: "short", log: createLog({ service: "short", level: "silent" }) });
  const got = Promise.withResolvers();
  bus.consume("jobs.created", { maxBatch: 1, prefetch: 2 }, async () => got.resolve());
  await bus.connected();
  await bus.publish("jobs.created", Buffer.from("x"));
  await got.promise;
  await bus.depths();
  await bus.close();
  console.log("closed");
`;
