/** `Patient/$match` (FHIR R4, patient-operation-match.html). */
import { isRawNumber } from "../../../../fhir/json.ts";
import { FhirError, fhirError } from "../../../../fhir/outcome.ts";
import { validate } from "../../../../fhir/validate/index.ts";
import { patients } from "../../../patients/patients.contract.ts";
import type { Answer } from "../../http/answer.ts";
import { searchset } from "../interactions/search.ts";
import { givenIn, type Json } from "../operation-input.ts";
import type { FhirRequest } from "../request.ts";

const GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade";
/** Candidates in an answer without `count`, and at most. */
const [COUNT, MAX_COUNT] = [10, 100];

/** Names, addresses, identifiers, … of the person that are compared; few are needed. */
const MAX_OF_EACH = 100;
/** Characters of all of them; a longer text is not a description of a person. */
const MAX_TEXT = 100_000;
/** Elements that identify a person: others (a photo, a narrative) need not be sent to the service that compares. */
const COMPARED = [
  "resourceType",
  "id",
  "identifier",
  "name",
  "telecom",
  "gender",
  "birthDate",
  "address",
  "multipleBirthInteger",
  "extension",
];

/** The compared elements of a Patient, as text. @throws FhirError 422 if there is too much */
function described(patient: Json): string {
  const parts = COMPARED.flatMap((name) => (patient[name] === undefined ? [] : [[name, patient[name]] as const]));
  for (const [name, value] of parts) {
    if (!Array.isArray(value) || value.length <= MAX_OF_EACH) continue;
    const diagnostics = `${name} may have ${MAX_OF_EACH} items where somebody is looked for, this one has ${value.length}: send those that are known best.`;
    throw fhirError(422, "too-costly", diagnostics, `Patient.${name}`);
  }
  const text = JSON.stringify(Object.fromEntries(parts));
  if (text.length <= MAX_TEXT) return text;
  const [longest = ""] = parts.map(([name, value]) => [name, JSON.stringify(value).length] as const).sort((a, b) => b[1] - a[1])[0] ?? [];
  const diagnostics = `The description of the person may have ${MAX_TEXT} characters, and has ${text.length}: shorten ${longest}.`;
  throw fhirError(422, "too-costly", diagnostics, `Patient.${longest}`);
}

/** POST Patient/$match: `resource`, `count`, `onlyCertainMatches`; answers the candidates with their grades, the most probable first. */
export async function match(request: FhirRequest): Promise<Answer> {
  const { value: resource, parameters } = givenIn(await request.body(), "resource");
  if (resource?.resourceType !== "Patient") throw fhirError(400, "required", "Send the person to find as a Patient.", "resource");
  const faults = validate(resource, { type: "Patient" });
  if (faults.length > 0) throw new FhirError(400, faults);
  const found = await patients.match(request.caller, {
    text: described(resource),
    limit: countIn(parameters),
    onlyCertain: parameters.find(({ name }) => name === "onlyCertainMatches")?.valueBoolean === true,
  });
  const entries = found.map(({ patient, json, score, grade }) => {
    const search = { extension: [{ url: GRADE, valueCode: grade }], mode: "match", score };
    return `{"fullUrl":"${request.base}/${patient}","resource":${json},"search":${JSON.stringify(search)}}`;
  });
  return searchset([{ relation: "self", url: `${request.base}/Patient/$match` }], entries, entries.length, [], request.base);
}

function countIn(parameters: Json[]): number {
  const given = parameters.find(({ name }) => name === "count")?.valueInteger;
  if (given === undefined) return COUNT;
  const count = Number(isRawNumber(given) ? given.rawJSON : given);
  if (!Number.isInteger(count) || count < 1) throw fhirError(400, "value", "count must be a whole number from 1 on.", "count");
  return Math.min(count, MAX_COUNT);
}
