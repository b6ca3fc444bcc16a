import { readFileSync } from "node:fs";
import { StartupError } from "../start/startup-error.ts";

/** Reads a JSON file. @param what its expected content, for the error @throws StartupError that names the file */
export function readJson(file: string, what: string): object {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as object;
  } catch (error) {
    throw new StartupError(`${file} is no ${what}: ${(error as Error).message}`);
  }
}
