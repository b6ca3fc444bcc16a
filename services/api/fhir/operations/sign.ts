/** `$sign` and `$verify` of a note, a report or a prescription (services/records/signing). */
import { isType, staleVersion } from "../../../../federation/errors.ts";
import { preconditionsOf } from "../../../../fhir/preconditions.ts";
import { readResource } from "../../../../federation/read.ts";
import { records } from "../../../records/records.contract.ts";
import type { Answer } from "../../http/answer.ts";
import { FHIR_JSON } from "../media-types.ts";
import { fhirAnswer } from "../operation-input.ts";
import type { FhirRequest } from "../request.ts";

/** POST Type/id/$sign: signs the current version, with If-Match only that one (412); answers the Provenance with the signature, or its URL if the signer may not read Provenances. */
export async function sign(request: FhirRequest, type: string, id: string): Promise<Answer> {
  const { versions: [version] = [] } = preconditionsOf({ ifMatch: request.header("if-match") });
  const { provenance } = await records
    .sign(request.caller, { reference: `${type}/${id}`, ...(version !== undefined && { version }) })
    .catch((error: unknown) => {
      throw isType(error, "CONTENT_CHANGED") ? staleVersion({ type, id }) : error;
    });
  const Location = `${request.base}/${provenance}/_history/1`;
  const [, made = ""] = provenance.split("/");
  const found = await readResource(request, "Provenance", made).catch((error: unknown) => {
    if (!isType(error, "NOT_FOUND")) throw error;
  });
  return { status: 201, headers: { Location, ...(found && { "Content-Type": FHIR_JSON }) }, ...(found && { body: found.json }) };
}

/** GET Type/id/$verify: answers a parameter `signature` for each signature. */
export async function verify(request: FhirRequest, type: string, id: string): Promise<Answer> {
  const { version, signatures } = await records.verify(request.caller, { reference: `${type}/${id}` });
  return fhirAnswer({
    resourceType: "Parameters",
    parameter: [
      { name: "version", valueId: `${version}` },
      ...signatures.map(({ provenance, target, who, at, isValid, isCurrent }) => ({
        name: "signature",
        part: [
          { name: "provenance", valueReference: { reference: provenance } },
          ...(target === undefined ? [] : [{ name: "target", valueReference: { reference: target } }]),
          ...(who === undefined ? [] : [{ name: "who", valueReference: { reference: who } }]),
          ...(at === undefined ? [] : [{ name: "when", valueInstant: at }]),
          { name: "valid", valueBoolean: isValid },
          { name: "current", valueBoolean: isCurrent },
        ],
      })),
    ],
  });
}
