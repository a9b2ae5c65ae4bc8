import { client } from "./client.ts";
import { useQuery } from "./query.ts";

export interface Access {
  readonly readOnly: boolean;
  /** A sentence that explains why nothing can be changed. */
  readonly reason?: string | undefined;
}

/** Access changes only when the gateway restarts, so slow polling is enough. */
const ACCESS_MS = 60_000;

/** Returns whether the gateway lets this page change anything. */
export function useAccess(): Access {
  const { data } = useQuery("access", (signal) => client.gateway.access({}, { signal }), {
    everyMs: ACCESS_MS,
  });
  return data ?? { readOnly: false };
}
