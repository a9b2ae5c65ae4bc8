import type { Document, FindCursor } from "mongodb";
import { answers } from "../store-unavailable.ts";
import type { MongoLink } from "./link.ts";

/** Time limit for background operations over a whole collection. */
export const LONG_OPERATION_MS = 120_000;

/**
 * Reads a cursor in chunks of at most `size` documents, so a reader never holds more. On FerretDB each chunk is a pass
 * over the whole collection, which the server does not stop when its caller leaves: a reader that came back sooner than
 * a pass takes would pile up passes, and none would end.
 */
export async function* readInChunks<T extends Document>(
  link: MongoLink,
  open: () => FindCursor<T>,
  size: number,
): AsyncIterable<T[]> {
  const cursor = open();
  try {
    for (;;) {
      const readOn = async () => {
        const documents: T[] = [];
        while (documents.length < size) {
          const next = await cursor.next();
          if (!next) break;
          documents.push(next);
        }
        return documents;
      };
      const chunk = await link.use("read events", readOn, LONG_OPERATION_MS);
      if (chunk.length > 0) yield chunk;
      if (chunk.length < size) return;
    }
  } finally {
    // The server drops it with its connection, so a failure no longer matters; closing alone has no limit.
    await answers(() => cursor.close());
  }
}
