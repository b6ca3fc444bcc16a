/** Required bindings to value sets whose codes R4 lists in full. */
import { CURRENCY_SYSTEM } from "../currencies.ts";
import { valueSetOf } from "./structure-definition.ts";

/** The codes that an element may have. */
export interface Binding {
  /** False for a value set whose codes R4 does not list. */
  isKnown: boolean;
  /** Whether the value (a code, Coding, CodeableConcept or Quantity) is in the value set, or too malformed to decide. */
  includes(value: unknown): boolean;
  /** Error text: what to send instead. */
  rule: string;
}

/** Longer lists of codes are not put into an error. */
const MAX_LISTED = 24;

const bindings = new Map<string, Binding>();

/** @param type the bound element's type */
export function bindingOf(id: string, type: string): Binding {
  const key = `${id} ${type}`;
  let binding = bindings.get(key);
  if (!binding) {
    binding = compile(id, valueSetOf(id), type);
    // A profile may name any value set: unknown ones are not kept.
    if (binding.isKnown) bindings.set(key, binding);
  }
  return binding;
}

/** A code list that is not HL7's is called by its own name. */
const named = (id: string, systems: Record<string, string[]>): string =>
  Object.hasOwn(systems, CURRENCY_SYSTEM) ? "ISO 4217 in capitals, like EUR" : `the value set ${id}`;

function compile(name: string, systems: Record<string, string[]>, type: string): Binding {
  const codes = Object.values(systems).flat();
  const isKnown = codes.length > 0;
  const listed = codes.length <= MAX_LISTED ? `one of ${codes.join(", ")}` : `a code of ${named(name, systems)}`;
  if (type === "code" || type === "string" || type === "uri") {
    const set = new Set<unknown>(codes);
    return { isKnown, includes: (value) => set.has(value), rule: `must be ${listed}` };
  }
  const set = new Set(Object.entries(systems).flatMap(([system, own]) => own.map((code) => `${system}|${code}`)));
  const hasCode = (coding: unknown): boolean => {
    const { system, code } = (coding ?? {}) as { system?: unknown; code?: unknown };
    return typeof system === "string" && typeof code === "string" && set.has(`${system}|${code}`);
  };
  const rule = `must have ${listed}, with the system ${Object.keys(systems).join(" or ")}`;
  if (type !== "CodeableConcept") return { isKnown, includes: hasCode, rule };
  return {
    isKnown,
    includes: (value) => {
      const { coding } = (value ?? {}) as { coding?: unknown };
      return Array.isArray(coding) && coding.some(hasCode);
    },
    rule,
  };
}
