import { startPostgres } from "../../../tui/engines/postgres.ts";
import { startRedis } from "../../../tui/engines/redis.ts";
import type { System } from "../system.ts";
import { createPeerSystem, type PeerSystemOptions } from "./peer-system.ts";

type StartEngine = PeerSystemOptions["startEngine"];

const onPostgres: StartEngine = startPostgres;
const onRedis =
  (fsync: "always" | "everysec"): StartEngine =>
  (options) =>
    startRedis({ ...options, fsync });

/** The systems to compare with, in the order of the report. */
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
];
