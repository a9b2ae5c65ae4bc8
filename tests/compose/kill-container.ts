import { signalProcess } from "../../shared/process-tree.ts";
import { eventually } from "../support/wait.ts";
import type { ComposeProject, Container } from "./compose-project.ts";

/**
 * Kills a container's first process with SIGKILL, and waits until the container has been restarted and is healthy.
 * After `docker kill`, the container engine would keep the container stopped, so the process is killed from outside. If
 * the container's processes are not visible from here, `docker kill` and then `docker start` are used.
 */
export async function killContainer(
  project: ComposeProject,
  { name }: Container,
  { isPrivate }: { isPrivate: boolean },
): Promise<string> {
  const find = async () => (await project.containers()).find((one) => one.name === name);
  const before = await find();
  if (!before?.running) throw new Error(`${name} is not running`);
  const killedAt = performance.now();
  if (!isPrivate) {
    await project.docker("kill", "--signal", "KILL", before.id);
    await project.docker("start", before.id);
  } else if (!signalProcess(before.pid, "SIGKILL")) throw new Error(`${name} has no process ${before.pid}`);

  const isBack = (now?: Container) => now?.running && now.startedAt !== before.startedAt && now;
  const after = await eventually(async () => isBack(await find()), {
    what: `${name} to be restarted`,
    timeoutMs: 30_000,
    everyMs: 100,
  });
  const startedMs = Math.round(performance.now() - killedAt);
  await eventually(() => project.isHealthy(after), {
    what: `${name} to be healthy`,
    timeoutMs: 60_000,
    everyMs: 300,
  });
  return `restarted after ${startedMs} ms, healthy after ${Math.round(performance.now() - killedAt)} ms`;
}
