import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { userCache } from "../../tui/engines/user-cache.ts";
import { unpackPackages } from "./debian.ts";
import type { DockerEngine } from "./docker-engine.ts";

/**
 * Returns the engine's environment with a working `docker compose` and `docker buildx`. Unpacks them from Debian
 * packages if the machine lacks them.
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
  // A separate configuration folder, where the client searches for plugins.
  const ours = { ...env, DOCKER_CONFIG: config };
  if (!works("compose", ours))
    throw new Error(`The Compose plugin in ${config} does not run on this machine`);
  return ours;
}

function works(plugin: string, env: Readonly<Record<string, string | undefined>>): boolean {
  return Bun.spawnSync(["docker", plugin, "version"], { env, stdout: "ignore", stderr: "ignore" }).success;
}
