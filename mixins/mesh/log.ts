/** One line per event: `21:15:53.120 WARN  lab-4f2a9c transit: …`. Errors give their message; their stack comes with debug. */
import { inspect } from "node:util";
import { Loggers } from "moleculer";
import type { LogLevel } from "../config.ts";

export function consoleLogger(level: LogLevel): Loggers.Console {
  const withStacks = level === "debug" || level === "trace";
  return new Loggers.Console({
    level,
    colors: false,
    // Moleculer passes what its types leave out: where the line comes from.
    formatter(type: string, args: unknown[], ...[bindings]: { nodeID: string; mod: string }[]) {
      const time = new Date().toISOString().slice(11, 23);
      return [
        `${time} ${type.toUpperCase().padEnd(5)} ${bindings?.nodeID} ${bindings?.mod}: ${args.map((arg) => show(arg, withStacks)).join(" ")}`,
      ];
    },
  });
}

function show(value: unknown, withStacks: boolean): string {
  if (value instanceof Error) return withStacks ? (value.stack ?? value.message) : `${value.name}: ${value.message}`;
  if (typeof value === "string") return value.includes("\n") ? value.replaceAll("\n", "\\n") : value;
  return inspect(value, { depth: 2, breakLength: Number.POSITIVE_INFINITY });
}
