import { projectDir } from "../launch/place.ts";
import type { CliContext } from "./context.ts";
import { CliError } from "./failure.ts";

/** Starts every container in compose.yaml and resolves when all are healthy. Docker prints its own progress. */
export async function composeUp(context: CliContext): Promise<void> {
  await compose(context, "up", "--detach", "--wait", "--build");
  context.line(
    "The system runs in containers. odd-dashboard down --tier compose stops it; its data is kept in volumes.",
  );
}

/** Stops and removes the containers but keeps their volumes. */
export async function composeDown(context: CliContext): Promise<void> {
  await compose(context, "down");
  context.line("Stopped; jobs and events are kept in Docker's volumes");
}

async function compose({ signal }: CliContext, ...args: string[]): Promise<void> {
  if (projectDir === undefined)
    throw new CliError(
      1,
      "The compose tier builds its images from a clone of the project",
      "Clone it and use `bun run odd-dashboard` there",
      "NO_CLONE",
    );
  if (!Bun.which("docker"))
    throw new CliError(
      1,
      "docker is not on the PATH",
      "`odd-dashboard doctor` shows the command that installs it",
      "NO_ENGINE",
    );
  const child = Bun.spawn(["docker", "compose", ...args], {
    cwd: projectDir,
    stdio: ["ignore", "inherit", "inherit"],
    signal,
  });
  const code = await child.exited;
  signal.throwIfAborted();
  if (code !== 0)
    throw new CliError(
      1,
      `docker compose ${args[0]} exited with code ${code}; its output is above`,
      "`odd-dashboard doctor` checks the container engine, Compose and the ports",
      "COMPOSE_FAILED",
    );
}
