import { join } from "node:path";
import { SERVICE_CATALOG } from "../../contracts/services.ts";
import { CLUSTER } from "../../kind/source/names.ts";
import type { CliContext } from "../cli/context.ts";
import { checkTools } from "../cli/doctor/tools.ts";
import { CliError } from "../cli/failure.ts";
import { isFree } from "../engines/port.ts";
import { findPortHolder } from "../launch/port-holder.ts";
import { keepingContext } from "./kubectl-context.ts";
import { clone, clusters, tool } from "./tools.ts";

const NEEDED = ["container-engine", "compose", "kubectl", "kind"];

/** Throws an error with the first missing tool and its remedy, or returns a summary of the tools. */
export async function checkPrerequisites(): Promise<string> {
  const checks = (await checkTools()).filter(({ id }) => NEEDED.includes(id));
  const missing = checks.find(({ status }) => status !== "OK");
  if (missing) throw new CliError(1, `${missing.name}: ${missing.detail}`, missing.remedy ?? "", "NO_ENGINE");
  return checks.map(({ name, detail }) => `${name}: ${detail}`).join("; ");
}

/** Creates the cluster, or starts an existing cluster's nodes. kubectl keeps the context that the user chose. */
export async function ensureCluster(context: CliContext): Promise<string> {
  if ((await clusters(context)).includes(CLUSTER))
    return await keepingContext(context, () => wakeCluster(context));
  await checkPorts();
  return await keepingContext(context, () => makeCluster(context));
}

async function makeCluster(context: CliContext): Promise<string> {
  const config = join(clone(), "kind/cluster.yaml");
  await tool(
    context,
    ["kind", "create", "cluster", "--name", CLUSTER, "--config", config, "--wait", "300s"],
    "kind's own error is above; https://kind.sigs.k8s.io/docs/user/known-issues explains the common ones",
  );
  return `created the cluster ${CLUSTER}`;
}

/** Starts the nodes, whose containers stay stopped after the machine restarts. */
async function wakeCluster(context: CliContext): Promise<string> {
  const broken = `\`odd-dashboard down --tier kind\` deletes the cluster; \`up --tier kind\` then creates another`;
  const nodes = (await tool(context, ["kind", "get", "nodes", "--name", CLUSTER], broken)).split("\n");
  await tool(context, ["docker", "start", ...nodes], broken);
  await tool(context, ["kind", "export", "kubeconfig", "--name", CLUSTER], broken);
  const ready = ["wait", "--for=condition=Ready", "nodes", "--all", "--timeout=180s"];
  await tool(context, ["kubectl", "--context", `kind-${CLUSTER}`, ...ready], broken);
  return `the cluster ${CLUSTER} exists, so it is updated`;
}

/** Throws if another program holds a port that the cluster needs. kind's own error would not name that program. */
async function checkPorts(): Promise<void> {
  for (const { name, ports } of SERVICE_CATALOG.services)
    for (const { published } of ports)
      if (published && !(await isFree(published.port)))
        throw new CliError(
          1,
          `Port ${published.port}, which ${name} needs, is taken by ${findPortHolder(published.port) ?? "another program"}`,
          "Stop that program; if it is a container of Compose: odd-dashboard down --tier compose",
          "PORT_TAKEN",
        );
}

/** Deletes the cluster and everything in it. */
export async function kindDown(context: CliContext): Promise<void> {
  await checkPrerequisites();
  if (!(await clusters(context)).includes(CLUSTER))
    throw new CliError(
      1,
      `There is no cluster ${CLUSTER}`,
      "`kind get clusters` lists the existing clusters",
      "NOTHING_RUNS",
    );
  await tool(
    context,
    ["kind", "delete", "cluster", "--name", CLUSTER],
    "Its nodes are containers: `docker ps` lists what is left",
  );
  context.line(`Deleted the cluster ${CLUSTER} with its data; the images built for it stay in Docker`);
}
