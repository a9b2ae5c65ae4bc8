import { findPostgresBins } from "../../engines/locate.ts";
import { missingEngines } from "../../engines/missing.ts";
import { type Check, fail, ok, onlyFor } from "./check.ts";
import { installCommand } from "./install.ts";

const ANSWER_MS = 5_000;
const MIN_COMPOSE = [2, 24] as const;

/** Checks which engines can start here and which tools of the other tiers are installed. */
export async function checkTools(): Promise<Check[]> {
  const container = await checkContainerEngine();
  return [
    ...engineChecks(),
    container,
    await checkCompose(container.status === "OK"),
    ...(await checkKubernetes()),
  ];
}

function engineChecks(): Check[] {
  const [postgres] = missingEngines(["postgres"]);
  const others = missingEngines(["rabbitmq", "redis", "mongo"]);
  const [found] = findPostgresBins();
  return [
    postgres
      ? fail("postgres", "PostgreSQL", postgres.problem, postgres.remedy)
      : ok("postgres", "PostgreSQL", found ?? "from npm"),
    ...(["rabbitmq", "redis", "mongo"] as const).map((engine) => {
      const name = { rabbitmq: "RabbitMQ", redis: "Redis", mongo: "MongoDB or FerretDB" }[engine];
      const missing = others.find((one) => one.engine === engine);
      return missing
        ? onlyFor("full", engine, name, missing.problem, missing.remedy)
        : ok(engine, name, "can start here");
    }),
  ];
}

async function checkContainerEngine(): Promise<Check> {
  const id = "container-engine";
  const name = "container engine";
  const program = ["docker", "podman"].find((one) => Bun.which(one));
  if (!program)
    return onlyFor(
      "compose",
      id,
      name,
      "neither docker nor podman is on the PATH",
      installCommand({
        apt: "docker.io",
        brew: "--cask docker-desktop",
        winget: "Docker.DockerDesktop",
        page: "https://docs.docker.com/engine/install/",
      }),
    );
  const format = program === "docker" ? "{{.ServerVersion}}" : "{{.Version.Version}}";
  const { code, out, err } = await output([program, "info", "--format", format]);
  if (code === 0 && out) return ok(id, name, `${program} ${out} answers`);
  const why =
    code === undefined ? `no reply within ${ANSWER_MS / 1_000} s` : (err.split("\n")[0] ?? "failed");
  return onlyFor(
    "compose",
    id,
    name,
    `${program} is installed but does not answer: ${why}`,
    startCommand(program),
  );
}

function startCommand(program: string): string {
  if (process.platform !== "linux")
    return program === "podman" ? "podman machine start" : "Start Docker Desktop";
  return program === "podman"
    ? "systemctl --user start podman.socket"
    : "sudo systemctl start docker, or: sudo service docker start";
}

async function checkCompose(hasEngine: boolean): Promise<Check> {
  const id = "compose";
  const name = "Compose";
  const wanted = `${MIN_COMPOSE.join(".")} or newer`;
  const install = installCommand({
    apt: "docker-compose-v2",
    brew: "docker-compose",
    winget: "Docker.DockerDesktop",
    page: "https://docs.docker.com/compose/install/",
  });
  const { code, out } = Bun.which("docker")
    ? await output(["docker", "compose", "version", "--short"])
    : { code: 1, out: "" };
  const version = out.replace(/^v/, "");
  if (code !== 0) return onlyFor("compose", id, name, `Docker Compose ${wanted} is not installed`, install);
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < MIN_COMPOSE[0] || (major === MIN_COMPOSE[0] && minor < MIN_COMPOSE[1]))
    return onlyFor("compose", id, name, `${version} is too old; ${wanted} is needed`, install);
  return ok(id, name, hasEngine ? version : `${version}, but no engine answers`);
}

async function checkKubernetes(): Promise<Check[]> {
  const tools = [
    {
      name: "kubectl",
      args: ["version", "--client"],
      brew: "kubernetes-cli",
      winget: "Kubernetes.kubectl",
      page: "https://kubernetes.io/docs/tasks/tools/",
    },
    {
      name: "kind",
      args: ["version"],
      brew: "kind",
      winget: "Kubernetes.kind",
      page: "https://kind.sigs.k8s.io/docs/user/quick-start/#installation",
    },
  ];
  return Promise.all(
    tools.map(async ({ name, args, ...from }) => {
      if (!Bun.which(name)) return onlyFor("kind", name, name, "not on the PATH", installCommand(from));
      const { code, out } = await output([name, ...args]);
      if (code === 0)
        return ok(name, name, (out.split("\n")[0] ?? "").replace(/^(Client Version:|kind) /, ""));
      return onlyFor("kind", name, name, "installed but does not run", installCommand(from));
    }),
  );
}

/**
 * Runs a program and returns its output. `code` is undefined if a signal ended the program, for example because it took
 * too long.
 */
async function output(command: string[]): Promise<{ code: number | undefined; out: string; err: string }> {
  const child = Bun.spawn(command, {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: ANSWER_MS,
    killSignal: "SIGKILL",
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return {
    code: child.signalCode ? undefined : (child.exitCode ?? undefined),
    out: out.trim(),
    err: err.trim(),
  };
}
