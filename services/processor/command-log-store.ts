import type { Sql } from "../../shared/postgres.ts";

/** A command as it arrives: its id, the request that carries it, and its content. */
export interface CommandRequest {
  readonly id: string;
  readonly send: string;
  readonly fingerprint: string;
}

export interface CommandRecord {
  readonly state: "running" | "done" | "refused" | "withdrawn";
  readonly send: string;
  readonly fingerprint: string;
  readonly reply: unknown;
  /** Whether the worker that carries it out lives. */
  readonly held: boolean;
}

export function createCommandLogStore(sql: Sql) {
  return {
    /**
     * Takes a command on: a new one, one that was withdrawn and is sent again, or one whose worker died over it. False
     * when it is not ours to carry out; `find` returns its state.
     */
    async begin({ id, send, fingerprint }: CommandRequest, workerId: string): Promise<boolean> {
      const rows = await sql`
        insert into commands as c (id, send, fingerprint, state, worker_id)
        values (${id}, ${send}, ${fingerprint}, 'running', ${workerId})
        on conflict (id) do update
          set send = excluded.send, fingerprint = excluded.fingerprint, state = 'running',
              worker_id = excluded.worker_id, started_at = now()
          where c.fingerprint in ('', excluded.fingerprint)
            and (c.state = 'withdrawn' and c.send <> excluded.send
              or c.state = 'running' and not exists (
                select from workers w where w.id = c.worker_id and w.state in ('alive', 'stopping')))
        returning id`;
      return rows.length > 0;
    },

    async find(id: string): Promise<CommandRecord | undefined> {
      const [row] = await sql<CommandRecord[]>`
        select state, send, fingerprint, reply,
          exists (select from workers w where w.id = worker_id and w.state in ('alive', 'stopping')) as held
        from commands where id = ${id}`;
      return row;
    },

    /**
     * Records how a command ended; `reply` is JSON. A command that another request took on meanwhile, because this worker
     * was lost, is left for that one to record.
     */
    async end(
      { id, send }: Pick<CommandRequest, "id" | "send">,
      state: "done" | "refused" | "withdrawn",
      reply: string,
    ): Promise<void> {
      await sql`
        update commands set state = ${state}, reply = ${reply}::text::jsonb
        where id = ${id} and send = ${send} and state = 'running'`;
    },

    /** Keeps a command that has not begun from ever beginning; one that has begun is left alone. */
    async withdraw(id: string, send: string): Promise<void> {
      await sql`
        insert into commands (id, send, fingerprint, state) values (${id}, ${send}, '', 'withdrawn')
        on conflict (id) do nothing`;
    },

    /** Forgets what is older than a day. */
    async forgetOld(): Promise<void> {
      await sql`delete from commands where started_at < now() - interval '1 day'`;
    },
  };
}
export type CommandLogStore = ReturnType<typeof createCommandLogStore>;
