import { expect, test } from "bun:test";
import { isReady, type Pod, troubleOf } from "./pods.ts";

type Status = NonNullable<Pod["status"]["containerStatuses"]>[number];

const podOf = (container: Partial<Status>, status: Partial<Pod["status"]> = {}): Pod => ({
  metadata: { name: "redis-0" },
  spec: {
    nodeName: "worker",
    containers: [{ image: "redis:8", resources: { limits: { memory: "512Mi" } } }],
  },
  status: {
    phase: "Running",
    containerStatuses: [{ ready: false, restartCount: 0, state: {}, ...container }],
    ...status,
  },
});

test("no problem is reported for a pod that is starting or running", () => {
  expect(troubleOf(podOf({ state: { waiting: { reason: "ContainerCreating" } } }))).toBeUndefined();
  expect(troubleOf(podOf({ state: { running: {} } }))).toBeUndefined();
  const container = { ready: true, state: { running: {} } };
  const running = podOf(container, { conditions: [{ type: "Ready", status: "True" }] });
  expect([troubleOf(running), isReady(running)]).toEqual([undefined, true]);
  const lost = podOf(container, { conditions: [{ type: "Ready", status: "False", reason: "NodeLost" }] });
  expect(isReady(lost)).toBe(false);
});

test("a failed image pull is reported with the image and the registry's message", () => {
  const message = 'pull access denied for "redis:8"';
  expect(troubleOf(podOf({ state: { waiting: { reason: "ImagePullBackOff", message } } }))).toMatchObject({
    reason: `redis:8 could not be pulled (ImagePullBackOff: ${message})`,
    remedy: expect.stringContaining("docker pull redis:8"),
    hasLog: false,
  });
});

test("a container that ran out of memory is reported with its limit", () => {
  const terminated = { reason: "OOMKilled", exitCode: 137 };
  const pod = podOf({
    restartCount: 1,
    state: { waiting: { reason: "CrashLoopBackOff" } },
    lastState: { terminated },
  });
  expect(troubleOf(pod)).toMatchObject({
    reason: "it ran out of memory (OOMKilled at its limit of 512Mi)",
    hasLog: true,
    isFinal: false,
  });
});

test("waiting for a crashing pod ends after its third restart", () => {
  const crashed = (restartCount: number) =>
    troubleOf(podOf({ restartCount, state: { terminated: { reason: "Error", exitCode: 1 } } }));
  expect(crashed(1)).toMatchObject({ reason: "it crashed with code 1, 1 restart so far", isFinal: false });
  expect(crashed(3)).toMatchObject({ hasLog: true, isFinal: true });
});

test("a pod that fits on no node is reported with the scheduler's message", () => {
  const pod = podOf(
    {},
    {
      phase: "Pending",
      containerStatuses: [],
      conditions: [
        {
          type: "PodScheduled",
          status: "False",
          reason: "Unschedulable",
          message: "0/3 nodes: Insufficient cpu",
        },
      ],
    },
  );
  expect(troubleOf(pod)?.reason).toBe("no node has room: 0/3 nodes: Insufficient cpu");
});

test("a missing Secret is reported with Kubernetes' message", () => {
  const waiting = { reason: "CreateContainerConfigError", message: 'secret "logins" not found' };
  expect(troubleOf(podOf({ state: { waiting } }))?.reason).toContain('secret "logins" not found');
});
