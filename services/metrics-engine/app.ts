import { Elysia } from "elysia";
import type { Edge } from "../../shared/http/edge.ts";
import type { createOps } from "../../shared/http/ops.ts";

/** The metrics-engine's HTTP side: operations only; its data is asked of the read-model. */
export function createApp({ edge, ops }: { edge: Edge; ops: ReturnType<typeof createOps> }) {
  return new Elysia().use(edge).use(ops);
}
