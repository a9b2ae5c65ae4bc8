import { TRACING_OFF, type Tracing, type TracingOptions } from "../tracing.ts";

/** What exports is loaded only when it is asked for: it costs a service 2 MB and some milliseconds of its start. */
export async function openTracing({ endpoint, ...options }: TracingOptions): Promise<Tracing> {
  if (endpoint === undefined) return TRACING_OFF;
  const { createOtlpTracing } = await import("./otlp.ts");
  return createOtlpTracing({ ...options, endpoint });
}
