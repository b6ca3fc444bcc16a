/** `Patient/$match` (FHIR R4, patient-operation-match.html). */
import { isRawNumber } from "../../../../fhir/json.ts";
import { FhirError, fhirError } from "../../../../fhir/outcome.ts";
import { validate } from "../../../../fhir/validate/index.ts";
import { patients } from "../../../patients/patients.contract.ts";
import type { Answer } from "../../http/answer.ts";
import { searchset } from "../interactions/search.ts";
import { givenIn, type Json } from "../parameters.ts";
import type { FhirRequest } from "../request.ts";

const GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade";
/** Candidates in an answer without `count`, and at most. */
const [COUNT, MAX_COUNT] = [10, 100];

/** POST Patient/$match: `resource`, `count`, `onlyCertainMatches`; the candidates with their grades, the most probable first. */
export async function match(request: FhirRequest): Promise<Answer> {
  const { value: resource, parameters } = givenIn(await request.body(), "resource");
  if (resource?.resourceType !== "Patient") throw fhirError(400, "required", "Who is looked for must be sent as a Patient.", "resource");
  const faults = validate(resource, { type: "Patient" });
  if (faults.length > 0) throw new FhirError(400, faults);
  const found = await patients.match(request.caller, {
    text: JSON.stringify(resource),
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
