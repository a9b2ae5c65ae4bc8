import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { userCache } from "../../tui/engines/user-cache.ts";
import { unpackPackages } from "./debian.ts";
import type { DockerEngine } from "./docker-engine.ts";

/**
 * The engine's environment with a working `docker compose` and `docker buildx`, unpacked from Debian where the machine
 * lacks them.
 */
export async function withCompose(
  { env }: DockerEngine,
  say: (line: string) => void,
): Promise<Readonly<Record<string, string | undefined>>> {
  if (["compose", "buildx"].every((plugin) => works(plugin, env))) return env;
  const root = join(userCache(), "docker-plugins");
  const config = join(root, "usr/libexec/docker");
  if (!existsSync(join(config, "cli-plugins/docker-compose"))) {
    say("fetching the Compose plugin from Debian");
    mkdirSync(root, { recursive: true });
    await unpackPackages(["docker-compose", "docker-buildx"], root, `${root}.apt`);
  }
  // A separate configuration folder: the packages install their plugins into a folder that the client searches.
  const ours = { ...env, DOCKER_CONFIG: config };
  if (!works("compose", ours))
    throw new Error(`The Compose plugin in ${config} does not run on this machine`);
  return ours;
}

function works(plugin: string, env: Readonly<Record<string, string | undefined>>): boolean {
  return Bun.spawnSync(["docker", plugin, "version"], { env, stdout: "ignore", stderr: "ignore" }).success;
}
