import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../shared/until.ts";
import { tailOf } from "../../tui/engines/log-tail.ts";
import { runTool } from "../../tui/engines/run-tool.ts";
import { hasEnded, spawnServer } from "../../tui/engines/spawn-server.ts";
import { userCache } from "../../tui/engines/user-cache.ts";
import { installPackages } from "./debian.ts";

const BRIDGE = "/sys/class/net/docker0";
/** Containers get ten seconds of it. */
const STOP_MS = 30_000;

export interface DockerEngine {
  /** What every `docker` call needs. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether it is ours alone: its images may be replaced by stand-ins, and its processes are seen from here. */
  readonly isPrivate: boolean;
  /** Ends the engine as a shutdown of the machine would, and starts it again; only where it was started here. */
  readonly restart?: () => Promise<void>;
  /** What a private engine says. */
  readonly log?: string;
  /** Ends it where it was started here, and takes back what it changed in the machine's network. */
  stop(): Promise<void>;
}

/** Nothing here can run containers; the message says why in one line. */
export class NoDockerEngine extends Error {}

/**
 * The Docker engine that answers already, else a private one whose images and volumes are kept in the user's cache.
 * Throws NoDockerEngine where neither can be had.
 */
export async function openDockerEngine(say: (line: string) => void): Promise<DockerEngine> {
  const env = { ...process.env };
  if (await describe(env)) return { env, isPrivate: false, stop: async () => undefined };

  if (process.platform !== "linux" || process.getuid?.() !== 0)
    throw new NoDockerEngine("No Docker engine answers, and only root on Linux can start a private one");
  if (!Bun.which("dockerd") || !Bun.which("docker") || !Bun.which("iptables"))
    await installPackages(["docker.io", "iptables", "iproute2"], say).catch((error: Error) => {
      throw new NoDockerEngine(`No Docker engine answers, and there is no dockerd: ${error.message}`);
    });
  return await startPrivateEngine(say);
}

async function startPrivateEngine(say: (line: string) => void): Promise<DockerEngine> {
  const data = join(userCache(), "docker");
  mkdirSync(data, { recursive: true });
  // Unix socket paths are at most 107 bytes long, so the sockets lie in a short folder of their own.
  const run = mkdtempSync(join(tmpdir(), "observatory-docker-"));
  const host = `unix://${run}/docker.sock`;
  const log = join(run, "dockerd.log");
  const hadBridge = existsSync(BRIDGE);
  const firewallBefore = join(run, "firewall-before");
  writeFileSync(firewallBefore, `${await runTool(["iptables-save"])}\n`);
  const env = Object.fromEntries(
    Object.entries({ ...process.env, DOCKER_HOST: host }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );

  const command = [
    "dockerd",
    ...["--data-root", data],
    ...["--exec-root", join(run, "exec")],
    // Beside the data, so that a second engine on the same data refuses at once instead of waiting for its locks.
    ...["--pidfile", join(data, "dockerd.pid")],
    ...["--host", host],
  ];
  let server: Bun.Subprocess;
  const start = async () => {
    server = spawnServer({ command, env, stopSignal: "SIGTERM" }, log, run);
    let description: string | undefined;
    await until(
      async () => {
        if (hasEnded(server)) throw new NoDockerEngine(`dockerd does not start: ${tailOf(log, 0, 3)}`);
        description = await describe(env);
        return description !== undefined;
      },
      { timeoutMs: 60_000, everyMs: 100, what: () => `dockerd to answer; ${tailOf(log, 0, 3)}` },
    );
    return description ?? "";
  };
  const end = async () => {
    server.kill("SIGTERM");
    const late = setTimeout(() => server.kill("SIGKILL"), STOP_MS);
    await server.exited;
    clearTimeout(late);
  };
  const stop = async () => {
    await end();
    if (!hadBridge && existsSync(BRIDGE) && !isAnotherEngineRunning()) {
      await runTool(["ip", "link", "delete", "docker0"]);
      await runTool(["iptables-restore", firewallBefore]);
    }
    rmSync(run, { recursive: true, force: true });
  };
  try {
    const description = await start();
    await sweep(env);
    say(`started a private Docker engine: ${description}; its images are kept in ${data}`);
    return {
      env,
      isPrivate: true,
      log,
      stop,
      async restart() {
        await end();
        await start();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Remove what a run that was killed left in our engine, which starts such containers again by itself. */
async function sweep(env: Record<string, string>): Promise<void> {
  const containers = (await runTool(["docker", "ps", "--all", "--quiet"], { env }))
    .split("\n")
    .filter(Boolean);
  if (containers.length > 0) await runTool(["docker", "rm", "--force", "--volumes", ...containers], { env });
  await runTool(["docker", "volume", "prune", "--force"], { env });
  await runTool(["docker", "network", "prune", "--force"], { env });
}

/** What answers at the place that the environment names; undefined when nothing does. */
async function describe(env: Record<string, string | undefined>): Promise<string | undefined> {
  if (!Bun.which("docker")) return undefined;
  const format = "Docker {{.ServerVersion}}, {{.Driver}}, {{.NCPU}} CPUs";
  // The client exits 1 with an empty server version when only the client is there.
  const child = Bun.spawn(["docker", "info", "--format", format], { env, stdout: "pipe", stderr: "ignore" });
  const printed = (await child.stdout.text()).trim();
  return (await child.exited) === 0 && !printed.startsWith("Docker ,") ? printed : undefined;
}

function isAnotherEngineRunning(): boolean {
  return readdirSync("/proc").some((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "dockerd";
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ESRCH") return false;
      throw error;
    }
  });
}
