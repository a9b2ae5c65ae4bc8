import type { Redis } from "ioredis";
import type { SeriesReply, Snapshot } from "../../contracts/api-queries.ts";
import type { JobEvent } from "../../contracts/events.ts";
import { createBoundedLabels } from "../bounded-labels.ts";
import { feedFields } from "./feed-entry.ts";
import type { SeriesQuery, Totals } from "./port.ts";
import { createScript } from "./redis-link.ts";
import { CLAIM, COUNT } from "./redis-scripts.ts";
import {
  gaugesOf,
  kindOf,
  MINUTE_MS,
  minutesOf,
  SERIES_KEPT_MS,
  type SeriesKind,
  seriesReply,
} from "./series.ts";
import { asking } from "./store-unavailable.ts";
import { type Counts, MAX_TYPES, tallyOf } from "./tally.ts";
import { totalsOf } from "./totals.ts";

const SERIES_TTL_S = SERIES_KEPT_MS / 1_000;
const TOKEN_LENGTH = 12;

export interface CounterOptions {
  readonly redis: Redis;
  readonly prefix: string;
  readonly now: () => number;
  /** Counted ids that are remembered, twice: this bounds memory (70 bytes each) and has no part in being exact. */
  readonly maxSeen: number;
  readonly maxFeedEntries: number;
}

/** An event and the token its id was claimed with. */
export interface Claimed {
  readonly event: JobEvent;
  readonly token: string;
}

/** Claims, counters, digests, per-minute series, the latest snapshot and the writing end of the live feed. */
export function createRedisCounters({ redis, prefix, now, maxSeen, maxFeedEntries }: CounterOptions) {
  const claimScript = createScript(redis, CLAIM);
  const countScript = createScript(redis, COUNT);
  const key = (name: string) => `${prefix}${name}`;
  const minuteKey = (minute: number, kind: SeriesKind) => key(`minute:${minute}:${kind}`);
  const idKeys = [key("claims"), key("seen"), key("seen:before")];
  const typeLabel = createBoundedLabels(MAX_TYPES);

  /** The hashes to add to: [key, seconds to live or 0, field, number, …] each. */
  function planOf(events: readonly JobEvent[]): { plan: string; lastEventAt: number } {
    const tally = tallyOf(events, { now: now(), typeLabel });
    const steps: (string | number)[][] = [];
    const step = (name: string, ttl: number, counts: Counts) => {
      if (counts.size > 0) steps.push([name, ttl, ...[...counts].flat()]);
    };
    step(key("totals"), 0, tally.totals);
    step(key("digest:execution"), 0, tally.execution);
    step(key("digest:queueWait"), 0, tally.queueWait);
    for (const [minute, kinds] of tally.minutes)
      for (const kind of ["counts", "execution", "queueWait"] as const)
        step(minuteKey(minute, kind), SERIES_TTL_S, kinds[kind]);
    return { plan: JSON.stringify(steps), lastEventAt: tally.lastEventAt };
  }

  return {
    /**
     * Claims the events that were not counted yet. Returns for each its token, or undefined for one that was counted. An
     * id that an earlier call claimed and did not count keeps that call's token. At most 1,000 distinct events.
     */
    async claim(events: readonly JobEvent[]): Promise<(string | undefined)[]> {
      const token = newToken();
      const tokens: (string | undefined)[] = events.map(() => token);
      const others = await asking("redis", "claim events", () =>
        claimScript(idKeys, [idBytes(events.map(({ eventId }) => eventId)), token]),
      );
      const pairs = others as (number | string)[];
      for (let i = 0; i < pairs.length; i += 2) tokens[Number(pairs[i])] = String(pairs[i + 1]) || undefined;
      return tokens;
    },

    /**
     * Counts the claimed events that no other consumer has counted meanwhile, with their deltas; releases the claims on
     * events that turned out to be counted long ago. Returns the events it counted.
     */
    async count(claimed: readonly Claimed[], release: readonly Claimed[]): Promise<JobEvent[]> {
      let left = claimed;
      for (;;) {
        const events = left.map(({ event }) => event);
        const { plan, lastEventAt } = planOf(events);
        const { deltas, dropped } = feedFields(events);
        const gone = (await asking("redis", "count events", () =>
          countScript(
            [...idKeys, key("feed"), key("totals")],
            [
              ...claimBytes(left),
              ...claimBytes(release),
              plan,
              lastEventAt,
              deltas,
              dropped,
              maxFeedEntries,
              maxSeen,
            ],
          ),
        )) as number[];
        if (gone.length === 0) return events;
        // Another engine counted these between our claim and now.
        const others = new Set(gone);
        left = left.filter((_, i) => !others.has(i));
      }
    },

    /** Sets a key and lets it expire. */
    async rehearse(): Promise<void> {
      await asking("redis", "write", () => redis.set(key("canary"), "1", "EX", 1));
    },

    async recordSnapshot(snapshot: Snapshot): Promise<void> {
      const gauges = minuteKey(Math.floor(Date.parse(snapshot.at) / MINUTE_MS), "gauges");
      await asking("redis", "keep a snapshot", async () => {
        const replies = await redis
          .multi()
          .set(key("snapshot"), JSON.stringify(snapshot))
          .hset(gauges, gaugesOf(snapshot, typeLabel))
          .expire(gauges, SERIES_TTL_S)
          .exec();
        for (const [error] of replies ?? []) if (error) throw error;
      });
    },

    async totals(): Promise<Totals> {
      const [totals, execution, queueWait] = await asking("redis", "read totals", () =>
        Promise.all([
          redis.hgetall(key("totals")),
          redis.hgetall(key("digest:execution")),
          redis.hgetall(key("digest:queueWait")),
        ]),
      );
      return totalsOf({
        counters: numbersOf(totals),
        lastEventAt: totals.lastEventAt === undefined ? undefined : Number(totals.lastEventAt),
        execution: digestOf(execution),
        queueWait: digestOf(queueWait),
      });
    },

    async series(query: SeriesQuery): Promise<SeriesReply> {
      const kind = kindOf(query.metric);
      const rows = await asking("redis", "read series", () =>
        Promise.all(minutesOf(query).map((minute) => redis.hgetall(minuteKey(minute, kind)))),
      );
      return seriesReply(query, rows.map(numbersOf));
    },

    async latestSnapshot(): Promise<Snapshot | null> {
      const text = await asking("redis", "read the latest snapshot", () => redis.get(key("snapshot")));
      return text === null ? null : (JSON.parse(text) as Snapshot);
    },

    ping: () => asking("redis", "ping", () => redis.ping()),
  };
}
export type RedisCounters = ReturnType<typeof createRedisCounters>;

/** Never the same twice: two claims on one id that are not the same claim must differ. */
function newToken(): string {
  return crypto.getRandomValues(Buffer.alloc((TOKEN_LENGTH * 3) / 4)).toString("base64url");
}

function idBytes(eventIds: readonly string[]): Buffer {
  return Buffer.from(eventIds.join("").replaceAll("-", ""), "hex");
}

function claimBytes(claimed: readonly Claimed[]): [ids: Buffer, tokens: string] {
  return [idBytes(claimed.map(({ event }) => event.eventId)), claimed.map(({ token }) => token).join("")];
}

function digestOf(row: Record<string, string>): Map<number, number> {
  return new Map(Object.entries(row).map(([bucket, n]) => [Number(bucket), Number(n)]));
}

function numbersOf(row: Record<string, string>): Map<string, number> {
  return new Map(Object.entries(row).map(([field, value]) => [field, Number(value)]));
}
