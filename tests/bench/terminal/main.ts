import { mkdir, rm } from "node:fs/promises";
import { loadavg } from "node:os";
import { resolve } from "node:path";
import { messageOf } from "../../../shared/errors.ts";
import { machineFacts } from "../report.ts";
import { prepareCommand } from "./command.ts";
import { measureRound, measureSessions } from "./measures.ts";
import { formatTerminalReport, type Result } from "./report.ts";
import { startTtyd, startWebPty, type TerminalServer } from "./servers.ts";
import { findTtyd } from "./ttyd.ts";

/** Measures web-pty and ttyd alternately, so that other load on the machine affects both. */
export async function benchTerminals({ rounds }: { rounds: number }, signal: AbortSignal): Promise<number> {
  if (process.platform !== "linux") throw new Error("This benchmark reads /proc, so it needs Linux");
  const folder = resolve(`.observatory/bench-${process.pid}`);
  const servers: TerminalServer[] = [];
  const startedAt = new Date().toISOString();
  const loadAverage = loadavg()[0]!;
  try {
    const command = await prepareCommand(folder);
    servers.push(await startWebPty(command));
    const peer = await startPeer(command);
    if (typeof peer !== "string") servers.push(peer.server);
    const results = new Map<string, Result>();
    for (const server of servers)
      results.set(server.name, { megabytesPerSession: await measureSessions(server), rounds: [] });
    // The first round warms up both servers and does not count.
    for (let round = 0; round <= rounds; round++)
      for (const server of servers) {
        signal.throwIfAborted();
        const result = await measureRound(server);
        if (round > 0) results.get(server.name)?.rounds.push(result);
        console.log(
          `round ${round || "0 (warm-up)"}: ${server.name} ${result.megabytesPerSecond.toFixed(0)} MB/s`,
        );
      }
    const report = {
      startedAt,
      loadAverage,
      rounds,
      peer: typeof peer === "string" ? peer : `ttyd ${peer.version}`,
      machine: machineFacts(),
      results: Object.fromEntries(results),
    };
    await mkdir("artifacts/bench", { recursive: true });
    const path = `artifacts/bench/terminal-${startedAt.replaceAll(":", "-")}.json`;
    await Bun.write(path, `${JSON.stringify(report)}\n`);
    console.log(`\n${formatTerminalReport(results, report.peer)}\n\nWritten to ${path}`);
    return results.get("web-pty")?.rounds.every(({ bytesLost }) => bytesLost === 0) ? 0 : 1;
  } finally {
    for (const server of servers) await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Starts ttyd and returns its server and version, or the reason why ttyd cannot run. */
async function startPeer(
  command: readonly string[],
): Promise<{ server: TerminalServer; version: string } | string> {
  try {
    const ttyd = await findTtyd(console.log);
    return { server: await startTtyd(ttyd, command), version: ttyd.version };
  } catch (error) {
    return messageOf(error);
  }
}
