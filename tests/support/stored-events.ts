import { MongoClient } from "mongodb";
import postgres from "postgres";

interface StoredEvents {
  /** How many events of a job are stored. */
  countOf(jobId: string): Promise<number>;
  /** Delete one, as if it had never been stored. */
  forget(eventId: string): Promise<void>;
}

/** What the event store behind `EVENTS_URL` holds, asked with its own driver and not through a service. */
export async function withStoredEvents<T>(
  eventsUrl: string,
  use: (events: StoredEvents) => Promise<T>,
): Promise<T> {
  return eventsUrl.startsWith("postgres") ? onPostgres(eventsUrl, use) : onMongo(eventsUrl, use);
}

async function onMongo<T>(url: string, use: (events: StoredEvents) => Promise<T>): Promise<T> {
  const client = new MongoClient(url);
  const collection = client.db().collection<{ _id: string; jobId: string }>("events");
  try {
    return await use({
      countOf: (jobId) => collection.countDocuments({ jobId }),
      forget: async (eventId) => void (await collection.deleteOne({ _id: eventId })),
    });
  } finally {
    await client.close();
  }
}

async function onPostgres<T>(url: string, use: (events: StoredEvents) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    return await use({
      async countOf(jobId) {
        return (await sql`select 1 from observations.events where job_id = ${jobId}`).length;
      },
      async forget(eventId) {
        await sql`delete from observations.events where event_id = ${eventId}`;
      },
    });
  } finally {
    await sql.end();
  }
}
