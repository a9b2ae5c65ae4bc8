import type { Sql } from "../../shared/postgres.ts";

/** A received command: its id, the id of the request that carries it (`send`), and a hash of its content. */
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
  /** Whether the worker that runs the command is alive. */
  readonly held: boolean;
}

export function createCommandLogStore(sql: Sql) {
  return {
    /**
     * Begins a command if it is new. Also begins a known command with the same content if its worker died, or if the
     * earlier request was withdrawn and this is a different request. Otherwise returns false; `find` then returns the
     * command's state.
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
     * Records how a command ended; `reply` is JSON. Does nothing if this worker was presumed dead and another request
     * has taken over the command.
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

    /** Prevents this request from beginning the command. Has no effect on a command that has already begun. */
    async withdraw(id: string, send: string): Promise<void> {
      await sql`
        insert into commands (id, send, fingerprint, state) values (${id}, ${send}, '', 'withdrawn')
        on conflict (id) do nothing`;
    },

    /** Deletes commands older than a day. */
    async forgetOld(): Promise<void> {
      await sql`delete from commands where started_at < now() - interval '1 day'`;
    },
  };
}
export type CommandLogStore = ReturnType<typeof createCommandLogStore>;
