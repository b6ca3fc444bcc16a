/**
 * The trace of the current work (W3C Trace Context). It is sent with all calls in their meta, is in the log's lines, and, if
 * OTEL_EXPORTER_OTLP_ENDPOINT is set, goes to a collector (tracing.ts): a span for each action and each operation of a store, with names only.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { BrokerOptions, Context, ServiceBroker } from "moleculer";
import type { Config } from "./config.ts";
import type { CallFunction } from "./call-function.ts";
import { traceLinesBy } from "./log.ts";
import { traceParentIn, traceParentOf } from "./traceparent.ts";
import type { OpenSpan, Spans } from "./tracing.ts";

interface Place {
  /** For the log: the trace's id, or the request's if there is no trace. */
  trace: string | undefined;
  span: OpenSpan | undefined;
}

const current = new AsyncLocalStorage<Place>();
let spans: Spans | undefined;

/** Runs an operation as a span within that of the current action. @param name of the mesh only, without data */
export function inSpan<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const parent = current.getStore()?.span;
  if (!spans || !parent) return work();
  const span = spans.begin(name, parent.traceParent);
  const result = work();
  result.then(() => span.end(), span.fail);
  return result;
}

/** Describes the current action in its span. */
export function describeSpan(name: string, attributes: Record<string, string | number>): void {
  current.getStore()?.span?.describe(name, attributes);
}

/** The trace of an answer (the header `traceresponse`): its id, and the span that has answered. */
export function traceOfAnswer({ meta, locals }: Context): string | undefined {
  const own = (locals as { traceparent?: string } | null)?.traceparent ?? (meta as { traceparent?: string }).traceparent;
  return typeof own === "string" ? own : undefined;
}

/** Moleculer's middleware that knows the trace of each call; none if traces are not used. */
export function traceCalls({
  logFormat,
  otlpEndpoint,
  traceShare,
}: Pick<Config, "logFormat" | "otlpEndpoint" | "traceShare">): NonNullable<BrokerOptions["middlewares"]> {
  if (logFormat !== "json" && otlpEndpoint === undefined) return [];
  traceLinesBy(() => current.getStore()?.trace);
  const middleware = {
    name: "TraceCalls",
    async starting(broker: ServiceBroker) {
      if (otlpEndpoint === undefined) return;
      const { openSpans } = await import("./tracing.ts"); // 16 MB that are not needed otherwise
      spans = openSpans(otlpEndpoint, broker);
    },
    async stopped() {
      const ended = spans;
      spans = undefined;
      await ended?.close();
    },
    call(next: CallFunction): CallFunction {
      if (otlpEndpoint === undefined) return next;
      return (action, params, options) => {
        const span = current.getStore()?.span;
        if (!span) return next(action, params, options);
        const traceparent = traceParentOf(span.traceParent);
        return next(action, params, { ...options, meta: { ...options?.meta, traceparent } });
      };
    },
    localAction(next: (ctx: Context) => Promise<unknown>, { name = "" }: { name?: string }) {
      return (ctx: Context) => {
        const parent = traceParentIn((ctx.meta as { traceparent?: unknown }).traceparent);
        // The originator of the trace has decided whether it is recorded.
        const isRecorded = parent ? (parent.flags & 1) === 1 : ctx.level === 1 && Math.random() < traceShare;
        const span = isRecorded ? spans?.begin(name, parent, ctx.level === 1) : undefined;
        const trace = span?.traceParent.traceId ?? parent?.traceId ?? ctx.requestID ?? undefined;
        if (span && ctx.level === 1) (ctx.locals as { traceparent?: string }).traceparent = traceParentOf(span.traceParent);
        // A call within this process has the same trace already; setting it again would cost as much as the call.
        if (!span && current.getStore()?.trace === trace) return next(ctx);
        return current.run({ trace, span }, () => {
          const result = next(ctx);
          if (span) result.then(() => span.end(), span.fail);
          return result;
        });
      };
    },
  };
  return [middleware as never];
}
