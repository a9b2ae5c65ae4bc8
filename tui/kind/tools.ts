import { CLUSTER, NAMESPACE } from "../../kind/source/names.ts";
import { messageOf } from "../../shared/errors.ts";
import { runTool } from "../../shared/run-tool.ts";
import type { CliContext } from "../cli/context.ts";
import { CliError } from "../cli/failure.ts";
import { projectDir } from "../launch/place.ts";

/** Returns the path of the clone with the manifests and the images' sources; throws in a compiled binary. */
export function clone(): string {
  if (projectDir !== undefined) return projectDir;
  throw new CliError(
    1,
    "The kind tier takes its manifests and images from a clone of the project",
    "Clone it and use `bun run up --tier kind` there",
    "NO_CLONE",
  );
}

/** Runs a program in the clone and resolves with its output. If it fails, throws its last lines with `remedy`. */
export async function tool(
  { signal }: Pick<CliContext, "signal">,
  command: string[],
  remedy: string,
): Promise<string> {
  try {
    return await runTool(command, { signal, cwd: projectDir });
  } catch (error) {
    signal.throwIfAborted();
    throw new CliError(1, messageOf(error), remedy, "KIND_FAILED");
  }
}

/** Runs kubectl on the kind tier's cluster, regardless of the current context. */
export const kubectl = (context: Pick<CliContext, "signal">, ...args: string[]) =>
  tool(
    context,
    ["kubectl", "--context", `kind-${CLUSTER}`, "--namespace", NAMESPACE, ...args],
    `See the cluster's events: kubectl --context kind-${CLUSTER} --namespace ${NAMESPACE} get events`,
  );

/** Returns the clusters that kind runs on this machine. */
export const clusters = async (context: Pick<CliContext, "signal">) =>
  (await tool(context, ["kind", "get", "clusters"], "`odd-dashboard doctor` checks kind and Docker")).split(
    "\n",
  );
