import { Elysia } from "elysia";
import type { Edge } from "../../shared/http/edge.ts";
import type { createOps } from "../../shared/http/ops.ts";

/**
 * Serves web-pty's operational endpoints. They have their own port, because the terminals' port is reachable from
 * browsers.
 */
export function createApp({ edge, ops }: { edge: Edge; ops: ReturnType<typeof createOps> }) {
  return new Elysia().use(edge).use(ops);
}
