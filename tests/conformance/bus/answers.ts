import type { QueueName } from "../../../contracts/topology.ts";
import type { Bus } from "../../../shared/bus/port.ts";
import { AppError } from "../../../shared/errors.ts";

export async function readyIn(bus: Bus, queue: QueueName): Promise<number> {
  const depth = (await bus.depths()).find(({ name }) => name === queue);
  if (!depth) throw new Error(`No depth of ${queue}`);
  return depth.ready;
}

/** The code of the refusal; undefined when the promise resolves. */
export function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error) => {
      if (error instanceof AppError) return error.code;
      throw error;
    },
  );
}
