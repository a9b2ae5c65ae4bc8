import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";

/**
 * Sends spans to `<endpoint>/v1/traces`. While the receiver is unreachable, spans are dropped. Each outage is logged
 * once when it begins, and once when it ends. The OpenTelemetry library itself reads the other `OTEL_*` variables for
 * headers, timeout, compression and certificates.
 */
export function createExporter({ endpoint, log }: { endpoint: string; log: Log }): SpanExporter {
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, "")}/v1/traces` });
  let isDown = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const { error } = result;
        if (error && !isDown)
          log.warn("Could not export traces; spans are dropped until exporting works again", {
            reason: messageOf(error),
          });
        else if (!error && isDown) log.info("Exporting traces works again");
        isDown = error !== undefined;
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}
