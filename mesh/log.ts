/** One line per event: `21:15:53.120 WARN  lab-4f2a9c transit: …`. Errors give their message; their stack comes with debug. */
import { inspect } from "node:util";
import { Loggers } from "moleculer";
import type { LogLevel } from "./config.ts";

/** Moleculer's own parts, whose start-up chatter is for those who look for a fault: their info counts as debug. */
const FRAMEWORK = new Set(["broker", "registry", "transit", "cacher", "discovery", "middleware"]);
const CHATTER = /^Service '.*' (started|stopped)\.$/;

type Bindings = { nodeID: string; mod: string };
type Handler = (type: string, args: unknown[]) => void;

/** Moleculer's console logger, at this level and in this project's line format. */
export function consoleLogger(level: LogLevel): Loggers.Console {
  const isForFaults = level === "debug" || level === "trace";
  return new LineLogger({
    level,
    colors: false,
    // Moleculer passes what its types leave out: where the line comes from.
    formatter(type: string, args: unknown[], ...[bindings]: Bindings[]) {
      const time = new Date().toISOString().slice(11, 23);
      const text = args.map((arg) => show(arg, isForFaults)).join(" ");
      return [`${time} ${type.toUpperCase().padEnd(5)} ${bindings?.nodeID} ${bindings?.mod}: ${text}`];
    },
  });
}

class LineLogger extends Loggers.Console {
  override getLogHandler(bindings: Bindings): Handler {
    const write = super.getLogHandler(bindings as never) as Handler;
    const isFramework = FRAMEWORK.has(bindings?.mod.toLowerCase());
    return (type, args) => {
      const isChatter = type === "info" && (isFramework || CHATTER.test(String(args[0])));
      write(isChatter ? "debug" : type, args);
    };
  }
}

function show(value: unknown, withStacks: boolean): string {
  if (value instanceof Error) return withStacks ? (value.stack ?? value.message) : `${value.name}: ${value.message}`;
  if (typeof value === "string") return value.includes("\n") ? value.replaceAll("\n", "\\n") : value;
  return inspect(value, { depth: 2, breakLength: Number.POSITIVE_INFINITY });
}
