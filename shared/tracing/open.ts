import { TRACING_OFF, type Tracing, type TracingOptions } from "../tracing.ts";

/** Loads the exporter only if it is needed: it costs 2 MB of memory and a few milliseconds at startup. */
export async function openTracing({ endpoint, ...options }: TracingOptions): Promise<Tracing> {
  if (endpoint === undefined) return TRACING_OFF;
  const { createOtlpTracing } = await import("./otlp.ts");
  return createOtlpTracing({ ...options, endpoint });
}
