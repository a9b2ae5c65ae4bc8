import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "./compose-file.ts";
import { NAMESPACE } from "./names.ts";

const FILE = "compose/nginx/observatory.conf";
const DOCKER = /^ *# Docker's own name server.*\n *resolver 127\.0\.0\.11 valid=5s ipv6=off;$/m;

/**
 * Returns Compose's nginx configuration with the cluster's name server. nginx resolves names itself and ignores search
 * domains, so services need fully qualified names.
 */
export function nginxConfig(): string {
  const text = readFileSync(join(PROJECT, FILE), "utf8");
  if (!DOCKER.test(text))
    throw new Error(`${FILE} has a different resolver than kind/source/page.ts expects`);
  return text
    .replace(
      DOCKER,
      "  # The cluster's name server. Resolved addresses stay valid, because a Service keeps its address when pods are replaced.\n" +
        "  resolver kube-dns.kube-system.svc.cluster.local valid=5s ipv6=off;",
    )
    .replaceAll(/^( *set \$\w+ http:\/\/[a-z-]+)(:\d+;)$/gm, `$1.${NAMESPACE}.svc.cluster.local$2`);
}
