/** What a cluster is built of where no image can be pulled. The modules in gomod/ require the same, which a test checks. */
export const VERSIONS = {
  kubernetes: "1.36.3",
  kind: "0.33.0",
  etcd: "3.6.13",
  coredns: "1.14.2",
} as const;

/** The Debian release of a node: containerd 1.6, runc 1.1. */
export const NODE_RELEASE = "bookworm";
