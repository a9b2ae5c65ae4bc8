import { eventually } from "../../support/wait.ts";
import { cpuSecondsOf, residentMegabytesOf } from "../usage.ts";
import { LAST_WORDS_BYTES, READY, STREAM_BYTES, type Task } from "./command.ts";
import type { TerminalClient, TerminalServer } from "./servers.ts";

/** The results of one server in one round. */
export interface Round {
  megabytesPerSecond: number;
  cpuMsPerMegabyte: number;
  /** Milliseconds from each keystroke to its echo. */
  echo1: number[];
  echo20: number[];
  stalledGrowthMegabytes: number;
  bytesLost: number;
}

interface Watched extends TerminalClient {
  /** Returns how many bytes of output have arrived since the task began. */
  received(): number;
  /** Resolves once this many bytes have arrived. */
  until(bytes: number): Promise<void>;
}

/** Opens a terminal and starts a task in it. */
async function begin(server: TerminalServer, task: Task): Promise<Watched> {
  let greeting = "";
  let received = 0;
  let isReady = false;
  let wanted = Number.POSITIVE_INFINITY;
  let reached: () => void = () => undefined;
  const client = await server.open((bytes) => {
    if (isReady) {
      received += bytes.length;
      if (received >= wanted) reached();
    } else {
      greeting += Buffer.from(bytes).toString();
    }
  });
  await eventually(() => greeting.includes(READY), { what: `${server.name} to run the command`, everyMs: 1 });
  isReady = true;
  client.type(`${task}\n`);
  return {
    ...client,
    received: () => received,
    async until(bytes) {
      const { promise, resolve } = Promise.withResolvers<void>();
      [wanted, reached] = [bytes, resolve];
      if (received >= bytes) resolve();
      await promise;
    },
  };
}

export async function measureRound(server: TerminalServer): Promise<Round> {
  return {
    ...(await measureStream(server)),
    echo1: await measureEcho(server, 1),
    echo20: await measureEcho(server, 20),
    stalledGrowthMegabytes: await measureStalled(server),
    bytesLost: await measureLastWords(server),
  };
}

async function measureStream(server: TerminalServer) {
  const cpuBefore = cpuSecondsOf(server.pid);
  const startedAt = performance.now();
  const client = await begin(server, "stream");
  await client.until(STREAM_BYTES);
  const seconds = (performance.now() - startedAt) / 1_000;
  const cpuSeconds = cpuSecondsOf(server.pid) - cpuBefore;
  client.close();
  return {
    megabytesPerSecond: STREAM_BYTES / 1e6 / seconds,
    cpuMsPerMegabyte: (cpuSeconds * 1_000) / (STREAM_BYTES / 1e6),
  };
}

const KEYS = 1_500;
const KEY_EVERY_MS = 2;

/** Types one key at a time, in each terminal in turn, and measures the delay until each echo. */
async function measureEcho(server: TerminalServer, terminals: number): Promise<number[]> {
  const clients = await Promise.all(Array.from({ length: terminals }, () => begin(server, "echo")));
  const latencies: number[] = [];
  for (let key = 0; key < KEYS; key++) {
    const client = clients[key % terminals]!;
    const typedAt = performance.now();
    client.type("x");
    await client.until(client.received() + 1);
    latencies.push(performance.now() - typedAt);
    await Bun.sleep(KEY_EVERY_MS);
  }
  for (const client of clients) client.close();
  return latencies;
}

const SESSIONS = 20;

/** Measures the resident memory that a session adds to a freshly started server. */
export async function measureSessions(server: TerminalServer): Promise<number> {
  const before = residentMegabytesOf(server.pid);
  const clients = await Promise.all(Array.from({ length: SESSIONS }, () => begin(server, "echo")));
  // Fills every screen, because an empty terminal uses almost no memory.
  for (const client of clients) client.type("0123456789abcdef".repeat(300));
  for (const client of clients) await client.until(4_800);
  const after = residentMegabytesOf(server.pid);
  for (const client of clients) client.close();
  return (after - before) / SESSIONS;
}

const STALL_LOOKS = 20;
const LOOK_EVERY_MS = 100;

async function measureStalled(server: TerminalServer): Promise<number> {
  const client = await begin(server, "flood");
  await client.until(1_000_000);
  const before = residentMegabytesOf(server.pid);
  client.stall();
  let most = before;
  for (let look = 0; look < STALL_LOOKS; look++) {
    await Bun.sleep(LOOK_EVERY_MS);
    most = Math.max(most, residentMegabytesOf(server.pid));
  }
  client.close();
  return most - before;
}

async function measureLastWords(server: TerminalServer): Promise<number> {
  const client = await begin(server, "last-words");
  await client.closed;
  return LAST_WORDS_BYTES - client.received();
}
