import type { Redis } from "ioredis";
import type { SeriesReply, Snapshot } from "../../../contracts/api-queries.ts";
import type { JobEvent } from "../../../contracts/events.ts";
import { createBoundedLabels } from "../../bounded-labels.ts";
import { feedFields } from "../feed-entry.ts";
import type { SeriesQuery, Totals } from "../port.ts";
import {
  gaugesOf,
  kindOf,
  MINUTE_MS,
  minutesOf,
  SERIES_KEPT_MS,
  type SeriesKind,
  seriesReply,
} from "../series.ts";
import { orUnavailable } from "../store-unavailable.ts";
import { type Counts, MAX_TYPES, tallyOf } from "../tally.ts";
import { totalsOf } from "../totals.ts";
import { createScript } from "./link.ts";
import { CLAIM, COUNT, PASS_ON } from "./scripts.ts";

const SERIES_TTL_S = SERIES_KEPT_MS / 1_000;
const TOKEN_LENGTH = 12;

export interface CounterOptions {
  readonly redis: Redis;
  readonly prefix: string;
  readonly now: () => number;
  /**
   * The size limit of each of the two sets that hold the ids of recently counted events. It bounds memory (70 bytes per
   * id); counts are exact with any limit.
   */
  readonly maxSeen: number;
  readonly maxFeedEntries: number;
}

/**
 * An event, and the token under which a call has claimed the event's id. An event must be claimed before it is counted,
 * so that no two calls count it.
 */
export interface Claimed {
  readonly event: JobEvent;
  readonly token: string;
}

export interface Claims {
  /**
   * The token under which each event is claimed, by this call or an earlier one; undefined if it was already counted.
   */
  readonly tokens: readonly (string | undefined)[];
  /**
   * A time in milliseconds. If the time in an event's job id is later than this, and the event is claimed under this
   * call's token, the event has never been counted.
   */
  readonly horizon: number;
}

