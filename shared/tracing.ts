import type { Log } from "./log.ts";

export type SpanKind = "server" | "producer" | "consumer" | "client" | "internal";
export type SpanFacts = Readonly<Record<string, string | number | boolean>>;

/** A step of a job's trace in progress. One that is never ended is not exported. */
export interface JobSpan {
  /** Makes subsequent work a child of this span. */
  readonly traceparent: string;
  /** `error` says what went wrong. */
  end(facts: SpanFacts, error?: string): void;
}

/**
 * Spans of job traces. Where tracing is off, or this trace is not sampled, there is no span: callers write
 * `span?.end({ … })`, which then costs only a comparison.
 */
export interface Tracing {
  readonly on: boolean;
  /** Begins the trace of a new job that came without one; undefined when it is not sampled. */
  begin(jobId: string, name: string, kind: SpanKind, at?: number): JobSpan | undefined;
  /**
   * Begins a step after `parent`; undefined when there is no parent or it is not sampled. `at` is in milliseconds
   * since 1970.
   */
  span(name: string, kind: SpanKind, parent: string | null | undefined, at?: number): JobSpan | undefined;
  /** Sends the waiting spans, within about a second. */
  close(): Promise<void>;
}

export const TRACING_OFF: Tracing = {
  on: false,
  begin: () => undefined,
  span: () => undefined,
  close: async () => undefined,
};

export interface TracingOptions {
  /** Base URL of an OTLP receiver over HTTP; tracing is off when undefined. */
  readonly endpoint: string | undefined;
  /** Share of new traces that are sampled, 0 to 1. */
  readonly sampleRatio: number;
  readonly service: string;
  readonly version: string;
  readonly instanceId: string;
  readonly log: Log;
}
