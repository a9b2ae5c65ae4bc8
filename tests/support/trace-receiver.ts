import { traceIdOfJob } from "../../shared/traceparent.ts";

/** A received span, with its service's name and its attributes as plain values. */
export interface ReceivedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly error: string | undefined;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
/** The parts of OTLP's JSON ExportTraceServiceRequest that this receiver reads. */
interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string;
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly startTimeUnixNano: string;
        readonly endTimeUnixNano: string;
        readonly attributes: readonly Attribute[];
        readonly status: { readonly code?: number; readonly message?: string };
      }[];
    }[];
  }[];
}

/** Starts an OTLP/HTTP receiver, on a free port, that keeps every span it receives. */
export function startTraceReceiver() {
  const spans: ReceivedSpan[] = [];
  const tokens: (string | null)[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    routes: {
      "/v1/traces": {
        async POST(request) {
          tokens.push(request.headers.get("x-token"));
          spans.push(...spansOf((await request.json()) as ExportRequest));
          return Response.json({});
        },
      },
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    spans: spans as readonly ReceivedSpan[],
    /** The `x-token` header of each request. */
    tokens: tokens as readonly (string | null)[],
    ofTrace: (traceId: string) => spans.filter((span) => span.traceId === traceId),
    ofJob: (jobId: string) => spans.filter((span) => span.traceId === traceIdOfJob(jobId)),
    stop: () => server.stop(true),
  };
}

function spansOf({ resourceSpans }: ExportRequest): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans
      .flatMap(({ spans }) => spans)
      .map(({ attributes, startTimeUnixNano, endTimeUnixNano, status, ...span }) => ({
        ...span,
        service: String(factsOf(resource.attributes)["service.name"]),
        startMs: Number(startTimeUnixNano) / 1e6,
        endMs: Number(endTimeUnixNano) / 1e6,
        facts: factsOf(attributes),
        error: status.code === 2 ? (status.message ?? "") : undefined,
      })),
  );
}

function factsOf(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
