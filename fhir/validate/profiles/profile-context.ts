/** A check against profiles under way. */
import type { ValidationContext } from "../validation-context.ts";
import type { Profile } from "./tree.ts";

/** What is checked against: all profiles that the caller has, and what was already said of them. */
export interface ProfileContext {
  run: ValidationContext;
  known: Map<string, Profile>;
  reported: Set<string>;
  depth: number;
}

/** Warns, once, of what cannot be checked. */
export function unsupported({ run, reported }: ProfileContext, what: string): void {
  if (reported.has(what)) return;
  reported.add(what);
  run.report("warning", "not-supported", `Not checked: ${what}.`);
}

/** What a profile says is no patient's data, and may be told. */
export const shown = (value: unknown) => JSON.stringify(value).slice(0, 300);
