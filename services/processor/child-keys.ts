import { fingerprintOf } from "../../shared/fingerprint.ts";
import { type ChildRequest, JobFailure } from "../../shared/job-types/define.ts";

/**
 * Creates the function that derives keys for one attempt's children. If the handler chose no key, a child's key is a
 * hash of its type and payload plus its index among equal children. A later attempt that submits the same children in
 * another order or in other batches therefore derives the same keys. Using an explicit key twice fails the attempt.
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
