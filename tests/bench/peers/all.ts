import { startPostgres } from "../../../tui/engines/postgres.ts";
import { startRedis } from "../../../tui/engines/redis.ts";
import type { System } from "../system.ts";
import * as bunqueue from "./bunqueue-server.ts";
import { plain } from "./peer-engine.ts";
import { createPeerSystem } from "./peer-system.ts";

const onPostgres = plain(startPostgres);
const onRedis = (fsync: "always" | "everysec") => plain((options) => startRedis({ ...options, fsync }));

/** The systems to compare with, in report order. */
export const peers: readonly System[] = [
  createPeerSystem({ name: "graphile-worker", file: "graphile-worker.ts", startEngine: onPostgres }),
  createPeerSystem({
    name: "pg-boss-notify",
    file: "pg-boss.ts",
    variant: "notify",
    startEngine: onPostgres,
  }),
  createPeerSystem({
    name: "pg-boss-polling",
    file: "pg-boss.ts",
    variant: "polling",
    startEngine: onPostgres,
  }),
  createPeerSystem({ name: "bullmq-everysec", file: "bullmq.ts", startEngine: onRedis("everysec") }),
  createPeerSystem({ name: "bullmq-always", file: "bullmq.ts", startEngine: onRedis("always") }),
  createPeerSystem({ name: "bunqueue-postgres", file: "bunqueue.ts", startEngine: bunqueue.onPostgres }),
  createPeerSystem({ name: "bunqueue-sqlite", file: "bunqueue.ts", startEngine: bunqueue.onSqlite }),
];
