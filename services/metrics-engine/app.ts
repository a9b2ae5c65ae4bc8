import { Elysia } from "elysia";
import type { Edge } from "../../shared/http/edge.ts";
import type { createOps } from "../../shared/http/ops.ts";

/** Serves only operational endpoints; the read-model serves the data that the metrics-engine stores. */
export function createApp({ edge, ops }: { edge: Edge; ops: ReturnType<typeof createOps> }) {
  return new Elysia().use(edge).use(ops);
}
