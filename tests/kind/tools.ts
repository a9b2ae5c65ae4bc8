import { existsSync } from "node:fs";
import { join } from "node:path";
import { withCompose } from "../containers/compose-plugin.ts";
import type { DockerEngine } from "../containers/docker-engine.ts";
import type { Work } from "./go-programs.ts";
import { buildNodeImage, type Env } from "./node-image.ts";

export interface ClusterTools {
  /** The environment for docker, kind and kubectl. */
  readonly env: Env;
  /** The node image; undefined to use kind's default image. */
  readonly image?: string;
}

/**
 * Uses the user's kind and kubectl with the official images if the user's Docker engine answers. On a private engine,
 * builds everything from Debian packages and Go modules.
 */
export async function openTools(engine: DockerEngine, folder: string, work: Work): Promise<ClusterTools> {
  const env: Env = { ...(await withCompose(engine, work.say)), KUBECONFIG: join(folder, "kubeconfig") };
  if (engine.isPrivate) {
    if (existsSync("/sys/fs/cgroup/cgroup.controllers"))
      throw new Error(
        "The node image built here runs only on cgroup v1; start a Docker engine that can pull images",
      );
    const { image, programs } = await buildNodeImage(env, work);
    const path = [programs.kind, programs.kubernetes, env.PATH].join(":");
    return { env: { ...env, PATH: path }, image };
  }
  const missing = ["kind", "kubectl"].filter((program) => !Bun.which(program));
  if (missing.length > 0)
    throw new Error(
      `${missing.join(" and ")} is not on the PATH; \`odd-dashboard doctor\` says how to install it`,
    );
  return { env };
}
