import { afterEach, beforeEach, expect, test } from "bun:test";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createTcpProxy, type TcpProxy } from "./tcp-proxy.ts";
import { eventually } from "./wait.ts";

let echo: Server;
let proxy: TcpProxy;
const clients: Socket[] = [];

beforeEach(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => undefined).pipe(socket));
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  proxy = await createTcpProxy({ targetPort: (echo.address() as { port: number }).port });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.close();
  await new Promise((resolve) => echo.close(resolve));
});

test("bytes pass in both directions, and closing one side closes the other", async () => {
  const client = await dial();
  const big = Buffer.alloc(3_000_000, "abc");
  client.socket.end(big);
  await eventually(() => client.closed, { what: "the client's connection to close" });
  expect(Buffer.concat(client.received).equals(big)).toBe(true);
  await eventually(() => proxy.open === 0, { what: "the proxy to have no open connection" });
});

test("a cut closes open connections and refuses new ones until the proxy is restored", async () => {
  const client = await dial();
  proxy.cut();
  await eventually(() => client.closed, { what: "the cut to close the connection" });
  const refused = await dial();
  await eventually(() => refused.closed, { what: "the refusal" });
  proxy.restore();
  const again = await dial();
  again.socket.write("back");
  await eventually(() => again.text() === "back", { what: "the echo" });
});

test("a freeze lets nothing through, and data sent during it arrives in order afterwards", async () => {
  const client = await dial();
  client.socket.write("1");
  await eventually(() => client.text() === "1", { what: "the first echo" });
  proxy.freeze();
  client.socket.write("2");
  const late = await dial();
  late.socket.write("late");
  await Bun.sleep(100);
  expect([client.text(), late.text(), client.closed]).toEqual(["1", "", false]);
  client.socket.write("3");
  proxy.restore();
  await eventually(() => client.text() === "123" && late.text() === "late", {
    what: "the data that the freeze held back",
  });
});

test("a stranded connection stays open but passes no more bytes, and new connections are unaffected", async () => {
  const stranded = await dial();
  proxy.strand();
  stranded.socket.write("lost");
  const fresh = await dial();
  fresh.socket.write("through");
  await eventually(() => fresh.text() === "through", { what: "the echo" });
  expect(stranded).toMatchObject({ closed: false, received: [] });
});

test("a delay applies to each direction and keeps the order of the data", async () => {
  const client = await dial();
  proxy.delay(60);
  const before = performance.now();
  client.socket.write("slow");
  await eventually(() => client.text() === "slow", { what: "the slow echo" });
  expect(performance.now() - before).toBeGreaterThanOrEqual(110);
  client.socket.write("1");
  await Bun.sleep(10);
  proxy.restore();
  client.socket.write("2");
  await eventually(() => client.text() === "slow12", { what: "the rest in order" });
});

async function dial() {
  const socket = connect(proxy.port, "127.0.0.1");
  clients.push(socket);
  const received: Buffer[] = [];
  const client = { socket, received, closed: false, text: () => Buffer.concat(received).toString() };
  socket.on("data", (chunk) => received.push(chunk));
  socket.on("error", () => undefined);
  socket.on("close", () => {
    client.closed = true;
  });
  await new Promise<void>((resolve) =>
    socket.once("connect", () => resolve()).once("close", () => resolve()),
  );
  return client;
}
