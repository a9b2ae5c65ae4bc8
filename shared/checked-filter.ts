import type { FilterLanguage } from "../contracts/filter-keys.ts";
import type { Filters } from "../contracts/filter-schema.ts";
import type { ProblemCode } from "../contracts/problem.ts";
import {
  atTime,
  type ReadFilter,
  readFilterJson,
  readFilterQuery,
  readFilterText,
} from "../contracts/read-filter.ts";
import { AppError } from "./errors.ts";
import { JOB_TYPES } from "./job-types/registry.ts";

export interface FilterContext {
  readonly language: FilterLanguage;
  readonly code: ProblemCode;
  readonly now: Date;
  /** Query parameters that do not belong to the filter. */
  readonly others?: readonly string[];
  /**
   * Reads the types of the stored jobs. Called only if the filter names a type that is not registered: the store may
   * still hold jobs of that type.
   */
  readonly storedTypes: () => Promise<readonly string[]>;
}

/**
 * Reads a filter from JSON, a line of text or query parameters, and turns its ages, such as `5m`, into absolute times.
 * Rejects with the context's error code and lists the faults.
 */
export async function checkedFilter<L extends FilterLanguage>(
  given: string | URLSearchParams | Filters[L],
  { language, code, now, storedTypes, others = [] }: FilterContext & { readonly language: L },
): Promise<Filters[L]> {
  const read = (types: readonly string[]): ReadFilter<L> => {
    if (typeof given === "string") return readFilterText(language, given, { types });
    if (given instanceof URLSearchParams) return readFilterQuery(language, given, { types, others });
    return readFilterJson(language, given, { types });
  };
  const registered = [...JOB_TYPES.keys()];
  let { filter, faults } = read(registered);
  if (faults.some(({ key }) => key === "type"))
    ({ filter, faults } = read([...new Set([...registered, ...(await storedTypes())])].sort()));
  const [first] = faults;
  if (!first) return atTime(filter, now);
  throw new AppError(code, first.message, {
    errors: faults.slice(0, 20).map(({ key, message }) => ({ path: `/${key}`, message })),
    facts: { key: first.key, nearest: first.nearest },
  });
}
