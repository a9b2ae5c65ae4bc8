import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { duration } from "../../shared/format.ts";
import type { CliContext } from "../cli/context.ts";
import { CliError } from "../cli/failure.ts";
import { formatTable } from "../launch/table.ts";
import { addressesOf } from "./addresses.ts";
import { checkPrerequisites, ensureCluster } from "./cluster.ts";
import { buildImages, loadImages, render, writeKustomization } from "./images.ts";
import { awaitRollout } from "./rollout.ts";
import { createSteps } from "./steps.ts";
import { clone, kubectl } from "./tools.ts";
import { checkPorts, runOneJob } from "./verify.ts";

/** Starts the cluster, or updates it by replacing each part whose image or manifest has changed. */
export async function kindUp(context: CliContext, ownOverlay: string | undefined): Promise<void> {
  const overlay = resolve(ownOverlay ?? join(clone(), "kind/overlays/local"));
  if (!existsSync(join(overlay, "kustomization.yaml")))
    throw new CliError(2, `${overlay} has no kustomization.yaml`, "Name the folder of a Kustomize overlay");
  const steps = createSteps(context);
  await steps.run("prereqs", async (say) => {
    say("docker, Compose, kubectl and kind");
    return await checkPrerequisites();
  });
  await steps.run("cluster", async (say) => {
    say("its nodes, about a minute the first time");
    return await ensureCluster(context);
  });
  let built: Awaited<ReturnType<typeof buildImages>> = [];
  await steps.run("images", async (say) => {
    say("docker compose build");
    built = await buildImages(context);
    return `${built.length} images, each tagged by its content`;
  });
  const folder = writeKustomization(overlay, built);
  const rendered = await render(context, folder);
  await steps.run("load", (say) => loadImages(context, rendered, built, say));
  await steps.run("deploy", async (say) => {
    say("kubectl apply");
    const flags = ["--server-side", "--force-conflicts", "--field-manager=odd-dashboard"];
    const changed = await kubectl(context, "apply", ...flags, "-k", folder);
    return `applied ${changed.split("\n").length} objects`;
  });
  let runs: ReadonlySet<string> = new Set();
  await steps.run("pods", async (say) => {
    runs = await awaitRollout(context, say);
    return `${runs.size} parts are running`;
  });
  await steps.run("ports", async (say) => {
    say("every published port");
    return await checkPorts(context, runs);
  });
  await steps.run("verify", async (say) => {
    say("one job");
    return await runOneJob(context);
  });
  const { width, paint } = context.style;
  const table = formatTable(addressesOf(runs), width, paint);
  context.line(`Up in ${duration(steps.elapsedMs)}\n\n${table}\n`);
  context.line("odd-dashboard status --tier kind shows the pods; down --tier kind deletes the cluster.");
}
