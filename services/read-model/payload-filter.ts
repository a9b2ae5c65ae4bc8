import { AppError } from "../../shared/errors.ts";

const PREFIX = "payload.";
const MAX_FILTERS = 10;

/** One `payload.<field>=<value>` of a query: the field equals one of the values. */
export interface PayloadFilter {
  readonly field: string;
  readonly values: readonly unknown[];
}

/** Whether a query parameter is a payload filter. */
export function isPayloadFilter(name: string): boolean {
  return name.startsWith(PREFIX) && name.length > PREFIX.length;
}

/**
 * The payload filters of a query. A value that reads as a JSON number, boolean or null stands for that or for the text
 * itself, so that `payload.code=007` and `payload.ms=100` both find what was meant; in double quotes it is text alone.
 * Refuses with INVALID_QUERY when there are too many.
 */
export function payloadFilters(query: URLSearchParams): PayloadFilter[] {
  const filters = [...query]
    .filter(([name]) => isPayloadFilter(name))
    .map(([name, text]) => ({ field: name.slice(PREFIX.length), values: readings(text) }));
  if (filters.length > MAX_FILTERS)
    throw new AppError(
      "INVALID_QUERY",
      `The query has ${filters.length} payload filters, the limit is ${MAX_FILTERS}`,
    );
  return filters;
}

function readings(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "string") return [value];
    if (typeof value !== "object" || value === null) return [value, text];
  } catch {
    // Not JSON: it is the text that it looks like.
  }
  return [text];
}
