/** A check against profiles under way. */
import type { Run } from "../run.ts";
import type { Profile } from "./tree.ts";

/** What is checked against: all profiles that the caller has, and what was already said of them. */
export interface Work {
  run: Run;
  known: Map<string, Profile>;
  told: Set<string>;
  depth: number;
}

/** Warns, once, of what cannot be checked. */
export function unsupported({ run, told }: Work, what: string): void {
  if (told.has(what)) return;
  told.add(what);
  run.report("warning", "not-supported", `Not checked: ${what}.`);
}

/** What a profile says is no patient's data, and may be told. */
export const shown = (value: unknown) => JSON.stringify(value).slice(0, 300);
