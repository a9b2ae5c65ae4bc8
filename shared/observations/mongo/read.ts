import type { Document, FindCursor } from "mongodb";
import { answers } from "../store-unavailable.ts";
import type { MongoLink } from "./link.ts";

/** The time limit of background operations that scan a whole collection. */
export const LONG_OPERATION_MS = 120_000;

/**
 * Reads a cursor in chunks of at most `size` documents, so a reader never holds more. The time limit is long because
 * FerretDB scans the whole collection for each chunk, and continues the scan even if the caller gives up. With a
 * shorter limit, a reader would give up, retry and start another scan while the first still runs.
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
    // The server drops the cursor with its connection, so a failure to close it does not matter. `answers` adds the
    // time limit that `close` lacks.
    await answers(() => cursor.close());
  }
}
