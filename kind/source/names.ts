import type { ServiceEntry } from "../../contracts/service-schema.ts";

export const CLUSTER = "task-observatory";
export const NAMESPACE = "task-observatory";

/** The label that selects the pods of one service or engine. */
export const selectorOf = (name: string) => ({ "app.kubernetes.io/name": name });

export const labelsOf = ({ name, role }: Pick<ServiceEntry, "name" | "role">) => ({
  ...selectorOf(name),
  "app.kubernetes.io/part-of": NAMESPACE,
  "observatory/role": role,
});

/** Returns a port's name, which Kubernetes requires if there are several ports. */
export const portName = (port: number) => `port-${port}`;

/** Kubernetes' range of node ports. */
const FIRST = 30_000;
const COUNT = 2_768;

/**
 * Returns the node port that cluster.yaml maps to a port of this machine. It depends only on that port. Adding a
 * service or engine therefore changes no other node port, and an existing cluster keeps its mappings.
 */
export const nodePortOf = (port: number) => FIRST + (port % COUNT);
