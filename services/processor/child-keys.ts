import { fingerprintOf } from "../../shared/fingerprint.ts";
import { type ChildRequest, JobFailure } from "../../shared/job-types/define.ts";

/**
 * Names the children of one attempt. A child's key is the handler's, or else a hash of its type and payload with its
 * index among equal children: a second run that submits them in another order, or in other batches, names the same
 * children. Fails the attempt when it uses a key twice.
 */
export function createChildKeys(): (child: ChildRequest) => string {
  const counts = new Map<string, number>();
  const used = new Set<string>();
  return ({ key, type, payload }) => {
    if (key !== undefined) {
      if (used.has(key))
        throw new JobFailure("DUPLICATE_CHILD_KEY", `Two children have the key ${JSON.stringify(key)}`, {
          retryable: false,
        });
      used.add(key);
      return `key/${key}`;
    }
    const hash = fingerprintOf({ type, payload });
    const index = counts.get(hash) ?? 0;
    counts.set(hash, index + 1);
    return `same/${hash}/${index}`;
  };
}
