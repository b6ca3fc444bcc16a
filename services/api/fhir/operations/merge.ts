/** `Patient/$merge`, as defined by HL7 after R4 (https://hl7.org/fhir/R5/patient-operation-merge.html). */
import { fhirError, outcome } from "../../../../fhir/outcome.ts";
import { behindBase } from "../../../../fhir/own-address.ts";
import { parseJson } from "../../../../fhir/json.ts";
import { readResource } from "../../../../federation/read.ts";
import { type MergeState, patients } from "../../../patients/patients.contract.ts";
import type { Answer } from "../../http/answer.ts";
import { fhirAnswer, givenIn, type Json } from "../operation-input.ts";
import type { FhirRequest } from "../request.ts";
import { ID_PATTERN } from "../../../../fhir/ids.ts";

/**
 * POST Patient/$merge: `source-patient`, `target-patient`, `preview`, and `confirm` (OpenWard's own): why they are one person in spite of doubts.
 * Answers the outcome and the remaining patient.
 */
export async function merge(request: FhirRequest): Promise<Answer> {
  const { parameters } = givenIn(await request.body(), "none");
  // A misspelt "preview" must not merge.
  const other = parameters.find(({ name }) => !KNOWN.includes(String(name)));
  if (other) {
    const name = String(other.name);
    throw fhirError(400, "not-supported", `${name} is not supported: name both records by source-patient and target-patient.`, name);
  }
  const [source, target] = [patientIn(request, parameters, "source-patient"), patientIn(request, parameters, "target-patient")];
  const preview = previewIn(parameters);
  const state = await patients.merge(request.caller, { source, target, preview, ...confirmIn(parameters) });
  const { json } = await readResource(request, "Patient", target.slice("Patient/".length));
  return fhirAnswer({
    resourceType: "Parameters",
    parameter: [
      { name: "input", resource: { resourceType: "Parameters", parameter: parameters } },
      { name: "outcome", resource: outcome({ severity: "information", code: "informational", diagnostics: sentenceOf(state, preview) }) },
      { name: "result", resource: parseJson(json) },
    ],
  });
}

/** The parameters that are supported. */
const KNOWN = ["source-patient", "target-patient", "preview", "confirm"];

/** @throws FhirError 400 */
function previewIn(parameters: Json[]): boolean {
  const given = parameters.find(({ name }) => name === "preview");
  if (!given) return false;
  if (typeof given.valueBoolean === "boolean") return given.valueBoolean;
  throw fhirError(400, "value", "preview must be true or false, as valueBoolean.", "preview");
}

/** @throws FhirError 400 */
function confirmIn(parameters: Json[]): { confirm?: string } {
  const given = parameters.find(({ name }) => name === "confirm");
  if (!given) return {};
  if (typeof given.valueString === "string" && given.valueString.trim() !== "") return { confirm: given.valueString };
  throw fhirError(400, "value", "confirm must be the reason why the records are one person's, as valueString.", "confirm");
}

function sentenceOf({ source, state, moved, left, doubts = [] }: MergeState, preview: boolean): string {
  if (preview) {
    const doubtful = doubts.length > 0 ? ` Doubtful, so that confirm must give a reason: ${doubts.join(", ")}.` : "";
    return `They can be merged: ${left > 100 ? "more than 100" : left} resources would move besides.${doubtful}`;
  }
  if (state === "running") return `The merge goes on: GET /api/patients/mergeState?source=${source} tells how far it has come.`;
  return `They are merged: ${moved} resources have moved, the two records among them.`;
}

const PATIENT = new RegExp(`^Patient/${ID_PATTERN}$`);

/** `Patient/1` of a Reference. @throws FhirError 400 */
function patientIn({ bases }: FhirRequest, parameters: Json[], name: string): string {
  const { reference } = (parameters.find((it) => it.name === name)?.valueReference ?? {}) as { reference?: unknown };
  const text = typeof reference === "string" ? (behindBase(reference, bases) ?? reference) : reference;
  if (typeof text === "string" && PATIENT.test(text)) return text;
  throw fhirError(400, "required", `${name} must be a Reference to a Patient of this server.`, name);
}
