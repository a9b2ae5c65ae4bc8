/**
 * The versions of the programs from which a cluster is built if no image can be pulled. A test checks that the modules
 * in gomod/ require the same versions.
 */
export const VERSIONS = {
  kubernetes: "1.36.3",
  kind: "0.33.0",
  etcd: "3.6.13",
  coredns: "1.14.2",
} as const;

/** The Debian release of a node, with containerd 1.6 and runc 1.1. */
export const NODE_RELEASE = "bookworm";
