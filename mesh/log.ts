/**
 * The log: one line per event, `21:15:53.120 WARN  lab-4f2a9c transit: …`, or a JSON object. Repeated lines are written once, with a count.
 * No line contains patient data: of objects only known members are shown, of foreign errors no quoted text.
 */
import { Loggers } from "moleculer";
import { visibleText } from "../fhir/visible-text.ts";
import type { LogFormat, LogLevel } from "./config.ts";
import { RepeatedLines } from "./repeated-lines.ts";

/** Moleculer's own parts, whose messages at start are only of interest for debugging: their info counts as debug. */
const FRAMEWORK = new Set(["broker", "registry", "transit", "cacher", "discovery", "middleware"]);
const CHATTER = /^Service '.*' (started|stopped)\.$/;
/** Members of logged objects that are shown. */
const SHOWN = ["action", "code", "nodeID", "requestID", "service", "timeout", "type"] as const;

type Bindings = { nodeID: string; mod: string };
type Handler = (type: string, args: unknown[]) => void;

let traceOf = (): string | undefined => undefined;

/** Sets the source of the lines' trace ids. */
export function traceLinesBy(current: () => string | undefined): void {
  traceOf = current;
}

/** Moleculer's console logger with this level and this project's line format. */
export function consoleLogger(level: LogLevel, format: LogFormat = "text"): Loggers.Console {
  const isForFaults = level === "debug" || level === "trace";
  // Moleculer passes an argument that its types omit: the origin of the line.
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

  /** Writes the counts of repeated lines. */
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

/** Makes a text safe for one line of a terminal. */
const onOneLine = (text: string): string => visibleText(text.replaceAll("\n", "\\n"));

/** Errors with a type are ours, or Moleculer's, and contain only ids. Others may quote what they could not read. */
function messageOf(error: Error): string {
  if (typeof (error as { type?: unknown }).type === "string") return error.message;
  return error.message.replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '"…"');
}
