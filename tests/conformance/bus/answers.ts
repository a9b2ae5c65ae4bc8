import type { QueueName } from "../../../contracts/topology.ts";
import type { Bus } from "../../../shared/bus/port.ts";
import { AppError } from "../../../shared/errors.ts";

export async function readyIn(bus: Bus, queue: QueueName): Promise<number> {
  const depth = (await bus.depths()).find(({ name }) => name === queue);
  if (!depth) throw new Error(`The bus reports no depth for ${queue}`);
  return depth.ready;
}

/** Returns the code of the AppError that rejects the promise, or undefined if it resolves. Rethrows other errors. */
export function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error) => {
      if (error instanceof AppError) return error.code;
      throw error;
    },
  );
}
