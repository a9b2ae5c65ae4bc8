import type { FilterLanguage } from "../../contracts/filter-keys.ts";
import type { Filters } from "../../contracts/filter-schema.ts";
import { PAGE_QUERY, type Route } from "../../contracts/routes.ts";
import { createQueryReader } from "../../shared/http/read-request.ts";
import { readFilter } from "../../shared/read-filter.ts";

const PAGE = 50;

export interface ListReaderOptions<L extends FilterLanguage> {
  readonly route: Route;
  readonly language: L;
  readonly now: () => Date;
  readonly storedTypes: () => Promise<readonly string[]>;
}

export interface ListQuery<L extends FilterLanguage> {
  readonly filter: Filters[L];
  readonly limit: number;
  readonly cursor?: string;
}

/** A reader of a list's query: its page, and whatever else it has as a filter. Rejects with INVALID_QUERY. */
export function createListReader<L extends FilterLanguage>(options: ListReaderOptions<L>) {
  const { route, language, now, storedTypes } = options;
  const isFilter = (name: string) => !Object.hasOwn(PAGE_QUERY, name);
  const readPage = createQueryReader({ ...route, query: PAGE_QUERY }, isFilter);

  return async (url: URL): Promise<ListQuery<L>> => {
    const { limit = PAGE, ...page } = readPage(url);
    const parameters = new URLSearchParams([...url.searchParams].filter(([name]) => isFilter(name)));
    const context = {
      language,
      code: "INVALID_QUERY",
      others: Object.keys(PAGE_QUERY),
      storedTypes,
    } as const;
    const filter = await readFilter(parameters, { ...context, now: now() });
    return { ...page, limit, filter };
  };
}
