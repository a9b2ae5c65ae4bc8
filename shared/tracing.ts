import type { Log } from "./log.ts";

export type SpanKind = "server" | "producer" | "consumer" | "client" | "internal";
export type SpanFacts = Readonly<Record<string, string | number | boolean>>;

/** A step of a job's trace that is under way. One that is never ended is not exported. */
export interface JobSpan {
  /** Makes what follows a child of this span. */
  readonly traceparent: string;
  /** `error` says what went wrong. */
  end(facts: SpanFacts, error?: string): void;
}

/**
 * Spans of the traces of jobs. Where traces are off, or this one is not sampled, there is no span: callers write
 * `span?.end({ … })`, which then costs a comparison.
 */
export interface Tracing {
  readonly on: boolean;
  /** Begins the trace of a new job that came without one; undefined when it is not sampled. */
  begin(jobId: string, name: string, kind: SpanKind, at?: number): JobSpan | undefined;
  /** A step after `parent`; undefined when there is none or it is not sampled. `at` is in milliseconds since 1970. */
  span(name: string, kind: SpanKind, parent: string | null | undefined, at?: number): JobSpan | undefined;
  /** Send what waits, within about a second. */
  close(): Promise<void>;
}

export const TRACING_OFF: Tracing = {
  on: false,
  begin: () => undefined,
  span: () => undefined,
  close: async () => undefined,
};

export interface TracingOptions {
  /** Base URL of an OTLP receiver over HTTP; undefined: traces are off. */
  readonly endpoint: string | undefined;
  /** Share of new traces that are sampled, 0 to 1. */
  readonly share: number;
  readonly service: string;
  readonly version: string;
  readonly instanceId: string;
  readonly log: Log;
}

/** What exports is loaded only when it is asked for: it costs a service 2 MB and some milliseconds of its start. */
export async function openTracing({ endpoint, ...options }: TracingOptions): Promise<Tracing> {
  if (endpoint === undefined) return TRACING_OFF;
  const { createOtlpTracing } = await import("./tracing/otlp.ts");
  return createOtlpTracing({ ...options, endpoint });
}
