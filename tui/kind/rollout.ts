import { pause } from "../../shared/async.ts";
import { duration } from "../../shared/format.ts";
import { cleanLines } from "../cli/clean-text.ts";
import type { CliContext } from "../cli/context.ts";
import { CliError } from "../cli/failure.ts";
import { type Pod, troubleOf } from "./pods.ts";
import type { Say } from "./steps.ts";
import { kubectl } from "./tools.ts";

const LOOK_EVERY_MS = 1_000;
/** How long the rollout may take: long enough to pull gigabyte-sized images. */
const LIMIT_MS = 15 * 60_000;
/** How long to tolerate a problem that may resolve itself. */
const PATIENCE_MS = 120_000;
const LOG_LINES = 12;

interface Workload {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly generation: number };
  readonly spec: { readonly replicas?: number };
  readonly status: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

/** Whether every replica is available and has the newest revision, and no older replica is left. */
function isRolledOut({ metadata, spec, status }: Workload): boolean {
  const wanted = spec.replicas ?? 1;
  return (
    (status.observedGeneration ?? 0) >= metadata.generation &&
    (status.updatedReplicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted
  );
}

const list = async <T>(context: CliContext, kinds: string): Promise<readonly T[]> =>
  (JSON.parse(await kubectl(context, "get", kinds, "-o", "json")) as { items: T[] }).items;

export const readPods = (context: CliContext) => list<Pod>(context, "pods");

/**
 * Resolves with the names of the parts once all are running. Throws if a pod cannot run or the rollout takes too long.
 */
export async function awaitRollout(context: CliContext, say: Say): Promise<ReadonlySet<string>> {
  const giveUpAt = performance.now() + LIMIT_MS;
  const since = new Map<string, number>();
  for (;;) {
    const [workloads, pods] = await Promise.all([
      list<Workload>(context, "deployments,statefulsets"),
      readPods(context),
    ]);
    const behind = workloads.filter((one) => !isRolledOut(one)).map(({ metadata }) => metadata.name);
    // A part that was scaled to zero counts as rolled out but not as running.
    if (behind.length === 0)
      return new Set(workloads.flatMap(({ metadata, spec }) => (spec.replicas === 0 ? [] : metadata.name)));
    say(
      `${workloads.length - behind.length} of ${workloads.length} parts are running; missing: ${some(behind)}`,
    );
    await failOnTrouble(context, pods, since);
    if (performance.now() > giveUpAt)
      throw new CliError(
        1,
        `These parts are not running after ${duration(LIMIT_MS)}: ${behind.join(", ")}`,
        `\`odd-dashboard status --tier kind\` shows their pods`,
        "PODS_NOT_READY",
      );
    await pause(LOOK_EVERY_MS, context.signal);
    context.signal.throwIfAborted();
  }
}

const some = (names: readonly string[]) =>
  names.length > 4 ? `${names.slice(0, 4).join(", ")} and ${names.length - 4} more` : names.join(", ");

/** Throws if a pod's problem is final or has lasted too long. `since` records when each pod's problem began. */
async function failOnTrouble(
  context: CliContext,
  pods: readonly Pod[],
  since: Map<string, number>,
): Promise<void> {
  for (const pod of pods) {
    const { name } = pod.metadata;
    const trouble = pod.metadata.deletionTimestamp ? undefined : troubleOf(pod);
    if (!trouble) {
      since.delete(name);
      continue;
    }
    const seenAt = since.get(name) ?? performance.now();
    since.set(name, seenAt);
    if (!trouble.isFinal && performance.now() - seenAt < PATIENCE_MS) continue;
    if (trouble.hasLog) context.line(cleanLines(await lastWords(context, name)));
    throw new CliError(1, `${name}: ${trouble.reason}`, trouble.remedy, "PODS_NOT_READY");
  }
}

/** Returns the ended container's log or, because the runtime keeps few ended containers, its successor's log. */
async function lastWords(context: CliContext, pod: string): Promise<string> {
  const read = (...flags: string[]) =>
    kubectl(context, "logs", pod, `--tail=${LOG_LINES}`, ...flags).then(
      (text) => (text.startsWith("unable to retrieve container logs") ? "" : text),
      () => "",
    );
  const text = (await read("--previous")) || (await read());
  return text ? `${pod} last logged:\n${text}` : `No log of ${pod} is kept`;
}
