import { versionRank } from "../../contracts/job-type.ts";
import type { JobType } from "../../shared/job-types/define.ts";

/** The job types of this processor, in the forms that claims and intake need. */
export interface KnownTypes {
  /** Returns whether this processor runs jobs accepted under this version of the type; null means any version. */
  runs(type: string, version: number | null): boolean;
  /** JSON: maps each type name to the type's version as a comparable number (`versionRank`). */
  readonly versions: string;
  /** JSON: maps each type name to its version as that number, its retry policy and its deadline. */
  readonly policies: string;
}

export function createKnownTypes(jobTypes: ReadonlyMap<string, JobType>): KnownTypes {
  const ranks = new Map([...jobTypes].map(([name, { version }]) => [name, versionRank(version)]));
  const policies = [...jobTypes].map(
    ([name, { retry, deadlineMs }]) => [name, { version: ranks.get(name), ...retry, deadlineMs }] as const,
  );
  return {
    runs: (type, version) => (ranks.get(type) ?? -1) >= (version ?? 0),
    versions: JSON.stringify(Object.fromEntries(ranks)),
    policies: JSON.stringify(Object.fromEntries(policies)),
  };
}
