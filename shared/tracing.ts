import type { Log } from "./log.ts";

export type SpanKind = "server" | "producer" | "consumer" | "client" | "internal";
export type SpanFacts = Readonly<Record<string, string | number | boolean>>;

/** A step in a job's trace, in progress. A span that is never ended is not exported. */
export interface JobSpan {
  /** Pass this header on to make later work a child of this span. */
  readonly traceparent: string;
  /** Ends the span; `error` says what went wrong. */
  end(facts: SpanFacts, error?: string): void;
}

/**
 * Creates spans of job traces. There is no span if tracing is off or the trace is not sampled, so callers write
 * `span?.end({ … })`, which then costs only a comparison.
 */
export interface Tracing {
  readonly on: boolean;
  /** Begins the trace of a job that was submitted without one; undefined if the trace is not sampled. */
  begin(jobId: string, name: string, kind: SpanKind, at?: number): JobSpan | undefined;
  /**
   * Begins a child span of `parent`; undefined if there is no parent or it is not sampled. `at` is in milliseconds
   * since 1970.
   */
  span(name: string, kind: SpanKind, parent: string | null | undefined, at?: number): JobSpan | undefined;
  /** Sends the waiting spans; gives up after about a second. */
  close(): Promise<void>;
}

export const TRACING_OFF: Tracing = {
  on: false,
  begin: () => undefined,
  span: () => undefined,
  close: async () => undefined,
};

export interface TracingOptions {
  /** The base URL of an OTLP receiver over HTTP; if undefined, tracing is off. */
  readonly endpoint: string | undefined;
  /** The share of new traces that are sampled, from 0 to 1. */
  readonly sampleRatio: number;
  readonly service: string;
  readonly version: string;
  readonly instanceId: string;
  readonly log: Log;
}
