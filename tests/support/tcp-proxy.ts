import { connect, createServer, type Socket } from "node:net";

export interface TcpProxy {
  /** The port on 127.0.0.1 that clients connect to. */
  readonly port: number;
  /** The number of open connections. */
  readonly open: number;
  /** Closes every connection, the newest first, and refuses new ones. */
  cut(): void;
  /** Keeps connections open and accepts new ones, but lets nothing through in either direction. */
  freeze(): void;
  /** From now on, drops all data of the current connections without closing them. New connections are unaffected. */
  strand(): void;
  /** Delays everything by `ms`, in each direction. */
  delay(ms: number): void;
  /**
   * Ends a cut, freeze or delay. Data that a freeze held back is then delivered in order. Does not undo `strand`: the
   * connections that it affected keep losing data.
   */
  restore(): void;
  /** Closes the proxy and its connections. May be called twice. */
  close(): Promise<void>;
}

/** Creates a TCP proxy that can cut, freeze, strand and delay its connections. */
export async function createTcpProxy(target: { targetPort: number; targetHost?: string }): Promise<TcpProxy> {
  let mode: "through" | "cut" | "frozen" = "through";
  let delayMs = 0;
  const sockets = new Set<Socket>();
  const pipes = new Set<Pipe>();

  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (mode === "cut") {
      client.on("error", () => undefined);
      client.destroy();
      return;
    }
    const upstream = connect({
      port: target.targetPort,
      host: target.targetHost ?? "127.0.0.1",
      allowHalfOpen: true,
    });
    const pair = [createPipe(client, upstream), createPipe(upstream, client)];
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      sockets.add(socket);
    }
    for (const pipe of pair) pipes.add(pipe);
    const forget = () => {
      if (!client.destroyed || !upstream.destroyed) return;
      for (const socket of [client, upstream]) sockets.delete(socket);
      for (const pipe of pair) pipes.delete(pipe);
    };
    client.on("close", forget);
    upstream.on("close", forget);
  });

  function createPipe(from: Socket, to: Socket): Pipe {
    const held: { chunk: Chunk; due: number }[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;

    const flush = () => {
      timer = undefined;
      while (held[0] && mode !== "frozen" && !to.destroyed) {
        const wait = held[0].due - Date.now();
        if (wait > 0) {
          timer = setTimeout(flush, wait);
          return;
        }
        const { chunk } = held.shift() as { chunk: Chunk };
        if (chunk === "end") to.end();
        else if (chunk === "gone") to.destroySoon();
        else if (!to.write(chunk)) from.pause();
      }
    };
    let stranded = false;
    const hold = (chunk: Chunk) => {
      if (stranded) return;
      // Data is never due before earlier data, even if the delay has been shortened since.
      const due = Math.max(held.at(-1)?.due ?? 0, Date.now() + delayMs);
      held.push({ chunk, due });
      // While frozen, accepts a bounded amount of data, like real network buffers.
      if (mode === "frozen" && held.length > 256) from.pause();
      if (!timer) flush();
    };
    from.on("data", hold);
    from.on("end", () => hold("end"));
    from.on("error", () => undefined);
    from.on("close", (failed) => (failed && !stranded ? to.destroy() : hold("gone")));
    to.on("drain", () => from.resume());
    return {
      resume() {
        from.resume();
        if (!timer) flush();
      },
      strand() {
        stranded = true;
        held.splice(0);
      },
      stop: () => clearTimeout(timer),
    };
  }

  const endAll = () => {
    for (const pipe of pipes) pipe.stop();
    for (const socket of [...sockets].reverse()) socket.destroy();
    pipes.clear();
    sockets.clear();
  };

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as { port: number };
  let closed: Promise<void> | undefined;

  return {
    port,
    get open() {
      return sockets.size / 2;
    },
    cut() {
      mode = "cut";
      endAll();
    },
    freeze() {
      mode = "frozen";
    },
    strand() {
      for (const pipe of pipes) pipe.strand();
    },
    delay(ms) {
      delayMs = ms;
    },
    restore() {
      mode = "through";
      delayMs = 0;
      for (const pipe of pipes) pipe.resume();
    },
    close() {
      closed ??= new Promise((resolve) => {
        mode = "cut";
        endAll();
        server.close(() => resolve());
      });
      return closed;
    },
  };
}

/** Bytes, the end of one direction (`end`), or the close of the whole connection (`gone`). */
type Chunk = Buffer | "end" | "gone";

interface Pipe {
  resume(): void;
  strand(): void;
  stop(): void;
}
