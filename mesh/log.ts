/**
 * The log: one line per event, `21:15:53.120 WARN  lab-4f2a9c transit: …`, or a JSON object. Under trouble a thing is said once and counted.
 * No line holds patient data: of objects only what is known to hold none is shown, of errors that are not ours nothing that is quoted.
 */
import { Loggers } from "moleculer";
import { visibleText } from "../fhir/visible-text.ts";
import type { LogFormat, LogLevel } from "./config.ts";
import { RepeatedLines } from "./repeated-lines.ts";

/** Moleculer's own parts, whose start-up chatter is for those who look for a fault: their info counts as debug. */
const FRAMEWORK = new Set(["broker", "registry", "transit", "cacher", "discovery", "middleware"]);
const CHATTER = /^Service '.*' (started|stopped)\.$/;
/** Fields of objects that Moleculer logs along with a line. */
const SHOWN = ["action", "code", "nodeID", "requestID", "service", "timeout", "type"] as const;

type Bindings = { nodeID: string; mod: string };
type Handler = (type: string, args: unknown[]) => void;

let traceOf = (): string | undefined => undefined;

/** Says where a line's trace id comes from. */
export function traceLinesBy(current: () => string | undefined): void {
  traceOf = current;
}

/** Moleculer's console logger, at this level and in this project's line format. */
export function consoleLogger(level: LogLevel, format: LogFormat = "text"): Loggers.Console {
  const isForFaults = level === "debug" || level === "trace";
  // Moleculer passes what its types leave out: where the line comes from.
  const formatter = (type: string, args: unknown[], ...[bindings]: Bindings[]) => {
    const text = onOneLine(args.map((arg) => show(arg, isForFaults)).join(" "));
    return [format === "json" ? jsonLine(type, bindings, text) : textLine(type, bindings, text)];
  };
  return new LineLogger({ level, colors: false, formatter }, isForFaults);
}

function textLine(type: string, bindings: Bindings | undefined, text: string): string {
  return `${new Date().toISOString().slice(11, 23)} ${type.toUpperCase().padEnd(5)} ${bindings?.nodeID} ${bindings?.mod}: ${text}`;
}

function jsonLine(level: string, bindings: Bindings | undefined, message: string): string {
  const trace = traceOf();
  const place = { node: bindings?.nodeID, module: bindings?.mod };
  return JSON.stringify({ time: new Date().toISOString(), level, ...place, ...(trace && { trace }), message });
}

class LineLogger extends Loggers.Console {
  readonly #repeated = new Set<RepeatedLines>();
  readonly #tellsAll: boolean;

  constructor(options: ConstructorParameters<typeof Loggers.Console>[0], tellsAll: boolean) {
    super(options);
    this.#tellsAll = tellsAll;
  }

  override getLogHandler(bindings: Bindings): Handler {
    const write = super.getLogHandler(bindings as never) as Handler;
    const isFramework = FRAMEWORK.has(bindings?.mod.toLowerCase());
    const repeated = new RepeatedLines((type, line) => write(type, [line]));
    this.#repeated.add(repeated);
    return (type, args) => {
      const isChatter = type === "info" && (isFramework || CHATTER.test(String(args[0])));
      const isCounted = !this.#tellsAll && (type === "warn" || type === "error");
      if (isCounted && repeated.isKnown(type, args.map((arg) => show(arg, false)).join(" "))) return;
      write(isChatter ? "debug" : type, args);
    };
  }

  /** What was only counted is said. */
  override async stop(): Promise<void> {
    for (const repeated of this.#repeated) repeated.end();
  }
}

function show(value: unknown, withStacks: boolean): string {
  if (value instanceof Error) return withStacks ? faultOf(value) : `${value.name}: ${messageOf(value)}`;
  if (typeof value !== "object" || value === null) return String(value);
  const shown = SHOWN.filter((name) => ["string", "number"].includes(typeof (value as Record<string, unknown>)[name]));
  return shown.map((name) => `${name}=${(value as Record<string, unknown>)[name]}`).join(" ");
}

/** An error with its stack, on one line. */
export function faultOf(error: Error): string {
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return onOneLine([`${error.name}: ${messageOf(error)}`, ...frames].join("\n"));
}

/** Nothing in it begins another line, or tells a terminal what to do. */
const onOneLine = (text: string): string => visibleText(text.replaceAll("\n", "\\n"));

/** Errors with a type are written by us, or Moleculer, and name only ids. Others may quote what they could not read. */
function messageOf(error: Error): string {
  if (typeof (error as { type?: unknown }).type === "string") return error.message;
  return error.message.replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '"…"');
}
