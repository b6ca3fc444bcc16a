/** Caches the parts of resources' versions that boards show. A version never changes, so that it need be sent and parsed only once. */
import { parseJson } from "../../../fhir/json.ts";
import type { FhirResource, ResourceType } from "../../../fhir/r4.ts";
import type { Row } from "../../../fhir/search/query.ts";

/** The parts of a resource that a board shows, and its version. */
export interface Found<Of extends FhirResource = FhirResource> {
  resource: Of & { id: string };
  version: number;
}

/** Versions that are cached, one or two kilobytes each: as many as two thousand beds need. */
const MAX_VERSIONS = 12_000;

/** The elements that are kept, by type. */
const ELEMENTS: Partial<Record<ResourceType, readonly string[]>> = {
  AllergyIntolerance: ["patient", "code", "clinicalStatus", "verificationStatus", "criticality", "reaction"],
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

/** Answers that are cached, for several wards and roles. */
const MAX_ANSWERS = 200;

/** An owner's answer, with its tag. */
interface Answer {
  tag: string;
  found: Found[];
}

/** Versions by `Type/id/version`, the oldest dropped first, and answers as lists of versions, those least recently used dropped first. */
export class Versions {
  readonly #known = new Map<string, Found>();
  readonly #answers = new Map<string, Answer>();

  /** The owner's last answer to this question; the owner decides whether it is still valid for the present caller. */
  answer(question: string): Answer | undefined {
    const answer = this.#answers.get(question);
    if (answer) this.noteAnswer(question, answer);
    return answer;
  }

  /** Caches a complete answer. */
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

  /** Caches a version. */
  note(row: Row & { json: string }): Found {
    const whole = parseJson(row.json) as Record<string, unknown>;
    const elements = ELEMENTS[row.type as ResourceType] ?? [];
    const kept = elements.flatMap((name) => (whole[name] === undefined ? [] : [[name, whole[name]] as const]));
    // Only the elements that a board shows.
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
