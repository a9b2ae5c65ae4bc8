import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";

/**
 * Sends spans to `<endpoint>/v1/traces`. If the receiver is unreachable, spans are dropped and a warning is logged
 * once. Another line reports that the receiver is back. The library itself reads OpenTelemetry's other variables:
 * headers, timeout, compression, certificates.
 */
export function createExporter({ endpoint, log }: { endpoint: string; log: Log }): SpanExporter {
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, "")}/v1/traces` });
  let isDown = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const { error } = result;
        if (error && !isDown)
          log.warn("Could not export traces; spans that do not fit into the buffer are dropped", {
            reason: messageOf(error),
          });
        else if (!error && isDown) log.info("Traces are exported again");
        isDown = error !== undefined;
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}
