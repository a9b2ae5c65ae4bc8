import type { QueueName } from "../../../contracts/topology.ts";
import { halfJitter, pause, within } from "../../async.ts";
import type { Sql } from "../../postgres.ts";
import { type BusConsumerOptions, createBatchHandling } from "../batch-handling.ts";
import type { Consumer } from "../port.ts";
import { acknowledge, bury, type Claimed, claim, register, unregister } from "./queues.ts";

export interface PostgresConsumer extends Consumer {
  readonly queue: QueueName;
  /** Starts consuming on this connection. */
  attach(sql: Sql): Promise<void>;
  /** Handles a lost connection: its unacknowledged messages are no longer held. */
  detach(): void;
  /** Looks for messages to claim. */
  look(): void;
  /** The number of messages held but not yet acknowledged. */
  readonly held: number;
}

/** The state of a consumer on one connection. A batch is acknowledged on the session it came from, or not at all. */
interface Session {
  readonly sql: Sql;
  readonly holder: number;
  readonly buffer: Claimed[];
  /** The ids of all messages in the buffer and in the current batch. */
  readonly held: Set<string>;
  readonly over: AbortController;
  /** True if there may be messages to claim. */
  more: boolean;
  /**
   * True while a suspect message (one whose consumers died repeatedly) is held or waiting: nothing more is claimed
   * until no message is held.
   */
  narrow: boolean;
  claiming: Promise<void> | undefined;
  acknowledging: Promise<void>;
}

const ANSWER_MS = 5_000;
/** Poll interval: finds the messages of dead consumers, and messages whose notification was missed. */
const LOOK_MS = 500;

/**
 * Creates a consumer of one queue. It claims messages while there is room, and handles one batch after another. A batch
 * that its handler rejects stays held and is passed to the handler again, so rejections do not count as deaths. Each
 * death of a consumer counts for the messages that it held. Once a message has reached half of the delivery limit in
 * this way, it is claimed alone, so only a message that itself kills its consumers reaches the limit.
 */
export function createPostgresConsumer(options: BusConsumerOptions): PostgresConsumer {
  const { queue, log, maxBatch, prefetch, deliveryLimit } = options;
  const suspectFrom = Math.max(1, Math.floor(deliveryLimit / 2));
  const stopping = new AbortController();
  const batches = createBatchHandling(options);
  let session: Session | undefined;
  let attaching: Promise<unknown> = Promise.resolve();
  let working: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;
  let former = 0;

  async function open(sql: Sql): Promise<void> {
    const holder = await register(sql, queue, former);
    former = holder;
    session = {
      sql,
      holder,
      buffer: [],
      held: new Set(),
      over: new AbortController(),
      more: true,
      narrow: false,
      claiming: undefined,
      acknowledging: Promise.resolve(),
    };
    void keepLooking(session);
    pull(session);
  }

  async function keepLooking(from: Session): Promise<void> {
    const end = AbortSignal.any([from.over.signal, stopping.signal]);
    while (!end.aborted) {
      try {
        const filed = await within(
          ANSWER_MS,
          bury(from.sql, queue, deliveryLimit),
          "Looking for dead consumers",
        );
        if (filed > 0)
          log.error("Messages whose consumers died too often are now dead letters", {
            queue,
            messages: filed,
          });
      } catch (error) {
        lose(from, "Could not look for messages of dead consumers", error);
      }
      from.more = true;
      pull(from);
      await pause(halfJitter(0, LOOK_MS, LOOK_MS), end);
    }
  }

  function lose(from: Session, what: string, error: unknown): void {
    if (from.over.signal.aborted) return;
    from.over.abort();
    log.warn(what, { queue, error });
    options.drop(what);
  }

  function pull(from: Session): void {
    from.claiming ??= claimWhileRoom(from)
      .catch((error) => lose(from, "Could not claim messages", error))
      .finally(() => {
        from.claiming = undefined;
        // More messages may have been announced since the last claim began.
        if (mayClaim(from)) pull(from);
      });
  }

  function mayClaim({ more, narrow, over, held, buffer }: Session): boolean {
    if (!more || narrow || over.signal.aborted || stopping.signal.aborted) return false;
    return held.size < prefetch && buffer.length < maxBatch;
  }

  async function claimWhileRoom(from: Session): Promise<void> {
    while (mayClaim(from)) {
      // A notification during the claim sets this to true again.
      from.more = false;
      const claiming = claim(from.sql, {
        queue,
        holder: from.holder,
        limit: prefetch - from.held.size,
        suspectFrom,
        alone: from.held.size === 0,
      });
      const { claimed, more } = await within(ANSWER_MS, claiming, "Claiming");
      from.more ||= more;
      for (const message of claimed) {
        from.narrow ||= message.suspect;
        from.held.add(message.id);
        from.buffer.push(message);
      }
      if (claimed.length > 0) wake();
      // The claim found only suspects, which wait until nothing else is held.
      else if (more) from.narrow = from.held.size > 0;
    }
  }

  function wake(): void {
    if (working || stopping.signal.aborted) return;
    working = work().finally(() => {
      working = undefined;
      if (session && session.buffer.length > 0) wake();
    });
  }

  async function work(): Promise<void> {
    while (session && session.buffer.length > 0 && !stopping.signal.aborted) {
      const from = session;
      const batch = from.buffer.splice(0, maxBatch);
      if (!(await handle(from, batch))) continue;
      options.onHandled(batch.length);
      if (!from.over.signal.aborted) settle(from, batch);
    }
  }

  /**
   * Acknowledges a batch without waiting for the reply: the server handles statements on one connection in order, so it
   * runs later claims after the acknowledgment anyway.
   */
  function settle(from: Session, batch: readonly Claimed[]): void {
    const ids = batch.map(({ id }) => id);
    const acknowledged = within(ANSWER_MS, acknowledge(from.sql, queue, from.holder, ids), "Acknowledging");
    const done = acknowledged.catch((error) => lose(from, "Could not acknowledge messages", error));
    from.acknowledging = Promise.all([from.acknowledging, done]).then(() => undefined);
    for (const id of ids) from.held.delete(id);
    if (from.held.size === 0) from.narrow = false;
    pull(from);
  }

  function handle(from: Session, batch: readonly Claimed[]): Promise<boolean> {
    return batches.handle(
      (again) =>
        batch.map(({ body, redelivered, diedOn }) => ({
          body,
          redelivered: again || redelivered,
          ...(diedOn && { diedOn }),
        })),
      [stopping.signal, from.over.signal],
    );
  }

  async function stop(): Promise<void> {
    stopping.abort();
    await attaching;
    if (working) await batches.finish(working);
    if (session) await release(session);
  }

  async function release(from: Session): Promise<void> {
    await from.claiming;
    if (from.over.signal.aborted) return;
    const { sql, holder, held } = from;
    const released = Promise.all([from.acknowledging, unregister(sql, queue, holder, [...held])]);
    await within(ANSWER_MS, released, "Returning messages").catch((error) =>
      lose(from, "Could not return messages to the queue", error),
    );
    from.over.abort();
    if (session === from) session = undefined;
  }

  return {
    queue,
    attach(sql) {
      if (stopping.signal.aborted) return Promise.resolve();
      const opening = open(sql);
      // The caller handles a failed connection; `stop` only waits until the attempt to connect has ended.
      attaching = opening.catch(() => undefined);
      return opening;
    },
    detach() {
      session?.over.abort();
      session = undefined;
    },
    look() {
      if (!session) return;
      session.more = true;
      pull(session);
    },
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
    whyStuck: batches.whyStuck,
    get held() {
      return session?.held.size ?? 0;
    },
  };
}
