import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { VERSIONS } from "./versions.ts";

const MODULES = {
  kubernetes: "k8s.io/kubernetes",
  kind: "sigs.k8s.io/kind",
  etcd: "go.etcd.io/etcd/server/v3",
  coredns: "github.com/coredns/coredns",
} as const;

test("the Go modules require the pinned versions", () => {
  for (const [name, version] of Object.entries(VERSIONS)) {
    const module = MODULES[name as keyof typeof MODULES];
    const text = readFileSync(join(import.meta.dir, "gomod", name, "go.mod"), "utf8");
    const required = new RegExp(`^(?:require|\\t)\\s*${module} v(\\S+)$`, "m").exec(text)?.[1];
    expect({ name, required }).toEqual({ name, required: version });
  }
});
