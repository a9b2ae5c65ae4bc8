import { QUEUES, type QueueName } from "../../../contracts/topology.ts";
import { plainArray, type Sql } from "../../postgres.ts";
import { unnestSql } from "../../unnest-sql.ts";
import type { QueueDepth } from "../port.ts";

const DEAD: QueueName = "jobs.failed.validation";

/** The first half of this bus's advisory lock keys; the second half is a consumer's id. */
const LOCKS = 2_821;

/**
 * `bus.messages` has one row per message and queue. A consumer is alive while its session holds the advisory lock with
 * the consumer's id, so the messages that it holds can be freed as soon as the session ends. `holder` is the id of the
 * consumer that holds the message, NULL until the first delivery, and 0 after the message was returned. The low fill
 * factor leaves room in each page for claims to update rows in place.
 */
const SCHEMA = `
  select pg_advisory_xact_lock(${LOCKS}, 0);
  create schema if not exists bus;
  create table if not exists bus.messages (
    queue text not null, id bigint generated always as identity,
    holder int, deaths int not null default 0, died_on text, body bytea not null,
    primary key (queue, id)
  ) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000,
    autovacuum_vacuum_cost_delay = 0);
  alter table bus.messages alter body set storage external;
  create table if not exists bus.consumers (
    id int generated always as identity primary key, queue text not null
  );
  create or replace view bus.living as
    select id, queue from bus.consumers join pg_locks on locktype = 'advisory' and granted and objsubid = 2
      and classid = ${LOCKS} and objid = id::oid
      and database = (select oid from pg_database where datname = current_database());
`;

export async function declareQueues(sql: Sql): Promise<void> {
  const [found] = await sql`select to_regclass('bus.living') is not null as whole`;
  if (!found?.whole) await sql.unsafe(SCHEMA);
}

export const channelOf = (queue: QueueName) => `bus.${queue}`;

/**
 * Inserts messages, and resolves once they are durable. `bytes` holds all bodies; each row has the offset and length of
 * its body.
 */
export async function insertMessages(
  sql: Sql,
  rows: readonly { queue: QueueName; offset: number; length: number }[],
  bytes: Buffer,
): Promise<void> {
  const parts = unnestSql(sql, "part", {
    queue: ["word", rows.map(({ queue }) => queue)],
    place: ["int", rows.map(({ offset }) => offset)],
    length: ["int", rows.map(({ length }) => length)],
  });
  await sql`
    insert into bus.messages (queue, body)
    select queue, substring(${bytes}::bytea from place + 1 for length) from ${parts}`;
}

/**
 * Wakes the consumers, in a separate transaction that does not wait for the disk: commits that notify are serialized
 * across the whole server and must not wait for a flush. Polling makes up for a lost notification.
 */
export async function notify(sql: Sql, queues: readonly QueueName[]): Promise<void> {
  await sql`select set_config('synchronous_commit', 'off', true), pg_notify('bus.' || queue, '')
    from unnest(${plainArray(queues)}::text[]) as queue`;
}

/**
 * Registers a consumer and returns its id, which is never reused. Ends the consumer's former session if the server has
 * not yet noticed that it was lost.
 */
export async function register(sql: Sql, queue: QueueName, former: number): Promise<number> {
  // 0 is the lock for declaring the queues, not a consumer.
  if (former > 0)
    await sql`select pg_terminate_backend(pid) from pg_locks
    where locktype = 'advisory' and classid = ${LOCKS} and objid = ${former}::int::oid and objsubid = 2
      and database = (select oid from pg_database where datname = current_database())`;
  const [me] = await sql`with me as (insert into bus.consumers (queue) values (${queue}) returning id)
    select id, pg_advisory_lock(${LOCKS}, id) from me`;
  await sql.unsafe(`listen "${channelOf(queue)}"`);
  return me?.id;
}

export interface Claimed {
  readonly id: string;
  readonly body: Buffer;
  readonly redelivered: boolean;
  readonly suspect: boolean;
  readonly diedOn: QueueName | undefined;
}

/**
 * Claims up to `limit` messages, oldest first. A suspect is a message whose consumers died at least `suspectFrom`
 * times. It is claimed only if the consumer holds nothing else (`alone`), and then as the only message. `more` is true
 * if further messages were found or may exist.
 *
 * The update finds each message as {@link oneByOne} explains.
 */
