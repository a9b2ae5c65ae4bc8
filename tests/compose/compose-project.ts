import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "../../shared/run-tool.ts";
import { findFreePort } from "../../tui/engines/port.ts";

export const ROOT = join(import.meta.dir, "../..");

/** A service in the output of `docker compose config`. */
export interface ServiceConfig {
  readonly image?: string;
  readonly build?: { readonly args?: Readonly<Record<string, string>> };
  readonly profiles?: readonly string[];
}

export interface Container {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  readonly running: boolean;
  /** The process id on the engine's machine; 0 while the container is not running. */
  readonly pid: number;
  readonly startedAt: string;
  readonly health?: string;
  /** The health check's command, as the engine runs it. */
  readonly check?: readonly string[];
}

interface Inspected {
  Id: string;
  Name: string;
  State: { Running: boolean; Pid: number; StartedAt: string; Health?: { Status: string } };
  Config: { Labels: Record<string, string>; Healthcheck?: { Test?: string[] } };
}

/** The system in compose.yaml under its own project name and on free ports, controlled through `docker compose`. */
export type ComposeProject = Awaited<ReturnType<typeof createComposeProject>>;

export async function createComposeProject({
  env: engineEnv,
  folder,
  profiles,
}: {
  env: Readonly<Record<string, string | undefined>>;
  /** The folder for logs and command output. */
  folder: string;
  profiles: readonly string[];
}) {
  mkdirSync(folder, { recursive: true });
  const name = `observatory-test-${crypto.randomUUID().slice(0, 8)}`;
  const ports = await freePorts();
  const env = {
    ...engineEnv,
    ...Object.fromEntries(Object.entries(ports).map(([variable, port]) => [variable, String(port)])),
    COMPOSE_PROJECT_NAME: name,
    COMPOSE_PROFILES: profiles.join(","),
    COMPOSE_PROGRESS: "plain",
    BUILDKIT_PROGRESS: "plain",
    // A separate tag, so that the developer's own images are never replaced.
    ODTO_TAG: "test",
  };
  const docker = (...args: string[]) => runTool(["docker", ...args], { env, cwd: ROOT });
  const compose = async (...args: string[]) => {
    const startedAt = performance.now();
    const say = (said: string) =>
      appendFileSync(
        join(folder, "compose.log"),
        `$ docker compose ${args.join(" ")} # ${Math.round(performance.now() - startedAt)} ms\n${said}\n`,
      );
    const child = Bun.spawn(["docker", "compose", ...args], {
      env,
      cwd: ROOT,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [printed, progress, code] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ]);
    say(progress + (args[0] === "config" || args[0] === "logs" ? "" : printed));
    if (code === 0) return printed;
    throw new Error(
      `docker compose ${args.join(" ")} exited with code ${code}\n${progress.trim().split("\n").slice(-15).join("\n")}`,
    );
  };

  const project = {
    name,
    ports,
    /** Looks up a port by the variable that sets it, such as GATEWAY_PORT. */
    port: (variable: string) => {
      const port = ports[variable];
      if (!port) throw new Error(`compose.yaml has no variable ${variable}`);
      return port;
    },
    url: (variable: string) => `http://127.0.0.1:${project.port(variable)}`,
    docker,
    compose,

    /** Returns the services of the chosen profiles. Throws if compose.yaml violates the Compose schema. */
    async services(): Promise<Readonly<Record<string, ServiceConfig>>> {
      return (
        JSON.parse(await compose("config", "--format", "json")) as { services: Record<string, ServiceConfig> }
      ).services;
    },

    async containers(): Promise<Container[]> {
      const ids = (
        await docker("ps", "-aq", "--no-trunc", "--filter", `label=com.docker.compose.project=${name}`)
      )
        .split("\n")
        .filter(Boolean);
      if (ids.length === 0) return [];
      return (JSON.parse(await docker("inspect", ...ids)) as Inspected[])
        .map(({ Id, Name, State, Config }) => ({
          id: Id,
          name: Name.replace(`/${name}-`, ""),
          service: Config.Labels["com.docker.compose.service"] ?? "",
          running: State.Running,
          pid: State.Pid,
          startedAt: State.StartedAt,
          health: State.Health?.Status,
          check: checkCommand(Config.Healthcheck?.Test),
        }))
        .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
    },

    /** Runs the container's health check now, without waiting for its next interval. */
    async isHealthy({ id, check }: Container): Promise<boolean> {
      if (!check) return true;
      const child = Bun.spawn(["docker", "exec", id, ...check], { env, stdout: "ignore", stderr: "ignore" });
      return (await child.exited) === 0;
    },

    async keepLogs(): Promise<void> {
      for (const { id, name: container } of await project.containers()) {
        const child = Bun.spawn(["docker", "logs", "--timestamps", id], {
          env,
          stdout: "pipe",
          stderr: "pipe",
        });
        const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
        writeFileSync(join(folder, `${container}.log`), out + err);
      }
    },

    /** Removes the project with its volumes, and returns the containers, volumes and networks that are left. */
    async down(): Promise<string[]> {
      await compose("down", "--volumes", "--remove-orphans", "--timeout", "20");
      const label = ["--filter", `label=com.docker.compose.project=${name}`];
      const left = await Promise.all([
        docker("ps", "-a", ...label, "--format", "container {{.Names}}"),
        docker("volume", "ls", ...label, "--format", "volume {{.Name}}"),
        docker("network", "ls", ...label, "--format", "network {{.Name}}"),
      ]);
      return left.flatMap((lines) => lines.split("\n")).filter(Boolean);
    },
  };
  return project;
}

/** Finds a free port for every port variable in compose.yaml. */
async function freePorts(): Promise<Record<string, number>> {
  const text = readFileSync(join(ROOT, "compose/compose.yaml"), "utf8");
  const variables = new Set([...text.matchAll(/\$\{([A-Z_]+_PORT):-\d+\}/g)].map((match) => match[1] ?? ""));
  const ports: Record<string, number> = {};
  for (const variable of variables) ports[variable] = await findFreePort();
  return ports;
}

function checkCommand(test: readonly string[] | undefined): string[] | undefined {
  if (test?.[0] === "CMD") return test.slice(1);
  if (test?.[0] === "CMD-SHELL") return ["/bin/sh", "-c", ...test.slice(1)];
  return undefined;
}
