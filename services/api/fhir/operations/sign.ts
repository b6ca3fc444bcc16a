/** `$sign` and `$verify` of a note, a report or a prescription (services/records/signing). */
import { isType, staleVersion } from "../../../../federation/errors.ts";
import { areFulfilled, preconditionsOf } from "../../../../fhir/preconditions.ts";
import { readResource } from "../../../../federation/read.ts";
import { records } from "../../../records/records.contract.ts";
import type { Answer } from "../../http/answer.ts";
import { FHIR_JSON } from "../media-types.ts";
import { fhirAnswer } from "../operation-input.ts";
import { type FhirRequest, namedVersions } from "../request.ts";

/** POST Type/id/$sign: signs the current version, with If-Match one of those (412); answers the Provenance with the signature, or its URL if the signer may not read Provenances. */
export async function sign(request: FhirRequest, type: string, id: string): Promise<Answer> {
  const version = await versionToSign(request, type, id);
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

/** The current version, if the client has named versions; undefined: whichever is current. @throws 412 STALE_VERSION if their precondition does not hold */
async function versionToSign(request: FhirRequest, type: string, id: string): Promise<number | undefined> {
  const named = namedVersions(request);
  const preconditions = preconditionsOf(named);
  if (Object.keys(named).length === 0) return undefined;
  const { version } = await readResource(request, type, id);
  if (!areFulfilled(preconditions, version)) throw staleVersion({ type, id, version });
  return version;
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
