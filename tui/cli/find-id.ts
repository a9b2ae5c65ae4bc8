import type { ApiClient } from "../../shared/api-client/client.ts";
import { CliError } from "./failure.ts";

const WHOLE = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const MIN_DIGITS = 4;
const MAX_PAGE = 500;
const MAX_SHOWN = 5;

/** The job that a person means by its whole id or any part of it that no other of the newest jobs has. */
export async function findJobId(
  { readModel }: ApiClient,
  text: string,
  signal: AbortSignal,
): Promise<string> {
  return findId("job", text, async (part) => {
    const [byStart, newest] = await Promise.all([
      readModel.listJobs({ query: { text: part, limit: MAX_PAGE } }, { signal }),
      readModel.recentJobs({ query: { limit: MAX_PAGE } }, { signal }),
    ]);
    return [...byStart.items, ...newest.items];
  });
}

/** The same for a dead letter, among the newest 500. */
export async function findDeadLetterId(
  { readModel }: ApiClient,
  text: string,
  signal: AbortSignal,
): Promise<string> {
  return findId("dead letter", text, async () => {
    const { items } = await readModel.listDeadLetters({ query: { limit: MAX_PAGE } }, { signal });
    return items;
  });
}

async function findId(
  kind: string,
  text: string,
  search: (part: string) => Promise<readonly { readonly id: string }[]>,
): Promise<string> {
  const part = text.trim().toLowerCase();
  if (WHOLE.test(part)) return part;
  const digits = part.replaceAll("-", "");
  if (!/^[0-9a-f]+$/.test(digits) || digits.length < MIN_DIGITS)
    throw new CliError(
      2,
      `${JSON.stringify(text)} is no id`,
      `Pass the whole id, or at least ${MIN_DIGITS} of its hexadecimal digits`,
      "INVALID_ID",
    );
  const found = new Set(
    (await search(part)).map(({ id }) => id).filter((id) => id.replaceAll("-", "").includes(digits)),
  );
  const [id, another] = found;
  if (id === undefined)
    throw new CliError(
      3,
      `No ${kind} has ${part} in its id`,
      "Check the digits, or pass the whole id",
      "NOT_FOUND",
    );
  if (another === undefined) return id;
  const shown = [...found].slice(0, MAX_SHOWN).join(", ");
  throw new CliError(
    2,
    `${part} is in the ids of ${found.size} ${kind}s: ${shown}${found.size > MAX_SHOWN ? ", …" : ""}`,
    "Pass more of the id's digits",
    "AMBIGUOUS_ID",
  );
}
