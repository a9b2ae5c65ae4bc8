import { expect, test } from "bun:test";
import { fetchFailure } from "./fetch-failure.ts";

const LIMIT_MS = 200;

async function failureAt(url: string): Promise<string> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  return fetch(url, { keepalive: false, signal }).then(
    () => "a reply",
    (error: unknown) => fetchFailure(error, LIMIT_MS),
  );
}

function serve(onRequest: (socket: Bun.Socket) => void): Disposable & { url: string } {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: onRequest } });
  return { url: `http://127.0.0.1:${server.port}/`, [Symbol.dispose]: () => server.stop(true) };
}

test("a port without a server is described as a refused connection", async () => {
  const { url, ...server } = serve(() => undefined);
  server[Symbol.dispose]();
  expect(await failureAt(url)).toBe("connection refused");
});

test("the description of a silent server states the time limit", async () => {
  using server = serve(() => undefined);
  expect(await failureAt(server.url)).toBe("no reply within 0.2 s");
});

test("a server that hangs up is described as a closed connection", async () => {
  using server = serve((socket) => socket.terminate());
  expect(await failureAt(server.url)).toBe("connection closed before the reply was complete");
});

test("any other failure is described by its own message", () => {
  expect(fetchFailure(new Error("certificate expired"), LIMIT_MS)).toBe("certificate expired");
  expect(fetchFailure("text", LIMIT_MS)).toBe("text");
});
