import { CLUSTER, NAMESPACE } from "../../kind/source/names.ts";

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly terminated?: { readonly reason?: string; readonly exitCode: number };
  readonly running?: object;
}

/** A pod's fields that we read from `kubectl get pods -o json`. */
export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly {
      readonly image: string;
      readonly resources?: { readonly limits?: { readonly memory?: string } };
    }[];
  };
  readonly status: {
    readonly phase: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly containerStatuses?: readonly {
      readonly ready: boolean;
      readonly restartCount: number;
      readonly state: ContainerState;
      readonly lastState?: ContainerState;
    }[];
  };
}

/** Why a pod is not running, with Kubernetes' own message, and what to do about it. */
export interface Trouble {
  readonly reason: string;
  readonly remedy: string;
  /** Whether the pod's last log lines may explain more. */
  readonly hasLog: boolean;
  /** Whether waiting any longer is pointless, because the container has ended and been restarted several times. */
  readonly isFinal: boolean;
}

const CRASHES = 3;

/**
 * Whether a pod is ready. Reads the pod's `Ready` condition, because the states of containers are not updated after
 * their node is lost.
 */
export const isReady = ({ status }: Pod) =>
  status.conditions?.find(({ type }) => type === "Ready")?.status === "True";

export const restartsOf = ({ status }: Pod) =>
  (status.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0);

/** Returns what keeps a pod from running; undefined if it is starting normally or running. */
export function troubleOf(pod: Pod): Trouble | undefined {
  const unscheduled = pod.status.conditions?.find(
    ({ type, status, reason }) => type === "PodScheduled" && status === "False" && reason === "Unschedulable",
  );
  if (unscheduled)
    return {
      reason: `no node has room: ${unscheduled.message ?? "the scheduler reports no reason"}`,
      remedy: "Assign more memory and CPUs to Docker, or lower the requests in your own overlay",
      hasLog: false,
      isFinal: false,
    };
  const [container] = pod.status.containerStatuses ?? [];
  if (!container || container.ready) return undefined;
  return waitingTrouble(pod, container.state) ?? endedTrouble(pod, container);
}

function waitingTrouble({ spec }: Pod, { waiting }: ContainerState): Trouble | undefined {
  const image = spec.containers[0]?.image ?? "its image";
  const said = waiting?.message ? `: ${waiting.message}` : "";
  switch (waiting?.reason) {
    case "ErrImagePull":
    case "ImagePullBackOff":
    case "ErrImageNeverPull":
    case "InvalidImageName":
      return {
        reason: `${image} could not be pulled (${waiting.reason}${said})`,
        remedy: `Check the network and the name; after \`docker pull ${image}\`, \`up\` loads it from this machine`,
        hasLog: false,
        isFinal: false,
      };
    case "CreateContainerConfigError":
    case "CreateContainerError":
    case "RunContainerError":
      return {
        reason: `its container could not be created (${waiting.reason}${said})`,
        remedy: "A Secret, a ConfigMap or a key that it needs is missing from the overlay",
        hasLog: false,
        isFinal: false,
      };
    default:
      return undefined;
  }
}

type ContainerStatus = NonNullable<Pod["status"]["containerStatuses"]>[number];

function endedTrouble({ metadata, spec }: Pod, { state, lastState, restartCount }: ContainerStatus) {
  const end = state.terminated ?? lastState?.terminated;
  if (!end) return undefined;
  const isFinal = restartCount >= CRASHES;
  if (end.reason === "OOMKilled") {
    const limit = spec.containers[0]?.resources?.limits?.memory;
    return {
      reason: `it ran out of memory (OOMKilled${limit ? ` at its limit of ${limit}` : ""})`,
      remedy: "Raise its memory limit in your own overlay",
      hasLog: true,
      isFinal,
    };
  }
  return {
    reason: `it crashed with code ${end.exitCode}, ${restartCount} ${restartCount === 1 ? "restart" : "restarts"} so far`,
    remedy: `Its whole log: kubectl --context kind-${CLUSTER} -n ${NAMESPACE} logs ${metadata.name} --previous`,
    hasLog: true,
    isFinal,
  };
}
