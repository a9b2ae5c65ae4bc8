import { Elysia } from "elysia";
import type { Edge } from "../../shared/http/edge.ts";
import type { createOps } from "../../shared/http/ops.ts";

/** Serves only the metrics-engine's operations; the read-model serves its data. */
export function createApp({ edge, ops }: { edge: Edge; ops: ReturnType<typeof createOps> }) {
  return new Elysia().use(edge).use(ops);
}
