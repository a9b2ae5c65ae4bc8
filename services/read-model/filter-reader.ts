import type { FilterLanguage } from "../../contracts/filter-keys.ts";
import type { Filters } from "../../contracts/filter-schema.ts";
import { PAGE_QUERY } from "../../contracts/page-query.ts";
import { checkedFilter } from "../../shared/checked-filter.ts";

export interface FilterReaderOptions<L extends FilterLanguage> {
  readonly language: L;
  readonly now: () => Date;
  readonly storedTypes: () => Promise<readonly string[]>;
}

/** Returns a function that reads a filter from the query and ignores paging; it rejects with INVALID_QUERY. */
export function createFilterReader<L extends FilterLanguage>(options: FilterReaderOptions<L>) {
  const { language, now, storedTypes } = options;
  const others = Object.keys(PAGE_QUERY);

  return async (url: string): Promise<Filters[L]> => {
    const parameters = new URL(url).searchParams;
    for (const name of others) parameters.delete(name);
    return checkedFilter(parameters, { language, code: "INVALID_QUERY", others, storedTypes, now: now() });
  };
}
