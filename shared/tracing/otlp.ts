import {
  SpanKind as OtelKind,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  RandomIdGenerator,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { within } from "../async.ts";
import { messageOf } from "../errors.ts";
import { isSampled, parentIdOf, traceIdOf, traceIdOfJob } from "../traceparent.ts";
import type { JobSpan, SpanKind, Tracing, TracingOptions } from "../tracing.ts";
import { createClock } from "./clock.ts";
import { createExporter } from "./exporter.ts";

const KINDS: Readonly<Record<SpanKind, OtelKind>> = {
  internal: OtelKind.INTERNAL,
  server: OtelKind.SERVER,
  client: OtelKind.CLIENT,
  producer: OtelKind.PRODUCER,
  consumer: OtelKind.CONSUMER,
};

/** How many spans may wait to be sent; while that many wait, new spans are dropped. A span takes about 2 KB. */
const MAX_WAITING = 8_192;
const SEND_EVERY_MS = 1_000;
/** How long a stopping service tries to send its last spans if the receiver is slow or unreachable. */
const CLOSE_MS = 1_000;

/** Creates spans with OpenTelemetry's SDK, and sends them in batches as OTLP over HTTP (JSON). */
export function createOtlpTracing({
  endpoint,
  sampleRatio,
  service,
  version,
  instanceId,
  log,
}: TracingOptions & { endpoint: string }): Tracing {
  const now = createClock();
  const random = new RandomIdGenerator();
  // The trace id for the span that `begin` is about to start.
  let nextTraceId = "";
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      "service.name": service,
      "service.namespace": "task-observatory",
      "service.version": version,
      "service.instance.id": instanceId,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    idGenerator: { generateTraceId: () => nextTraceId, generateSpanId: () => random.generateSpanId() },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: createExporter({ endpoint, log }),
        maxQueueSize: MAX_WAITING,
        scheduledDelayMillis: SEND_EVERY_MS,
      }),
    ],
  });
  const tracer = provider.getTracer("task-observatory", version);

  return {
    on: true,
    begin(jobId, name, kind, at = now()) {
      nextTraceId = traceIdOfJob(jobId);
      return jobSpan(tracer.startSpan(name, { kind: KINDS[kind], startTime: at }, ROOT_CONTEXT), now);
    },
    span(name, kind, parent, at = now()) {
      if (!parent || !isSampled(parent)) return undefined;
      const context = trace.setSpanContext(ROOT_CONTEXT, {
        traceId: traceIdOf(parent),
        spanId: parentIdOf(parent),
        traceFlags: TraceFlags.SAMPLED,
        isRemote: true,
      });
      return jobSpan(tracer.startSpan(name, { kind: KINDS[kind], startTime: at }, context), now);
    },
    async close() {
      await within(CLOSE_MS, provider.shutdown(), "Exporting the spans").catch((error) =>
        log.debug("The newest spans were not exported", { reason: messageOf(error) }),
      );
    },
  };
}

function jobSpan(span: Span, now: () => number): JobSpan | undefined {
  if (!span.isRecording()) return undefined;
  const { traceId, spanId } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-01`,
    end(facts, error) {
      span.setAttributes(facts);
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
      span.end(now());
    },
  };
}
