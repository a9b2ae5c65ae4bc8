import type { ServiceEntry } from "../../contracts/service-schema.ts";

export const CLUSTER = "task-observatory";
export const NAMESPACE = "task-observatory";

/** The label that selects a part's pods. */
export const selectorOf = (name: string) => ({ "app.kubernetes.io/name": name });

export const labelsOf = ({ name, role }: Pick<ServiceEntry, "name" | "role">) => ({
  ...selectorOf(name),
  "app.kubernetes.io/part-of": NAMESPACE,
  "observatory/role": role,
});

/** Kubernetes requires names when there are several ports. */
export const portName = (port: number) => `port-${port}`;

/** The range of node ports. */
const FIRST = 30_000;
const COUNT = 2_768;

/**
 * Returns the node port to which cluster.yaml maps a port of this machine. It follows from that port alone: a new part
 * moves no other, so an existing cluster keeps its mappings.
 */
export const nodePortOf = (port: number) => FIRST + (port % COUNT);
