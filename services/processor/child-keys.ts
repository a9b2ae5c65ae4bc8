import { fingerprintOf } from "../../shared/fingerprint.ts";
import { type ChildRequest, JobFailure } from "../../shared/job-types/define.ts";

/**
 * Names the children of one attempt. A child's key is the handler's, or else a hash of its type and payload with its
 * place among equal children: a second run that lists them in another order, or in other portions, names the same ones.
 * Fails the attempt for a key that the attempt has used already.
 */
export function createChildKeys(): (child: ChildRequest) => string {
  const equals = new Map<string, number>();
  const given = new Set<string>();
  return ({ key, type, payload }) => {
    if (key !== undefined) {
      if (given.has(key))
        throw new JobFailure("DUPLICATE_CHILD_KEY", `Two children have the key ${JSON.stringify(key)}`, {
          retryable: false,
        });
      given.add(key);
      return `key/${key}`;
    }
    const same = fingerprintOf({ type, payload });
    const place = equals.get(same) ?? 0;
    equals.set(same, place + 1);
    return `same/${same}/${place}`;
  };
}
