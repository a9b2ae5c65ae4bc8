/**
 * `bun tests/bench/load-cost.ts` measures the load generator's CPU time per POST for three HTTP clients. The result is
 * why http-connection.ts uses raw sockets; measure again after a runtime upgrade.
 */
import { Agent, request as nodeRequest } from "node:http";
import { runClosedLoop } from "./load.ts";

const REQUESTS = 20_000;
const CONNECTIONS = 32;
const body = JSON.stringify({ type: "sleep", payload: { ms: 0 } });
const server = Bun.spawn(["bun", "-e", serverSource()], { stdout: "pipe", stderr: "inherit" });
const firstLine = (await server.stdout.getReader().read()).value;
const url = `http://127.0.0.1:${new TextDecoder().decode(firstLine).trim()}/jobs`;
const signal = AbortSignal.timeout(60_000);
const readJobIds = (text: string) => [(JSON.parse(text) as { jobId: string }).jobId];
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

await measure("fetch", () => inParallel(async () => void (await (await fetch(url, post())).json())));
await measure("node:http agent", () => inParallel(viaNodeHttp));
await measure("raw sockets", async () => {
  await runClosedLoop({
    request: { url, body, jobs: 1 },
    readJobIds,
    connections: CONNECTIONS,
    deadlineMs: 60_000,
    totalJobs: REQUESTS,
    signal,
  });
});
agent.destroy();
server.kill();

async function measure(name: string, run: () => Promise<void>): Promise<void> {
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await run();
  const seconds = (performance.now() - startedAt) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const microsEach = (cpu.user + cpu.system) / REQUESTS;
  console.log(
    `${name.padEnd(16)} ${Math.round(REQUESTS / seconds)} req/s, ${microsEach.toFixed(1)} µs CPU each`,
  );
}

async function inParallel(once: () => Promise<void>): Promise<void> {
  let left = REQUESTS;
  const lane = async () => {
    while (left-- > 0) await once();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
}

function post(): RequestInit {
  return { method: "POST", headers: { "content-type": "application/json" }, body };
}

function viaNodeHttp(): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const outgoing = nodeRequest(url, { method: "POST", agent, headers }, (incoming) => {
      let text = "";
      incoming.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      incoming.on("end", () => {
        readJobIds(text);
        resolve();
      });
    });
    outgoing.on("error", reject).end(body);
  });
}

function serverSource(): string {
  return `const s = Bun.serve({ port: 0, hostname: "127.0.0.1", async fetch(r) { await r.json();
    return Response.json({ jobId: crypto.randomUUID() }, { status: 202 }); } }); console.log(s.port);`;
}
