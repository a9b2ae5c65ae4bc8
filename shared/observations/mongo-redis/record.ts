import type { JobEvent } from "../../../contracts/events.ts";
import { AppError } from "../../errors.ts";
import { batchesOf, type EventBatch, isBatchable } from "../event-batch.ts";
import type { MongoEvents } from "../mongo/events.ts";
import { type Claimed, newToken, type RedisCounters, timeIn } from "../redis/counters.ts";

/**
 * Pauses after the first rounds. They give another call time to store the events that it has claimed. After the last
 * pause, this call takes over the events that are still not stored.
 */
const PATIENCE_MS = [50, 100, 200, 400];
/** After this number of rounds the call fails, and the bus redelivers the events. */
const ROUNDS = 8;

/**
 * The result of one round. The next round tries the events in `later` again, because another call claimed or barred
 * them.
 */
interface Round {
  readonly counted: readonly JobEvent[];
  readonly later: readonly JobEvent[];
}

/**
 * Counts each event once, with two stores and no transaction that spans both:
 *
 * 1. *claim* (Redis): an uncounted id gets a claim, which is a token never used before. An existing claim stays.
 * 2. *store* (MongoDB): events are stored as one document, whose id is the token of their claims. Ids are unique.
 * 3. *count* (Redis), in one step: if the claim still has the token under which the event is stored, the claim is
 *    removed and the event is counted. An event stored under a different token was counted before, so its new claim is
 *    dropped.
 *
 * A stored event has therefore been counted, or its claim still has the token under which it is stored. Whichever
 * process dies and whichever reply is lost, a call that receives the redelivered events finds that claim and continues
 * from there.
 *
 * If an earlier call claimed an event, the event is looked up in MongoDB. If it is stored under that claim, it is
 * counted. Otherwise, this call waits for the earlier one. If that call still has not stored the event, its token is
 * *barred*: an empty document is inserted with the token as its id, so the earlier call can no longer store anything
 * under it. The event is then claimed with a new token.
 *
 * An event without a claim may have been counted so long ago that Redis has forgotten its id. That is impossible if the
 * event's job was created after the horizon, which is the creation time of the newest job whose event ids Redis has
 * begun to forget (see COUNT). Events of older jobs are looked up in MongoDB by their jobs. The counts are therefore
 * exact whatever the clocks say and however late an event is redelivered.
 *
 * An event that cannot be in a batch is stored as a document of its own, which has the event's id as its id and holds
 * the token in a field.
 */
