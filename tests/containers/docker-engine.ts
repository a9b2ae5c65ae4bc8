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
import { runTool } from "../../shared/run-tool.ts";
import { until } from "../../shared/until.ts";
import { tailOf } from "../../tui/engines/log-tail.ts";
import { hasEnded, spawnServer } from "../../tui/engines/spawn-server.ts";
import { userCache } from "../../tui/engines/user-cache.ts";
import { installPackages } from "./debian.ts";

const BRIDGE = "/sys/class/net/docker0";
/** How long the engine may take to stop. Its containers may take ten seconds of that. */
const STOP_MS = 30_000;
/** From linux/capability.h. */
const CAP_SYS_RESOURCE = 24n;
const RUNTIME = join(import.meta.dir, "runc-without-sys-resource");

export interface DockerEngine {
  /** The environment of every `docker` call. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Whether the tests started this engine. If so, the tests may replace images with stand-ins and can see the
   * containers' processes.
   */
  readonly isPrivate: boolean;
  /** Stops the engine as a shutdown of the machine would, and restarts it. Only a private engine has this function. */
  readonly restart?: () => Promise<void>;
  /** The log file of a private engine. */
  readonly log?: string;
  /** Stops a private engine and undoes its changes to the machine's network. */
  stop(): Promise<void>;
}

/** Thrown if this machine cannot run containers; the message says why. */
export class NoDockerEngine extends Error {}

/**
 * Uses the running Docker engine, or starts a private one whose images and volumes stay in the user's cache. Throws
 * NoDockerEngine if neither is possible, and another error if the private engine fails later, for example if it never
 * answers.
 */
export async function openDockerEngine(say: (line: string) => void): Promise<DockerEngine> {
  const env = { ...process.env };
  if (await describe(env)) return { env, isPrivate: false, stop: async () => undefined };

  if (process.platform !== "linux" || process.getuid?.() !== 0)
    throw new NoDockerEngine("No Docker engine answers, and only root on Linux can start a private one");
  if (!Bun.which("dockerd") || !Bun.which("docker") || !Bun.which("iptables"))
    await installPackages(["docker.io", "iptables", "iproute2"], say).catch((error: Error) => {
      throw new NoDockerEngine(
        `No Docker engine answers, and the tools to start one could not be installed: ${error.message}`,
      );
    });
  return await startPrivateEngine(say);
}

async function startPrivateEngine(say: (line: string) => void): Promise<DockerEngine> {
  const data = join(userCache(), "docker");
  mkdirSync(data, { recursive: true });
  // Unix socket paths are at most 107 bytes long, so the sockets are in a folder with a short path.
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
    // The pid file is in the data folder, so that a second engine on the same data fails at once instead of waiting for
    // a lock.
    ...["--pidfile", join(data, "dockerd.pid")],
    ...["--host", host],
    ...(lacksSysResource() ? ["--add-runtime", `lean=${RUNTIME}`, "--default-runtime", "lean"] : []),
  ];
  let server: Bun.Subprocess;
  const start = async () => {
    server = spawnServer({ command, env, stopSignal: "SIGTERM" }, log, run);
    let description: string | undefined;
    await until(
      async () => {
        if (hasEnded(server))
          throw new NoDockerEngine(`dockerd ended during its start: ${tailOf(log, 0, 3)}`);
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

/**
 * Removes what a killed run left behind: its containers, which the private engine restarts when it starts, and unused
 * anonymous volumes and networks.
 */
async function sweep(env: Record<string, string>): Promise<void> {
  const containers = (await runTool(["docker", "ps", "--all", "--quiet"], { env }))
    .split("\n")
    .filter(Boolean);
  if (containers.length > 0) await runTool(["docker", "rm", "--force", "--volumes", ...containers], { env });
  await runTool(["docker", "volume", "prune", "--force"], { env });
  await runTool(["docker", "network", "prune", "--force"], { env });
}

/** Describes the engine that the environment points to; undefined if none answers. */
async function describe(env: Record<string, string | undefined>): Promise<string | undefined> {
  if (!Bun.which("docker")) return undefined;
  const format = "Docker {{.ServerVersion}}, {{.Driver}}, {{.NCPU}} CPUs";
  // If no engine answers, the client may still print the line, with an empty server version.
  const child = Bun.spawn(["docker", "info", "--format", format], { env, stdout: "pipe", stderr: "ignore" });
  const printed = (await child.stdout.text()).trim();
  return (await child.exited) === 0 && !printed.startsWith("Docker ,") ? printed : undefined;
}

/** Reports whether root lacks CAP_SYS_RESOURCE. Privileged containers, such as kind's cluster nodes, then need another runtime. */
function lacksSysResource(): boolean {
  const bounding = /^CapBnd:\s+([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return bounding !== undefined && ((BigInt(`0x${bounding}`) >> CAP_SYS_RESOURCE) & 1n) === 0n;
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
