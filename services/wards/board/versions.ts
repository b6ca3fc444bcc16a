/** What the board needs of versions of resources. A version never changes: what was read of it once need not be sent and parsed again. */
import { parseJson } from "../../../fhir/json.ts";
import type { FhirResource, ResourceType } from "../../../fhir/r4.ts";
import type { Row } from "../../../fhir/search/query.ts";

/** A resource, as far as the board needs it, and its version. */
export interface Found<Of extends FhirResource = FhirResource> {
  resource: Of & { id: string };
  version: number;
}

/** Versions that are remembered, one or two kilobytes each: a house of two thousand beds has so many on its board. */
const MAX_VERSIONS = 12_000;

/** What is remembered of each type. */
const ELEMENTS: Partial<Record<ResourceType, readonly string[]>> = {
  AllergyIntolerance: ["patient", "code", "clinicalStatus", "verificationStatus"],
  Condition: ["code"],
  Encounter: [
    "status",
    "class",
    "subject",
    "period",
    "location",
    "reasonCode",
    "diagnosis",
    "participant",
    "extension",
    "statusHistory",
    "priority",
    "hospitalization",
    "partOf",
  ],
  Flag: ["subject", "status", "code", "category", "period"],
  Observation: ["subject", "encounter"],
  MedicationAdministration: ["subject"],
  MedicationRequest: ["subject"],
  Patient: ["name", "gender", "birthDate"],
  ServiceRequest: ["subject", "encounter"],
};

/** Answers that are remembered: of some wards, to callers of some roles. */
const MAX_ANSWERS = 200;

/** What an owner has found, and its tag for it. */
interface Answer {
  tag: string;
  found: Found[];
}

/** Versions by `Type/id/version`, and which of them answer a question; the oldest ones are forgotten first. */
export class Versions {
  readonly #known = new Map<string, Found>();
  readonly #answers = new Map<string, Answer>();

  /** What the owner gave last for this question; the owner says whether it still holds for who asks now. */
  answer(question: string): Answer | undefined {
    return this.#answers.get(question);
  }

  /** Remembers an answer that is whole. */
  noteAnswer(question: string, answer: Answer): void {
    this.#answers.delete(question);
    this.#answers.set(question, answer);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= MAX_ANSWERS) break;
      this.#answers.delete(oldest);
    }
  }

  /** Undefined: it must be read. */
  of(row: Row): Found | undefined {
    return this.#known.get(nameOf(row));
  }

  /** Remembers what was read. */
  note(row: Row & { json: string }): Found {
    const whole = parseJson(row.json) as Record<string, unknown>;
    const elements = ELEMENTS[row.type as ResourceType] ?? [];
    const kept = elements.flatMap((name) => (whole[name] === undefined ? [] : [[name, whole[name]] as const]));
    // A part of a resource, of the elements that a board shows.
    const resource = { resourceType: row.type, id: row.id, ...Object.fromEntries(kept) } as unknown as Found["resource"];
    const found: Found = { resource, version: row.version };
    this.#known.set(nameOf(row), found);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_VERSIONS) break;
      this.#known.delete(oldest);
    }
    return found;
  }
}

const nameOf = ({ type, id, version }: Row): string => `${type}/${id}/${version}`;
