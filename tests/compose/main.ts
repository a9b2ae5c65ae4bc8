import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createCommandLine, UsageError } from "../../shared/command-line.ts";
import { withCompose } from "../containers/compose-plugin.ts";
import { type DockerEngine, NoDockerEngine, openDockerEngine } from "../containers/docker-engine.ts";
import { createReport, type Report } from "../containers/report.ts";
import { createRunningSystem } from "../containers/running-system.ts";
import { buildStandIns, stageFor } from "../containers/stand-ins.ts";
import { type ComposeProject, createComposeProject, ROOT, type ServiceConfig } from "./compose-project.ts";
import { proveSystem } from "./prove-system.ts";

const NOTES = `
Uses a running Docker engine and the official images. If no engine is running, root on Linux starts
a private one, on which stand-ins built from Debian packages replace the official images. The stand-ins
stay in the user's cache. Logs and replies are kept under artifacts/compose/.`;

async function main(): Promise<number> {
  const { keep } = createCommandLine(
    "bun run test:compose",
    "Starts the unchanged compose.yaml on a Docker engine. Checks that one job is accepted, observed, completed and counted; that the system recovers from SIGKILL of every container and from a restart while three processors are under load; that an alert is raised; that every query of the alert rules and dashboard panels works; that the ledger balances; and that nothing is left behind.",
  )
    .option("--keep", "keep the system running until Ctrl-C")
    .addHelpText("after", NOTES)
    .parse()
    .opts();
  const folder = join(ROOT, "artifacts/compose", new Date().toISOString().replaceAll(":", "-"));
  const report = createReport(folder, { budgetSeconds: 180 });
  let engine: DockerEngine;
  try {
    engine = await openDockerEngine(report.say);
  } catch (error) {
    if (!(error instanceof NoDockerEngine)) throw error;
    console.log(`Compose cannot be tested here: ${error.message}`);
    console.log("0 passed, 1 failed");
    return 1;
  }
  mkdirSync(folder, { recursive: true });
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  try {
    await proveCompose(engine, report, folder, { keep, interrupted });
  } finally {
    if (engine.log) cpSync(engine.log, join(folder, "dockerd.log"));
    await engine.stop();
  }
  report.say(`logs and replies are in ${folder}`);
  return report.finish();
}

async function proveCompose(
  engine: DockerEngine,
  report: Report,
  folder: string,
  { keep, interrupted }: { keep?: boolean; interrupted: Promise<void> },
): Promise<void> {
  const env = await withCompose(engine, report.say);
  const profiles = ["core", "observe", "admin"];
  const project = await createComposeProject({ env, folder, profiles });
  let services: Readonly<Record<string, ServiceConfig>> = {};
  const isValid = await report.check("compose.yaml matches the Compose schema", async () => {
    services = await project.services();
    return `${Object.keys(services).length} services`;
  });
  if (!isValid) return;

  const runs = Object.keys(services).filter((name) => !engine.isPrivate || canRun(services[name]));
  const leftOut = Object.keys(services).filter((name) => !runs.includes(name));
  if (leftOut.length > 0) report.say(`only validated, because they have no stand-ins: ${leftOut.join(", ")}`);
  try {
    const isBuilt = await report.phase("images", () =>
      report.check("the images are built", async () => {
        if (engine.isPrivate) await buildStandIns(baseImages(services, runs), env, report.say);
        await project.compose("build", ...runs.filter((name) => services[name]?.build));
        return await sizes(project, services);
      }),
    );
    if (isBuilt && (await bringUp(project, report, runs))) {
      const system = createRunningSystem(project.port, folder);
      const end = await Promise.race([
        proveSystem({ project, engine, system, report, folder }),
        interrupted.then(() => "interrupted"),
      ]);
      if (end === "interrupted") throw new Error("Interrupted");
      if (keep) {
        report.say(`the system keeps running until Ctrl-C: ${JSON.stringify(project.ports)}`);
        await interrupted;
      }
      await system.close();
    }
  } finally {
    await report.phase("down", () =>
      report.check("docker compose down --volumes leaves nothing behind", async () => {
        await project.keepLogs();
        const left = await project.down();
        if (left.length > 0) throw new Error(left.join(", "));
        return undefined;
      }),
    );
    if (engine.isPrivate) {
      // Remove images whose names now belong to newer builds. The next run finds the newest images by name.
      await project.docker("image", "prune", "--force");
      await project.docker("builder", "prune", "--force", "--keep-storage", "2GB");
    }
  }
}

const canRun = (service: ServiceConfig | undefined) =>
  Boolean(service?.build || (service?.image && stageFor(service.image)));

/** Returns the images that must exist before Compose builds: third-party images and the bases of our own images. */
function baseImages(services: Readonly<Record<string, ServiceConfig>>, runs: readonly string[]): string[] {
  const images = runs.flatMap((name) => {
    const { build, image } = services[name] ?? {};
    if (!build) return image ?? [];
    return Object.entries(build.args ?? {}).flatMap(([argument, value]) =>
      argument.endsWith("_IMAGE") ? value : [],
    );
  });
  return [...new Set(images)];
}

function bringUp(project: ComposeProject, report: Report, runs: readonly string[]): Promise<boolean> {
  return report.phase("up", () =>
    report.check("docker compose up: every container is healthy", async () => {
      await project.compose("up", "--no-build", "--detach", "--wait", "--wait-timeout", "180", ...runs);
      const containers = await project.containers();
      const missing = runs.filter(
        (name) => !containers.some(({ service, running }) => service === name && running),
      );
      if (missing.length > 0) throw new Error(`not running: ${missing.join(", ")}`);
      return `${containers.length} containers`;
    }),
  );
}

/** Returns the sizes of our own images in MB. */
async function sizes(
  project: ComposeProject,
  services: Readonly<Record<string, ServiceConfig>>,
): Promise<string> {
  const own = Object.values(services).flatMap(({ build, image }) => (build && image ? image : []));
  const printed = await project.docker(
    "image",
    "inspect",
    "--format",
    "{{index .RepoTags 0}} {{.Size}}",
    ...own,
  );
  return printed
    .split("\n")
    .map((line) =>
      line.replace(
        /^.*\/(\S+):\S+ (\d+)$/,
        (_, name, bytes) => `${name} ${Math.round(Number(bytes) / 1e6)} MB`,
      ),
    )
    .join(", ");
}

let code = 1;
try {
  code = await main();
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error);
  console.log("0 passed, 1 failed");
}
process.exit(code);
