import { QUEUES, type QueueName, type Route, type Topology } from "../../../contracts/topology.ts";
import { createBatcher } from "../../batcher.ts";
import type { Log } from "../../log.ts";
import type { Sql } from "../../postgres.ts";
import { unnestSql } from "../../unnest-sql.ts";
import type { BusTables } from "../port.ts";
import { notify } from "./queues.ts";

export interface BusTablesOptions {
  readonly topology: Topology;
  /** The connection that wakes consumers; undefined while it is down. */
  readonly sql: () => Sql | undefined;
  readonly log: Log;
  readonly onPublished: (route: Route) => void;
}

/** Creates the {@link BusTables} of a PostgreSQL bus, for writers with their own transaction. */
export function createBusTables({ topology, sql: link, log, onPublished }: BusTablesOptions): BusTables {
  const queuesOf = (route: Route) =>
    topology.queues.filter(({ routes }) => routes.includes(route)).map(({ name }) => name);

  // One notification runs at a time, and it wakes the consumers of all messages committed before it.
  const wakeUps = createBatcher<QueueName, void>({
    async run(queues) {
      const sql = link();
      if (sql) await notify(sql, [...new Set(queues)]);
      return queues.map(() => undefined);
    },
    maxBatch: Number.POSITIVE_INFINITY,
    maxInFlight: 1,
    maxItems: 100 * QUEUES.length,
  });

  return {
    insertSql: (sql, route) => sql`
      insert into bus.messages (queue, body)
      select queue, body from message, ${unnestSql(sql, "q", { queue: ["word", queuesOf(route)] })} returning id`,
    committed(route) {
      onPublished(route);
      for (const queue of queuesOf(route))
        wakeUps
          .add(queue)
          .catch((error: unknown) =>
            log.debug("Could not notify the consumers; they will find the messages by polling", { error }),
          );
    },
  };
}
