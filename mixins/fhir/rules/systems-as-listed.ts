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

/** All addresses that are spelt in another way. */
function* misspelt(value: unknown, at: string): Generator<Spelt> {
  if (Array.isArray(value)) {
    for (const [index, one] of value.entries()) yield* misspelt(one, `${at}[${index}]`);
  } else if (value !== null && typeof value === "object") {
    const { system } = value as { system?: unknown };
    const meant = typeof system === "string" ? meantAddress(system) : undefined;
    if (meant !== undefined) yield { system: system as string, meant, at: `${at}.system` };
    for (const [member, one] of Object.entries(value)) {
      if (one !== null && typeof one === "object") yield* misspelt(one, `${at}.${elementOf(member)}`);
    }
  }
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
      const kept = new Set([...misspelt(before, type)].map(({ system }) => system));
      const wrong = [...misspelt(after, type)].find(({ system }) => !kept.has(system));
      return wrong && refusal(id, `The address of this code system is ${wrong.meant}: spell it so.`, wrong.at, 422);
    },
  };
}
