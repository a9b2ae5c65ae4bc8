import { BlockList } from "node:net";
import { type ChildRequest, type JobType, withDefaults } from "./define.ts";

/** The result and the effects of one handler call. */
export interface TryOut {
  readonly result: unknown;
  readonly lines: readonly string[];
  /** The fractions that the handler reported, in order. */
  readonly progress: readonly number[];
  readonly children: readonly ChildRequest[];
}

export interface TryOutOptions {
  readonly tryNumber?: number;
  readonly signal?: AbortSignal;
  /** Networks that the handler may connect to, such as `127.0.0.0/8`; none by default. */
  readonly allow?: readonly string[];
}

/** Runs one attempt of a job type outside the system, for its unit test. Rejects with the handler's error. */
export async function tryOut(
  jobType: JobType,
  payload: Readonly<Record<string, unknown>>,
  { tryNumber = 1, signal = new AbortController().signal, allow = [] }: TryOutOptions = {},
): Promise<TryOut> {
  const lines: string[] = [];
  const progress: number[] = [];
  const children: ChildRequest[] = [];
  const allowedAddresses = new BlockList();
  for (const network of allow) {
    const [address = "", bits] = network.split("/");
    allowedAddresses.addSubnet(address, Number(bits), address.includes(":") ? "ipv6" : "ipv4");
  }
  const result = await jobType.run(withDefaults(jobType, payload), {
    jobId: crypto.randomUUID(),
    tryNumber,
    signal,
    allowedAddresses,
    log: (message) => void lines.push(message),
    progress: (fraction) => void progress.push(fraction),
    submit: async (requests) => {
      children.push(...requests);
      return requests.map(() => crypto.randomUUID());
    },
  });
  return { result, lines, progress, children };
}