export function createMongoRedisRecord({ store, counters }: { store: MongoEvents; counters: RedisCounters }) {
  const { batches, alone } = store;

  /**
   * Sorts claimed events into those to count, those counted before (their claims are released), and those not stored.
   */
  async function findStored(claimed: readonly Claimed[]) {
    const found = { count: [] as Claimed[], release: [] as Claimed[], missing: [] as Claimed[] };
    if (claimed.length === 0) return found;
    const [inBatches, others] = await Promise.all([
      batches.tokensOf(claimed.map(({ event }) => event.payload.jobId)),
      alone.claimsOf(claimed.map(({ event }) => event.eventId)),
    ]);
    for (const one of claimed) {
      const id = one.event.eventId.toLowerCase();
      const under = others.get(id) ?? inBatches.get(id);
      if (under === undefined) found.missing.push(one);
      else if (under === one.token) found.count.push(one);
      else found.release.push(one);
    }
    return found;
  }

  /** Takes over, under the given tokens, events that earlier calls claimed but did not store. */
  async function takeOver(claimed: readonly (Claimed & { to: string })[]): Promise<JobEvent[]> {
    for (const token of new Set(claimed.map((one) => one.token))) await batches.bar(token);
    const stored = await batches.tokensOf(claimed.map(({ event }) => event.payload.jobId));
    const missing = claimed.filter(({ event }) => !stored.has(event.eventId.toLowerCase()));
    return missing.length === 0 ? [] : await counters.passOn(missing);
  }

  /** Stores events under their batches' tokens. Returns the events whose token another call has barred. */
  async function storeBatches(
    planned: readonly Planned[],
    wanted: ReadonlySet<JobEvent>,
  ): Promise<JobEvent[]> {
    const documents = planned.flatMap(({ token, batch }) => {
      const some = batch.events.filter((event) => wanted.has(event));
      if (some.length === batch.events.length) return [{ token, batch }];
      return batchesOf(some).map((part) => ({ token, batch: part }));
    });
    const barred: JobEvent[] = [];
    for (const index of await batches.insert(documents)) {
      const { token, batch } = documents[index]!;
      // A duplicate id does not prove that the token is barred: after a lost reply the driver retries once, and may
      // then find the document that its first attempt stored.
      const ids = await batches.idsUnder(token);
      if (!ids?.includes(batch.events[0]!.eventId.toLowerCase())) barred.push(...batch.events);
    }
    return barred;
  }

  async function recordAlone(claimed: readonly Claimed[]) {
    const duplicates = (await alone.insert(claimed)).map((index) => claimed[index]!);
    const under =
      duplicates.length === 0
        ? new Map()
        : await alone.claimsOf(duplicates.map(({ event }) => event.eventId));
    const release = new Set(
      duplicates.filter(({ event, token }) => under.get(event.eventId.toLowerCase()) !== token),
    );
    return { count: claimed.filter((one) => !release.has(one)), release: [...release] };
  }

  async function round(events: readonly JobEvent[], isLast: boolean): Promise<Round> {
    const planned = batchesOf(events.filter(isBatchable)).map((batch) => ({ token: newToken(), batch }));
    const own = new Map(planned.flatMap(({ token, batch }) => batch.events.map((event) => [event, token])));
    const aloneToken = newToken();
    const wanted = events.map((event) => ({ event, token: own.get(event) ?? aloneToken }));
    const { tokens, horizon } = await counters.claim(wanted);
    const claimed = wanted.flatMap(({ event }, i): Claimed[] => {
      const token = tokens[i];
      return token === undefined ? [] : [{ event, token }];
    });
    if (claimed.length === 0) return { counted: [], later: [] };

    const isOwn = ({ event, token }: Claimed) => own.get(event) === token;
    const isNew = (one: Claimed) => isOwn(one) && timeIn(one.event.payload.jobId) > horizon;
    const together = claimed.filter(({ event }) => own.has(event));
    const { count, release, missing } = await findStored(together.filter((one) => !isNew(one)));
    const others = missing.filter((one) => !isOwn(one));
    const taken =
      isLast && others.length > 0
        ? await takeOver(others.map((one) => ({ ...one, to: own.get(one.event)! })))
        : [];
    const toStore = new Set([...together.filter(isNew), ...missing.filter(isOwn)].map(({ event }) => event));
    for (const event of taken) toStore.add(event);

    const barred = new Set(await storeBatches(planned, toStore));
    const single = await recordAlone(claimed.filter(({ event }) => !own.has(event)));
    const stored = [...toStore].filter((event) => !barred.has(event));
    const counted = await counters.count(
      [...count, ...stored.map((event) => ({ event, token: own.get(event)! })), ...single.count],
      [...release, ...single.release],
    );
    const later = others.map(({ event }) => event).filter((event) => !toStore.has(event));
    return { counted, later: [...later, ...barred] };
  }

  /** Stores and counts up to 1,000 distinct events. Returns the events that were not counted before. */
  return async function record(events: readonly JobEvent[]): Promise<readonly JobEvent[]> {
    const counted: JobEvent[] = [];
    let left = events;
    for (let n = 0; left.length > 0; n++) {
      if (n === ROUNDS)
        throw new AppError("STORE_UNAVAILABLE", `${left.length} events are claimed by another consumer`, {
          facts: { engine: "mongodb" },
        });
      const result = await round(left, n >= PATIENCE_MS.length);
      counted.push(...result.counted);
      left = result.later;
      if (left.length > 0) await Bun.sleep(PATIENCE_MS[n] ?? 0);
    }
    return counted;
  };
}

interface Planned {
  readonly token: string;
  readonly batch: EventBatch;
}
