/** Sends spans to an OpenTelemetry collector over OTLP/HTTP. Spans that the collector does not accept are dropped: no request waits for it. */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { ServiceBroker } from "moleculer";
import type { TraceParent } from "./traceparent.ts";

/** Spans that may wait to be sent: two seconds of a busy process. Further ones are dropped. */
const MAX_WAITING = 16_384;
const SEND_EVERY_MS = 1_000;
const SEND_WITHIN_MS = 5_000;

/** A span that has begun. */
export interface OpenSpan {
  traceParent: TraceParent;
  describe(name: string, attributes: Record<string, string | number>): void;
  end(): void;
  /** Ends it as failed, with the error's type only. */
  fail(error: unknown): void;
}

/** The spans of one process. */
export interface Spans {
  /** @param parent undefined: a new trace @param isServer whether it is a request from outside of the mesh */
  begin(name: string, parent: TraceParent | undefined, isServer?: boolean): OpenSpan;
  /** Sends what waits. */
  close(): Promise<void>;
}

/** @param endpoint base URL of the collector, `http://127.0.0.1:4318` */
export function openSpans(endpoint: string, broker: ServiceBroker): Spans {
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, "")}/v1/traces`, timeoutMillis: SEND_WITHIN_MS });
  const processor = new BatchSpanProcessor({
    exporter,
    maxQueueSize: MAX_WAITING,
    scheduledDelayMillis: SEND_EVERY_MS,
    exportTimeoutMillis: SEND_WITHIN_MS,
  });
  const resource = resourceFromAttributes({
    "service.name": "openward",
    "service.namespace": broker.namespace,
    "service.instance.id": broker.nodeID,
  });
  const provider = new TracerProvider({ resource, spanProcessors: [processor] });
  const tracer = provider.getTracer("openward");
  return {
    begin(name, parent, isServer = false) {
      const context = parent
        ? trace.setSpanContext(ROOT_CONTEXT, { traceId: parent.traceId, spanId: parent.spanId, traceFlags: parent.flags, isRemote: true })
        : ROOT_CONTEXT;
      const span = tracer.startSpan(name, { kind: isServer ? SpanKind.SERVER : SpanKind.INTERNAL }, context);
      const { traceId, spanId, traceFlags } = span.spanContext();
      return {
        traceParent: { traceId, spanId, flags: traceFlags },
        describe: (told, attributes) => void span.updateName(told).setAttributes(attributes),
        end: () => span.end(),
        fail(error) {
          const { type } = (error ?? {}) as { type?: unknown };
          span.setAttribute("error.type", typeof type === "string" ? type.slice(0, 64) : "INTERNAL_ERROR");
          span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
    close: () => provider.shutdown().catch(() => {}), // fails if the collector is away, which is nobody else's fault
  };
}