/** Manages claims, counters, digests, series, the latest snapshot, and the writing end of the live feed. */
export function createRedisCounters({ redis, prefix, now, maxSeen, maxFeedEntries }: CounterOptions) {
  const claimScript = createScript(redis, CLAIM);
  const passOnScript = createScript(redis, PASS_ON);
  const countScript = createScript(redis, COUNT);
  const key = (name: string) => `${prefix}${name}`;
  const minuteKey = (minute: number, kind: SeriesKind) => key(`minute:${minute}:${kind}`);
  const idKeys = [key("claims"), key("seen"), key("seen:before")];
  const typeLabel = createBoundedLabels(MAX_TYPES);

  /** Plans what to add to each hash: [key, seconds to live or 0, field, number, …]. */
  function planOf(events: readonly JobEvent[]): { plan: string; lastEventAt: number } {
    const tally = tallyOf(events, { now: now(), typeLabel });
    const steps: (string | number)[][] = [];
    const step = (name: string, ttl: number, counts: Counts) => {
      if (counts.size > 0) steps.push([name, ttl, ...[...counts].flat()]);
    };
    step(key("totals"), 0, tally.totals);
    step(key("digest:execution"), 0, tally.execution);
    step(key("digest:queueWait"), 0, tally.queueWait);
    step(key("late"), 0, tally.late);
    for (const [minute, kinds] of tally.minutes)
      for (const kind of ["counts", "execution", "queueWait"] as const)
        step(minuteKey(minute, kind), SERIES_TTL_S, kinds[kind]);
    return { plan: JSON.stringify(steps), lastEventAt: tally.lastEventAt };
  }

  return {
    /**
     * Claims uncounted events under the given tokens. An id that an earlier call claimed but did not count keeps that
     * call's token. Takes at most 1,000 distinct events.
     */
    async claim(wanted: readonly Claimed[]): Promise<Claims> {
      const tokens: (string | undefined)[] = wanted.map(({ token }) => token);
      const reply = await orUnavailable("redis", "claim events", () =>
        claimScript([...idKeys, key("horizon")], claimBytes(wanted)),
      );
      const [horizon, ...pairs] = reply as (number | string)[];
      for (let i = 0; i < pairs.length; i += 2) tokens[Number(pairs[i])] = String(pairs[i + 1]) || undefined;
      return { tokens, horizon: horizon === "" ? Number.POSITIVE_INFINITY : Number(horizon) };
    },

    /** Replaces the token of each claim that still has the given token. Returns the events whose claims it changed. */
    async passOn(claimed: readonly (Claimed & { readonly to: string })[]): Promise<JobEvent[]> {
      const [ids, tokens] = claimBytes(claimed);
      const lost = (await orUnavailable("redis", "pass on claims", () =>
        passOnScript([key("claims")], [ids, tokens, claimed.map(({ to }) => to).join("")]),
      )) as number[];
      const others = new Set(lost);
      return claimed.flatMap(({ event }, i) => (others.has(i) ? [] : [event]));
    },

    /**
     * Sets the horizon (see COUNT) if there is none yet. Every counted event whose job id has a later time must be in
     * the sets of counted ids.
     */
    async setHorizon(ms: number): Promise<void> {
      await orUnavailable("redis", "set the horizon", () => redis.hsetnx(key("horizon"), "lost", String(ms)));
    },

    /**
     * Counts the claimed events that no other consumer has counted since they were claimed, and adds their deltas to
     * the feed. Releases the claims in `release`, which are no longer needed because their events were counted long
     * ago. Returns the events that this call counted.
     */
    async count(claimed: readonly Claimed[], release: readonly Claimed[]): Promise<JobEvent[]> {
      let left = claimed;
      for (;;) {
        const events = left.map(({ event }) => event);
        const { plan, lastEventAt } = planOf(events);
        const { deltas, dropped } = feedFields(events);
        const gone = (await orUnavailable("redis", "count events", () =>
          countScript(
            [...idKeys, key("feed"), key("totals"), key("horizon")],
            [
              ...claimBytes(left),
              ...claimBytes(release),
              plan,
              lastEventAt,
              deltas,
              dropped,
              maxFeedEntries,
              maxSeen,
              latestOf([...left, ...release]),
            ],
          ),
        )) as number[];
        if (gone.length === 0) return events;
        // Another consumer has counted these events since the claim.
        const others = new Set(gone);
        left = left.filter((_, i) => !others.has(i));
      }
    },

    /** Sets a key and lets it expire. */
    async rehearse(): Promise<void> {
      await orUnavailable("redis", "write", () => redis.set(key("canary"), "1", "EX", 1));
    },

    async recordSnapshot(snapshot: Snapshot): Promise<void> {
      const gauges = minuteKey(Math.floor(Date.parse(snapshot.at) / MINUTE_MS), "gauges");
      await orUnavailable("redis", "store a snapshot", async () => {
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
      const [totals, execution, queueWait] = await orUnavailable("redis", "read totals", () =>
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
      const rows = await orUnavailable("redis", "read series", () =>
        Promise.all(minutesOf(query).map((minute) => redis.hgetall(minuteKey(minute, kind)))),
      );
      return seriesReply(query, rows.map(numbersOf));
    },

    async latestSnapshot(): Promise<Snapshot | null> {
      const text = await orUnavailable("redis", "read the latest snapshot", () => redis.get(key("snapshot")));
      return text === null ? null : (JSON.parse(text) as Snapshot);
    },

    async lateEvents(): Promise<ReadonlyMap<number, number>> {
      const late = await orUnavailable("redis", "read late events", () => redis.hgetall(key("late")));
      return new Map(Object.entries(late).map(([minute, count]) => [Number(minute), Number(count)]));
    },

    /** Deletes the late-event counts of minutes that end before `before`. */
    async prune(before: Date): Promise<void> {
      const oldest = Math.floor(before.getTime() / MINUTE_MS);
      await orUnavailable("redis", "forget late events", async () => {
        const old = (await redis.hkeys(key("late"))).filter((minute) => Number(minute) < oldest);
        if (old.length > 0) await redis.hdel(key("late"), ...old);
      });
    },

    ping: () => orUnavailable("redis", "ping", () => redis.ping()),
  };
}
export type RedisCounters = ReturnType<typeof createRedisCounters>;

/** Returns a token that is never repeated, because two claims on the same id must differ. */
export function newToken(): string {
  return crypto.getRandomValues(Buffer.alloc((TOKEN_LENGTH * 3) / 4)).toString("base64url");
}

/** Returns the milliseconds since 1970 in a version 7 UUID (RFC 9562, section 5.7); 0 for other job ids. */
export function timeIn(jobId: string): number {
  return jobId[14] === "7" ? Number.parseInt(jobId.slice(0, 8) + jobId.slice(9, 13), 16) : 0;
}

function latestOf(claimed: readonly Claimed[]): number {
  return claimed.reduce((latest, { event }) => Math.max(latest, timeIn(event.payload.jobId)), 0);
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
