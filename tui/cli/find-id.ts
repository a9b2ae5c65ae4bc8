import { isUuid } from "../../contracts/schema.ts";
import type { ApiClient } from "../../shared/api-client/client.ts";
import { CliError } from "./failure.ts";

const MIN_DIGITS = 4;
/**
 * With this many digits, a second match is unlikely, so the search stops after the first page with a match. Only the
 * first digits of an id, a timestamp, are likely to occur in several ids.
 */
const ENOUGH_DIGITS = 8;
const PAGE = 500;
const MAX_PAGES = 20;
const MAX_SHOWN = 5;

interface Page {
  readonly items: readonly { readonly id: string }[];
  readonly nextCursor: string | null;
}

/** Finds a job by its full id, by the start of its id, or by another part that is unique among the newest 10,000 jobs. */
export async function findJobId(
  { readModel }: ApiClient,
  text: string,
  signal: AbortSignal,
): Promise<string> {
  return findId("job", text, async (part, cursor) => {
    // An index finds any job by the start of its id. Other parts are matched only against the newest jobs.
    const byStart = cursor
      ? []
      : (await readModel.listJobs({ query: { text: part, limit: PAGE } }, { signal })).items;
    const page = await readModel.listJobs({ query: { limit: PAGE, cursor } }, { signal });
    return { items: [...byStart, ...page.items], nextCursor: page.nextCursor };
  });
}

/** Finds a dead letter by its full id, or by a part that is unique among the newest 10,000 dead letters. */
export async function findDeadLetterId(
  { readModel }: ApiClient,
  text: string,
  signal: AbortSignal,
): Promise<string> {
  return findId("dead letter", text, (_, cursor) =>
    readModel.listDeadLetters({ query: { limit: PAGE, cursor } }, { signal }),
  );
}

async function findId(
  kind: string,
  text: string,
  pageOf: (part: string, cursor: string | undefined) => Promise<Page>,
): Promise<string> {
  const part = text.trim().toLowerCase();
  if (isUuid(part)) return part;
  const digits = part.replaceAll("-", "");
  if (!/^[0-9a-f]+$/.test(digits) || digits.length < MIN_DIGITS)
    throw new CliError(
      2,
      `${JSON.stringify(text)} is not an id`,
      `Pass the whole id, or at least ${MIN_DIGITS} of its hexadecimal digits`,
      "INVALID_ID",
    );
  const found = new Set<string>();
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { items, nextCursor } = await pageOf(part, cursor);
    for (const { id } of items) if (id.replaceAll("-", "").includes(digits)) found.add(id);
    cursor = nextCursor ?? undefined;
    if (!cursor || (found.size > 0 && digits.length >= ENOUGH_DIGITS) || found.size > MAX_SHOWN) break;
  }
  return theOnly(kind, part, found);
}

function theOnly(kind: string, part: string, found: ReadonlySet<string>): string {
  const [id, another] = found;
  if (id === undefined)
    throw new CliError(
      3,
      `None of the newest ${kind}s has ${part} in its id`,
      "Check the digits, or pass the whole id",
      "NOT_FOUND",
    );
  if (another === undefined) return id;
  const shown = [...found].slice(0, MAX_SHOWN).join(", ");
  throw new CliError(
    2,
    `${part} is in the ids of several ${kind}s: ${shown}${found.size > MAX_SHOWN ? ", …" : ""}`,
    "Pass more of the id's digits",
    "AMBIGUOUS_ID",
  );
}
