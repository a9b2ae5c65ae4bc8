import type { JobRequest } from "../../contracts/api-commands.ts";
import type { JobTypeInfo } from "../../contracts/job-type.ts";

type DescribedType = Pick<JobTypeInfo, "name" | "example">;
type Random = () => number;

const between = (random: Random, low: number, high: number) => low + Math.floor(random() * (high - low + 1));

// Each type's share of the demo jobs and its varying payload. A type that is not listed uses its example.
const VARIED: Record<string, { share: number; payload(random: Random): Record<string, unknown> }> = {
  sleep: { share: 5, payload: (random) => ({ ms: between(random, 100, 4_000) }) },
  hash: {
    share: 4,
    payload: (random) => ({
      text: `observe ${between(random, 1, 9_999)}`,
      rounds: between(random, 1_000, 150_000),
    }),
  },
  flaky: {
    share: 3,
    payload: (random) =>
      random() < 0.5 ? { failFirst: between(random, 1, 3) } : { probability: Math.round(random() * 8) / 10 },
  },
  "fan-out": {
    share: 1,
    payload: (random) => ({ count: between(random, 2, 6), childMs: between(random, 50, 800) }),
  },
  fail: { share: 1, payload: (random) => ({ message: random() < 0.5 ? "Out of coffee" : "The dog ate it" }) },
};

/** Returns the next demo job: mixed types and priorities, one in six scheduled for later. */
export function nextDemoJob(
  types: readonly DescribedType[],
  processorUrl: string,
  random: Random = Math.random,
  now = Date.now(),
): JobRequest {
  const tickets = types.flatMap((type) => Array.from({ length: shareOf(type.name) }, () => type));
  const type = tickets[Math.floor(random() * tickets.length)];
  if (!type) throw new Error("The gateway has no job types");
  return {
    type: type.name,
    payload: VARIED[type.name]?.payload(random) ?? examplePayload(type, processorUrl),
    priority: between(random, 0, 9),
    ...(random() < 1 / 6 && { runAt: new Date(now + between(random, 3, 30) * 1_000).toISOString() }),
    metadata: { source: "demo" },
  };
}

/** Returns a type's example with the processor's default address replaced by its actual one. */
export function examplePayload({ example }: DescribedType, processorUrl: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(example).map(([name, value]) => [
      name,
      typeof value === "string" ? value.replace("http://127.0.0.1:3001", processorUrl) : value,
    ]),
  );
}

const shareOf = (name: string) => VARIED[name]?.share ?? 1;
