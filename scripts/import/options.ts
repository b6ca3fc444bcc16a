/** The command line of `npm run import`. */
import { parseArgs } from "node:util";
import { StartupError } from "../start/startup-error.ts";

const USAGE = "usage: npm run import -- FILE|FOLDER … [--url http://127.0.0.1:3000] [--parallel N] [--once|--no-once]";
const PARALLEL = 4; // keeps a server busy while the next bundle is read
const MAX_PARALLEL = 64;

/** The options of an import. */
export interface Options {
  paths: string[];
  /** FHIR base URL, without a slash at the end; undefined: the server that runs here. */
  base?: string;
  /** Bundles, or groups of lines, that are sent at the same time. */
  parallel: number;
  /** Resources that exist already, by identifier or id, are not changed. */
  once: boolean;
}

/** @throws StartupError */
export function optionsOf(args: string[]): Options {
  const { values, positionals } = parse(args);
  if (positionals.length === 0) throw new StartupError(USAGE);
  const parallel = values.parallel === undefined ? PARALLEL : Number(values.parallel);
  if (!Number.isInteger(parallel) || parallel < 1 || parallel > MAX_PARALLEL) {
    throw new StartupError(`--parallel is "${values.parallel}"; it should be a whole number from 1 to ${MAX_PARALLEL}.`);
  }
  return { paths: positionals, parallel, once: values.once, ...(values.url !== undefined && { base: fhirBase(values.url) }) };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      allowNegative: true,
      options: { url: { type: "string" }, parallel: { type: "string" }, once: { type: "boolean", default: true } },
    });
  } catch (error) {
    throw new StartupError(`${(error as Error).message}\n${USAGE}`);
  }
}

/** The FHIR base URL for a server's address; an address with a path is the base URL itself, so that any FHIR server can be named. */
export function fhirBase(text: string): string {
  const url = URL.parse(text);
  if (!url || !["http:", "https:"].includes(url.protocol)) {
    throw new StartupError(`--url is "${text}"; it should be like http://127.0.0.1:3000.`);
  }
  const path = url.pathname.replace(/\/+$/, "");
  return `${url.origin}${path === "" ? "/fhir" : path}`;
}