export async function claim(
  sql: Sql,
  c: { queue: QueueName; holder: number; limit: number; suspectFrom: number; alone: boolean },
): Promise<{ claimed: Claimed[]; more: boolean }> {
  const rows = await sql`
    with head as materialized (
      select queue, id, deaths >= ${c.suspectFrom} as suspect, holder is not null as redelivered from bus.messages
      where queue = ${c.queue} and (holder is null or holder = 0) order by id limit ${c.limit} for update skip locked
    ), edge as (
      select count(*)::int as seen, min(id) as first, coalesce(min(id) filter (where suspect), max(id) + 1) as suspect
      from head
    ), taken as (
      update bus.messages m set holder = ${c.holder} from head, edge
      where m.queue = any(array[head.queue]) and m.id = head.id
        and (m.id < edge.suspect or ${c.alone} and m.id = first and m.id = edge.suspect)
      returning m.id, body, redelivered, head.suspect, died_on
    )
    select seen, taken.* from edge left join taken on true order by id`;
  const claimed = rows.flatMap((row) =>
    row.id === null ? [] : { ...(row as unknown as Claimed), diedOn: QUEUES.find((q) => q === row.died_on) },
  );
  const seen = rows[0]?.seen ?? 0;
  return { claimed, more: seen === c.limit || seen > claimed.length };
}

/** Deletes handled messages that this holder still holds. */
export async function acknowledge(sql: Sql, queue: QueueName, holder: number, ids: readonly string[]) {
  await sql`delete from bus.messages m using ${oneByOne(sql, queue, ids)}
    where m.queue = any(array[one.queue]) and m.id = one.id and m.holder = ${holder}`;
}

/** Ends a consumer cleanly: the messages it still holds go to other consumers, without counting as deaths. */
export async function unregister(sql: Sql, queue: QueueName, holder: number, ids: readonly string[]) {
  await sql`with me as (delete from bus.consumers where id = ${holder})
    update bus.messages m set holder = 0 from ${oneByOne(sql, queue, ids)}
    where m.queue = any(array[one.queue]) and m.id = one.id and m.holder = ${holder}`;
  await sql`select pg_advisory_unlock(${LOCKS}, ${holder}), pg_notify(${channelOf(queue)}, '')`;
}

/**
 * Returns the keys of messages as the relation `one`, to be joined with `m.queue = any(array[one.queue])`. If the queue
 * were compared with a constant, PostgreSQL could search the index by the queue alone. A plan made while the queue is
 * short would then read the whole queue, and PostgreSQL would keep that plan as the queue grows.
 */
const oneByOne = (sql: Sql, queue: QueueName, ids: readonly string[]) =>
  sql`(select ${queue}::text as queue, unnest(${plainArray(ids)}::bigint[]) as id offset 0) as one`;

/**
 * Frees the messages that the queue's dead consumers held, and returns how many of them became dead letters. It runs
 * two statements, so that the second one sees every claim of the consumers that the first one found dead.
 */
export async function bury(sql: Sql, queue: QueueName, deliveryLimit: number): Promise<number> {
  const dead =
    await sql`select id from bus.consumers where queue = ${queue} except select id from bus.living`;
  if (dead.length === 0) return 0;
  const ids = plainArray(dead.map(({ id }) => id));
  const rows = await sql`
    with gone as (delete from bus.consumers where id = any(${ids}::int[]))
    update bus.messages set holder = 0,
      deaths = case when deaths + 1 >= ${deliveryLimit} and queue <> ${DEAD} then 0 else deaths + 1 end,
      died_on = case when deaths + 1 >= ${deliveryLimit} and queue <> ${DEAD} then queue else died_on end,
      queue = case when deaths + 1 >= ${deliveryLimit} then ${DEAD} else queue end
    where queue = ${queue} and holder = any(${ids}::int[]) returning queue`;
  return rows.filter((row) => row.queue !== queue).length;
}

export async function readDepths(sql: Sql, queues: readonly QueueName[]): Promise<QueueDepth[]> {
  const rows = await sql<QueueDepth[]>`
    with living as materialized (select id, queue from bus.living)
    select name, (select count(*)::int from living where queue = name) as consumers,
      (select count(*)::int from bus.messages
        where queue = name and coalesce(holder, 0) not in (select id from living)) as ready
    from unnest(${plainArray(queues)}::text[]) as name`;
  return rows.map(({ name, ready, consumers }) => ({ name, ready, consumers }));
}
