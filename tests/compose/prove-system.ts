import type { AlertsReply, WorkersReply } from "../../contracts/api-queries.ts";
import type { DockerEngine } from "../containers/docker-engine.ts";
import { JOBS } from "../containers/job-mix.ts";
import { openTerminal, proveFourPaths, provePage } from "../containers/prove-front.ts";
import type { Report } from "../containers/report.ts";
import type { RunningSystem } from "../containers/running-system.ts";
import { createRandom } from "../support/random.ts";
import { startSteadyLoad } from "../support/steady-load.ts";
import { eventually } from "../support/wait.ts";
import type { ComposeProject, Container } from "./compose-project.ts";
import { killContainer } from "./kill-container.ts";
import { askEverything } from "./live-queries.ts";

const JOBS_PER_SECOND = 10;
const PROCESSORS = 3;
/** Stopping this service raises the alert. Until it is back, events wait in its queue and jobs keep running. */
const STOPPED = "metrics-engine";
const ALERT = "ServiceDown";
/**
 * The services that are killed only after the alert has resolved: the stopped service, because its absence raises the
 * alert, and the two services that detect and deliver the alert.
 */
const KILLED_LAST = new Set([STOPPED, "prometheus", "alertmanager"]);

export interface Proof {
  readonly project: ComposeProject;
  readonly engine: DockerEngine;
  readonly system: RunningSystem;
  readonly report: Report;
  readonly folder: string;
}

/** Runs all proofs on a healthy system. */
export async function proveSystem(proof: Proof): Promise<void> {
  const { report, system, folder, engine } = proof;
  await report.phase("four proof paths", () => proveFourPaths(proof));
  await report.phase("the page and its terminal", () => provePage(proof));

  const random = createRandom(1);
  const load = startSteadyLoad(system, { perSecond: JOBS_PER_SECOND, job: () => random.pick(JOBS)(random) });
  try {
    await report.phase(`${PROCESSORS} processors, SIGKILL of every container, an alert`, () =>
      proveFaults(proof),
    );
    await report.phase("restart", () => proveRestart(proof));
  } finally {
    await load.stop();
  }
  await report.phase("nothing lost", async () => {
    await report.check("every accepted job has ended", async () => {
      await system.untilEnded(load.accepted, 60_000);
      return `${load.accepted.length} accepted; refused: ${JSON.stringify(load.refusals)}`;
    });
    await report.check("the ledger settles without lost, unobserved or duplicated jobs", async () => {
      const ledger = await system.settledLedger(60_000);
      if (ledger.accepted < load.accepted.length)
        throw new Error(
          `the ledger counts ${ledger.accepted} jobs, expected at least ${load.accepted.length}`,
        );
      const { accepted, completed, failed, cancelled, rejected, deadLettered } = ledger;
      return `${accepted} accepted = ${completed} completed + ${failed} failed + ${cancelled} cancelled + ${rejected} rejected + ${deadLettered} dead-lettered`;
    });
  });
  await report.phase("every query of every rule and panel", () =>
    report.check("Prometheus answers every query of every rule and panel", async () => {
      const { asked, excused } = await eventually(
        async () => {
          const answers = await askEverything(system.prometheus, { folder, onStandIns: engine.isPrivate });
          if (answers.faults.length > 0) throw new Error(answers.faults.join("\n"));
          return answers;
        },
        { what: "every query to be answered", timeoutMs: 90_000, everyMs: 3_000 },
      );
      return [`${asked} asked`, ...excused].join("\n");
    }),
  );
}

async function proveScaling({ report, project, system }: Proof): Promise<void> {
  await project.compose("scale", `processor=${PROCESSORS}`);
  await report.check(`${PROCESSORS} processors are alive and run jobs`, async () => {
    const workers = await eventually(
      async () => {
        const { workers } = await system.get<WorkersReply>("/workers");
        const alive = workers.filter(({ state }) => state === "alive").map(({ id }) => id);
        const busy = await system.sql<{ worker_id: string; count: number }[]>`
          select worker_id, count(*)::int as count from job_attempts
          where worker_id = any(${alive}) group by worker_id`;
        return busy.length === PROCESSORS && busy;
      },
      { what: `${PROCESSORS} processors with attempts`, timeoutMs: 60_000, everyMs: 200 },
    );
    return `${workers.map(({ count }) => count).join(", ")} attempts`;
  });
}

async function proveFaults(proof: Proof): Promise<void> {
  const { project, report, engine, system } = proof;
  const kill = async (which: (service: string) => boolean) => {
    for (const container of await project.containers())
      if (which(container.service))
        await report.check(`SIGKILL ${container.name}`, () => killContainer(project, container, engine));
  };
  const alert = async (wanted: boolean, timeoutMs: number) => {
    const since = performance.now();
    await eventually(
      async () => {
        const { items } = await system.get<AlertsReply>("/alerts");
        return (
          items.some(
            ({ name, state, labels }) => name === ALERT && state === "firing" && labels.service === STOPPED,
          ) === wanted
        );
      },
      { what: `${ALERT} of ${STOPPED} ${wanted ? "in" : "to leave"} /alerts`, timeoutMs, everyMs: 1_000 },
    );
    return `after ${((performance.now() - since) / 1_000).toFixed(0)} s`;
  };

  await project.compose("stop", STOPPED);
  const fires = report.check(`${ALERT} fires while ${STOPPED} is stopped`, () => alert(true, 150_000));
  await proveScaling(proof);
  await kill((service) => !KILLED_LAST.has(service));
  await report.check("a terminal opens after SIGKILL of web-pty and nginx", () => openTerminal(system.page));
  await fires;
  await project.compose("start", STOPPED);
  await report.check(`${ALERT} resolves once ${STOPPED} runs again`, () => alert(false, 90_000));
  await kill((service) => KILLED_LAST.has(service));
}

/**
 * Restarts every container at once in no particular order, like a restart of the machine. On a Docker engine that is
 * not private to the test, restarts only the stores.
 */
async function proveRestart({ project, engine, report }: Proof): Promise<void> {
  await report.check(engine.restart ? "the Docker engine restarts" : "the stores restart", async () => {
    const before = await project.containers();
    if (engine.restart) await engine.restart();
    else await project.compose("restart", "rabbitmq", "postgres", "mongodb", "redis");
    const restartedAt = performance.now();
    const isHealthy = async ({ name }: Container) => {
      const now = (await project.containers()).find((one) => one.name === name);
      return now?.running === true && (await project.isHealthy(now));
    };
    await Promise.all(
      before.map((container) =>
        eventually(() => isHealthy(container), {
          what: `${container.name} to be healthy again`,
          timeoutMs: 90_000,
          everyMs: 1_500,
        }),
      ),
    );
    const seconds = ((performance.now() - restartedAt) / 1_000).toFixed(0);
    return `${before.length} containers are healthy after ${seconds} s`;
  });
}
