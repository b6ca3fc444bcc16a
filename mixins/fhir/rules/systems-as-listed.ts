/** The addresses of code systems in what the hospital compares by code: orders, results, medications, prices, places. */
import { meantAddress } from "../../../fhir/code-systems.ts";
import type { FhirResource } from "../../../fhir/r4.ts";
import { idOf, refusal, withArticle } from "./common.ts";
import type { Rule } from "./rule.ts";

interface Spelt {
  system: string;
  /** The address as it should be spelt. */
  meant: string;
  /** FHIRPath of the element. */
  at: string;
}

/** `valueQuantity` → `value`, as FHIRPath names an element of several types; a referenceRange is none. */
const elementOf = (member: string): string =>
  member === "referenceRange" ? member : member.replace(/(?<=[a-z])(?:CodeableConcept|Coding|Quantity|Range|Ratio|SampledData)$/, "");

/** Adds the addresses that are spelt in another way. @param at FHIRPath of the value, computed only for these */
function collect(value: unknown, at: () => string, found: Spelt[]): void {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) collect(value[index], () => `${at()}[${index}]`, found);
    return;
  }
  if (value === null || typeof value !== "object") return;
  for (const member in value) {
    const one = (value as Record<string, unknown>)[member];
    if (typeof one === "object") collect(one, () => `${at()}.${elementOf(member)}`, found);
    else if (member === "system" && typeof one === "string") {
      const meant = meantAddress(one);
      if (meant !== undefined) found.push({ system: one, meant, at: `${at()}.system` });
    }
  }
}

/** Whether `collect` would find any: it costs a third of that, and most resources have none. */
function hasMisspelt(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasMisspelt);
  if (value === null || typeof value !== "object") return false;
  for (const member in value) {
    const one = (value as Record<string, unknown>)[member];
    if (typeof one === "object" ? hasMisspelt(one) : member === "system" && typeof one === "string" && meantAddress(one) !== undefined) {
      return true;
    }
  }
  return false;
}

/** All addresses in a resource that are spelt in another way. */
function misspelt(resource: object | undefined, type: string): Spelt[] {
  if (!hasMisspelt(resource)) return [];
  const found: Spelt[] = [];
  collect(resource, () => type, found);
  return found;
}

/** Refuses another spelling of a well-known system's address: its codes would match none of those that are meant. */
export function systemsAsListed<Of extends FhirResource>(type: Of["resourceType"]): Rule<Of> {
  const id = `${idOf(type)}-systems`;
  return {
    id,
    group: "values",
    holdsAlways: true,
    says: `${withArticle(type)} names well-known code systems (UCUM, LOINC, SNOMED CT, RxNorm, ATC, HL7's own) by the address that R4 lists, not by another spelling.`,
    check({ before, after }) {
      const found = misspelt(after, type);
      if (found.length === 0) return undefined;
      const kept = new Set(misspelt(before, type).map(({ system }) => system));
      const wrong = found.find(({ system }) => !kept.has(system));
      return wrong && refusal(id, `The address of this code system is ${wrong.meant}: spell it so.`, wrong.at, 422);
    },
  };
}
