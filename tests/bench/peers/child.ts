import { type PeerProcessConfig, type PeerReady, peerConfigVariable } from "./peer-process.ts";

export interface PeerChild extends PeerReady {
  pid: number;
  stop(): Promise<void>;
}

/**
 * Starts one process of a peer (another job system in the benchmark) and resolves when it is ready. Kills the process
 * if that takes longer than 30 s.
 */
export async function startPeerChild(
  file: string,
  config: PeerProcessConfig,
  signal: AbortSignal,
): Promise<PeerChild> {
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/${file}`], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
    env: {
      ...process.env,
      NODE_ENV: "production",
      NO_LOG_SUCCESS: "1",
      [peerConfigVariable]: JSON.stringify(config),
    },
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await Promise.race([child.exited, Bun.sleep(STOP_GRACE_MS)]);
    if (child.exitCode === null) child.kill("SIGKILL");
    await child.exited;
  };
  try {
    const ready = await firstLine(child.stdout, AbortSignal.any([signal, AbortSignal.timeout(READY_MS)]));
    return { ...(JSON.parse(ready) as PeerReady), pid: child.pid, stop };
  } catch (cause) {
    await stop();
    throw new Error(`${file} as ${config.role} did not become ready`, { cause });
  }
}

const READY_MS = 30_000;
const STOP_GRACE_MS = 5_000;

async function firstLine(stream: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await Promise.race([reader.read(), aborted]);
    if (done) throw new Error("It exited before it was ready");
    text += decoder.decode(value, { stream: true });
  }
  return text.slice(0, text.indexOf("\n"));
}
