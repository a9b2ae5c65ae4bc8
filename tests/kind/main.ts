import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { SERVICE_CATALOG } from "../../contracts/services.ts";
import { createCommandLine, UsageError } from "../../shared/command-line.ts";
import { type DockerEngine, NoDockerEngine, openDockerEngine } from "../containers/docker-engine.ts";
import { createReport, type Report } from "../containers/report.ts";
import { ROOT } from "../containers/root.ts";
import { createRunningSystem } from "../containers/running-system.ts";
import { type Cluster, createCluster } from "./cluster.ts";
import { bringUp, buildOthers, buildOurs, hasStandIn, overlayWithout, partsOf } from "./deploy.ts";
import { proveCluster } from "./prove-cluster.ts";
import { openTools } from "./tools.ts";
import { explain } from "./workloads.ts";

const NOTES = `
Uses a running Docker engine, the official images, and the kind and kubectl on the PATH. Without an
engine, root on Linux starts a private one and builds the node image, kind and kubectl from Debian
packages and Go modules, which stay in the user's cache. Logs and replies are kept under
artifacts/kind/.`;

const BUDGET_SECONDS = 360;

class Interrupted extends Error {}

async function main(): Promise<number> {
  const { keep } = createCommandLine(
    "bun run test:kind",
    "Creates a cluster of three nodes with kind, deploys kind/overlays/local to it and checks it: every pod ready, one job (accepted, observed, completed and counted) through the published ports, scaling, a rolling update, nodes drained and stopped, engines and services killed, and after each fault one outcome for every accepted job and a ledger without lost, unobserved or duplicated jobs.",
  )
    .option("--keep", "keep the cluster running until Ctrl-C")
    .addHelpText("after", NOTES)
    .parse()
    .opts();
  const folder = join(ROOT, "artifacts/kind", new Date().toISOString().replaceAll(":", "-"));
  const report = createReport(folder, { budgetSeconds: BUDGET_SECONDS });
  let engine: DockerEngine;
  try {
    engine = await openDockerEngine(report.say);
  } catch (error) {
    if (!(error instanceof NoDockerEngine)) throw error;
    console.log(`No cluster can be tested here: ${error.message}`);
    console.log("0 passed, 1 failed");
    return 1;
  }
  mkdirSync(folder, { recursive: true });
  const interrupt = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.on(name, () => interrupt.abort(new Interrupted("Interrupted")));
  try {
    await proveKind(engine, report, folder, { keep, signal: interrupt.signal });
  } finally {
    if (engine.log) cpSync(engine.log, join(folder, "dockerd.log"));
    await engine.stop();
  }
  report.say(`logs and replies are in ${folder}`);
  return report.finish();
}

async function proveKind(
  engine: DockerEngine,
  report: Report,
  folder: string,
  { keep, signal }: { keep?: boolean; signal: AbortSignal },
): Promise<void> {
  const tools = await report.phase("images", () => openTools(engine, folder, { say: report.say, signal }));
  const cluster = createCluster({ ...tools, folder, signal });
  await cluster.refuseAnother();
  const parts = await partsOf(cluster);
  const runs = parts.filter((part) => !engine.isPrivate || hasStandIn(part));
  const leftOut = parts.filter((part) => !runs.includes(part));
  if (leftOut.length > 0)
    report.say(
      `not deployed, only validated, because their images have no stand-ins: ${leftOut.map(({ name }) => name).join(", ")}`,
    );
  if (engine.isPrivate) {
    const areBuilt = await report.phase("images", () =>
      report.check("the stand-ins for official images are built", () =>
        buildOthers(cluster, runs, report.say),
      ),
    );
    if (!areBuilt) return;
  }
  const overlay = overlayWithout(leftOut, folder);
  try {
    if (!(await makeCluster(cluster, report, overlay))) return;
    const system = createRunningSystem(publishedPort, folder);
    const interrupted = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
    );
    await Promise.race([proveCluster({ cluster, system, report, folder }, overlay), interrupted]);
    await system.close();
    if (keep) {
      report.say(`the cluster runs until Ctrl-C; export KUBECONFIG=${cluster.env.KUBECONFIG}`);
      await interrupted;
    }
  } finally {
    await report.phase("down", () =>
      report.check("kind delete cluster leaves nothing behind", async () => {
        const left = await cluster.remove({ network: engine.isPrivate });
        if (left.length > 0) throw new Error(left.join(", "));
        return undefined;
      }),
    );
  }
}

function makeCluster(cluster: Cluster, report: Report, overlay: string): Promise<boolean> {
  return report.phase("up", async () => {
    // In parallel: a starting cluster mostly waits, whereas building the images keeps the CPU busy.
    const areMade = await Promise.all([
      report.check("kind creates a cluster of three nodes", () => cluster.create()),
      report.check("our images are built", () => buildOurs(cluster)),
    ]);
    if (areMade.includes(false)) return false;
    return await report.check("up --tier kind: every pod is ready, every port answers", async () => {
      try {
        return await bringUp(cluster, overlay);
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${await explain(cluster)}`);
      }
    });
  });
}

/** Returns the catalog's port for `variable`, which kind/cluster.yaml publishes on this machine as Compose does. */
function publishedPort(variable: string): number {
  const ports = SERVICE_CATALOG.services.flatMap((service) => service.ports);
  const port = ports.find(({ published }) => published?.variable === variable)?.published?.port;
  if (!port) throw new Error(`The catalog publishes no port under ${variable}`);
  return port;
}

let code = 1;
try {
  code = await main();
} catch (error) {
  console.error(error instanceof UsageError || error instanceof Interrupted ? error.message : error);
  console.log("0 passed, 1 failed");
}
process.exit(code);
