import { type Collection, type Document, MongoBulkWriteError, type OptionalUnlessRequiredId } from "mongodb";
import type { MongoLink } from "./link.ts";

export const DURABLE = { writeConcern: { w: "majority", journal: true } } as const;
const DUPLICATE_KEY = 11_000;

/**
 * Inserts documents, except those whose `_id` is already stored. Returns the indexes of the documents that it did not
 * insert.
 */
export async function insertNew<T extends Document>(
  link: MongoLink,
  name: string,
  documents: readonly OptionalUnlessRequiredId<T>[],
): Promise<number[]> {
  if (documents.length === 0) return [];
  return await link.use("store events", (db) => insertOnce(db.collection<T>(name, DURABLE), documents));
}

async function insertOnce<T extends Document>(
  collection: Collection<T>,
  documents: readonly OptionalUnlessRequiredId<T>[],
): Promise<number[]> {
  try {
    await collection.insertMany(documents, { ordered: false });
    return [];
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError)) throw error;
    // Without confirmation by a majority of the replicas, even the documents that were already stored may not be
    // durable. Throw, so that the batch is redelivered.
    if (error.result.getWriteConcernError()) throw error;
    const faults = [error.writeErrors].flat();
    if (faults.length === 0 || faults.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
    return faults.map(({ index }) => index);
  }
}
