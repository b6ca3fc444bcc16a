/** `$validate` (FHIR R4, resource-operation-validate.html). */
import { budgetOf } from "../../../../fhir/expressions/budget.ts";
import { parseJson } from "../../../../fhir/json.ts";
import { fhirError, type Issue, outcome } from "../../../../fhir/outcome.ts";
import { isOfAnotherType, profilesClaimedBy, validateWithProfiles } from "../../../../fhir/validate/index.ts";
import { rightsOfCaller } from "../../../../mesh/access/access.ts";
import { workOf } from "../../../../mesh/caller.ts";
import { readResource } from "../../../../federation/read.ts";
import type { Answer } from "../../http/answer.ts";
import { fhirAnswer, type OperationInput, givenIn, type Json, optionalBody } from "../operation-input.ts";
import type { FhirRequest } from "../request.ts";

/** POST Type/$validate and Type/id/$validate (`mode` create, update, delete, profile). Issues are the answer, not an error. */
export async function validateOperation(request: FhirRequest, type: string, id?: string): Promise<Answer> {
  // Validating a stored resource, or a deletion, needs no body.
  const text = request.method === "GET" ? undefined : await optionalBody(request);
  const sent: OperationInput = text === undefined ? { parameters: [] } : givenIn(text, "resource", type);
  const { parameters } = sent;
  const value = sent.value ?? (type === "Parameters" ? sent.body : undefined); // Parameters may be what to validate
  const asked = (name: string) => request.query.find(([it]) => it === name)?.[1] ?? stringIn(parameters.find((it) => it.name === name));
  const mode = asked("mode");
  if (mode !== undefined && !["create", "update", "delete", "profile"].includes(mode)) {
    throw fhirError(400, "value", "mode must be create, update, delete or profile.", "mode");
  }
  const stored = id === undefined ? undefined : await readResource(request, type, id);
  const resource = value ?? (stored && (parseJson(stored.json) as Json));
  if (mode === "delete") return fhirAnswer(outcome(deletionIssue(request, type, stored)));
  if (!resource) throw fhirError(400, "required", "There is nothing to validate: send a resource, or name one by its id.");
  const profile = asked("profile");
  const claimed = profile === undefined ? profilesClaimedBy(resource) : [profile];
  const { profiles, stored: related } = await request.profiles.of(claimed);
  const budget = budgetOf(workOf(request.caller));
  const issues: Issue[] = await validateWithProfiles(resource, { type, profiles, stored: related, budget });
  if (profile !== undefined && profiles.length === 0 && !isBase(profile, type)) {
    const isOther = isOfAnotherType(profile, type);
    issues.push({
      severity: "error",
      code: isOther ? "value" : "not-found",
      diagnostics: `The profile ${profile.slice(0, 300)} is ${isOther ? "of another type" : "not stored here"}.`,
      expression: ["profile"],
    });
  }
  if (mode === "update" && value && id !== undefined && value.id !== id) {
    issues.push({
      severity: "error",
      code: "invalid",
      diagnostics: `For an update the resource's id must be "${id}".`,
      expression: [`${type}.id`],
    });
  }
  return fhirAnswer(
    issues.length > 0
      ? outcome(...issues)
      : outcome({ severity: "information", code: "informational", diagnostics: "No fault was found." }),
  );
}

/** What is known before a deletion: whether the resource exists, and whether the caller may delete it. Its owner checks rules and dependents. */
function deletionIssue({ caller }: FhirRequest, type: string, stored: unknown): Issue {
  if (!stored) throw fhirError(400, "required", "There is nothing to delete: name a resource by its id.");
  if (rightsOfCaller(caller)?.with(type, "d") === "none") {
    return { severity: "error", code: "forbidden", diagnostics: `You may not delete ${type}.` };
  }
  const diagnostics = "It exists, and you may delete it. Its dependents and the hospital's rules are checked when it is deleted.";
  return { severity: "information", code: "informational", diagnostics };
}

/** Whether the profile is R4's own definition of the type, against which it is validated anyway. */
const isBase = (profile: string, type: string): boolean =>
  ["Resource", type].some((name) => new RegExp(`^http://hl7\\.org/fhir/StructureDefinition/${name}(\\|4\\.0(\\.\\d)?)?$`).test(profile));

const stringIn = (parameter: Json | undefined): string | undefined => {
  const value = parameter && Object.entries(parameter).find(([name]) => name.startsWith("value"))?.[1];
  return typeof value === "string" ? value : undefined;
};
