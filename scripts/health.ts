/**
 * The health check of a container: exit code 0 if the node in it serves, otherwise 1 and one sentence. It reads the
 * file that the node touches (HEALTH_FILE), so that it works for a gateway and for any other service.
 */
import { statSync } from "node:fs";
import { readConfig } from "../mesh/config.ts";
import { FRESH_MS } from "./start/health-file.ts";

const fault = faultOf(readConfig().healthFile);
if (fault) console.error(fault);
process.exitCode = fault ? 1 : 0;

function faultOf(file: string | undefined): string | undefined {
  if (!file) return "HEALTH_FILE is not set: the node leaves no sign of life.";
  const touched = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (touched === undefined) return "The node does not serve yet, or not any more.";
  const age = Date.now() - touched;
  return age > FRESH_MS ? `The node has not served for ${(age / 1000).toFixed(1)} s.` : undefined;
}
