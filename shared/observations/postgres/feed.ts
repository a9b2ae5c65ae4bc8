import type { Sql } from "../../postgres.ts";
import { deltasOf } from "../feed-entry.ts";
import { isAfter } from "../feed-queue.ts";
import { createLiveFeed, FEED_PAGE } from "../live-feed.ts";
import type { FeedEntry } from "../port.ts";
import { FEED_CHANNEL } from "./functions-sql.ts";
import type { PostgresStore } from "./store.ts";

/** Poll interval: finds entries whose notification was missed. */
const POLL_MS = 1_000;
const MAX_ID = 2n ** 63n;

interface Row {
  readonly id: string;
  readonly deltas: string;
  readonly dropped: number;
}

/**
 * Reads the live feed from a table. Ids have the form `number-0`, like those of a Redis stream. A notification says
 * only that new entries exist.
 */
export function createPostgresFeed(store: PostgresStore) {
  const bell = createBell(store.connectAlone);

  async function page(after: string): Promise<FeedEntry[]> {
    const rows = await store.ask(
      "read the live feed",
      (sql) => sql<Row[]>`
        select id, deltas, dropped from observations.feed
        where id > ${numberOf(after)} order by id limit ${FEED_PAGE}`,
    );
    return rows.map(({ id, deltas, dropped }) => ({ id: `${id}-0`, deltas: deltasOf(deltas), dropped }));
  }

  return createLiveFeed({
    isId(text) {
      const number = /^(\d{1,19})-\d{1,19}$/.exec(text)?.[1];
      return number !== undefined && BigInt(number) < MAX_ID;
    },
    isAfter,
    page,
    async lastId() {
      const [last] = await store.ask(
        "read the live feed",
        (sql) => sql<{ id: string }[]>`select id from observations.feed order by id desc limit 1`,
      );
      return `${last?.id ?? 0}-0`;
    },
    async holds(id) {
      const [found] = await store.ask(
        "read the live feed",
        (sql) => sql`select from observations.feed where id = ${numberOf(id)}`,
      );
      return found !== undefined;
    },
    async next(after) {
      try {
        // Listening starts before the table is read, so no entry can be added unnoticed in between.
        bell.listen();
        const entries = await page(after);
        if (entries.length > 0) return entries;
        await bell.heard(POLL_MS);
        return await page(after);
      } catch (error) {
        // The next call starts listening again, on a new connection.
        bell.stop();
        throw error;
      }
    },
    rest: bell.stop,
  });
}

function numberOf(id: string): string {
  return id.slice(0, id.indexOf("-"));
}

/** Creates a listener for notifications, on its own connection, that wakes the waiting reader. */
function createBell(connect: () => Sql) {
  let sql: Sql | undefined;
  let rung = false;
  let wake: (() => void) | undefined;
  const ring = () => {
    rung = true;
    wake?.();
  };

  return {
    listen() {
      rung = false;
      if (sql) return;
      sql = connect();
      // The driver reconnects after a loss. Until then, polling finds new entries.
      sql.listen(FEED_CHANNEL, ring, ring).catch(() => undefined);
    },
    async heard(ms: number): Promise<void> {
      if (rung || !sql) return;
      let timer: Timer | undefined;
      await new Promise<void>((resolve) => {
        wake = resolve;
        timer = setTimeout(resolve, ms);
      });
      clearTimeout(timer);
      wake = undefined;
    },
    stop() {
      void sql?.end({ timeout: 0 });
      sql = undefined;
      wake?.();
    },
  };
}
