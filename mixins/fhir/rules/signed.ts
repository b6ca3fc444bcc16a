/** A signed resource can only be changed under a status that says so, and not deleted; nor can its signature. */
import type { FhirResource, Provenance } from "../../../fhir/r4.ts";
import { referenceClause, slotsOfParameters } from "../../../fhir/search/exact-clauses.ts";
import type { Clause } from "../../../fhir/search/query.ts";
import { idOf, refusal } from "./common.ts";
import { contentOf } from "./final.ts";
import { type PatientFacts, patientsIn, withCurrentRecords } from "./one-person.ts";
import type { Change, Question, Rule } from "./rule.ts";

/** Format of this system's signatures (`services/records/signing`): JWS. */
export const JOSE = "application/jose";

/** Whether a Provenance carries a signature. */
const isSignature = (provenance: object): boolean =>
  (provenance as Provenance).signature?.some(({ sigFormat }) => sigFormat === JOSE) ?? false;

/** The Provenances with signatures of a resource. */
export const signaturesOf = (reference: string): Clause[] => [
  referenceClause("Provenance", "target", [reference]),
  { kind: "missing", slots: slotsOfParameters("Provenance", ["signature-type"]), missing: false },
];

const ASIDE = ["id", "meta", "status"];

/**
 * @param how.openly whether changed content says that it is changed
 * @param how.instead what to do instead, for people
 * @param how.besides members that may be changed at any time
 */
export function signedStays<Of extends FhirResource>(
  type: Of["resourceType"],
  { openly, instead, besides = [] }: { openly(after: Of): boolean; instead: string; besides?: readonly string[] },
): Rule<Of> {
  const id = `${idOf(type)}-signed`;
  const aside = [...ASIDE, ...besides];
  const isAsked = ({ before, after }: Change<Of>): boolean =>
    before !== undefined && (after === undefined || (!openly(after) && contentOf(before, aside) !== contentOf(after, aside)));
  const questionOf = (change: Change<Of>): Question => ({
    type: "Provenance",
    clauses: signaturesOf(change.reference),
    limit: 100, // without those of the same write: a signature in it is made over the new content
  });
  return {
    id,
    group: "status",
    says: `A signed ${type} is not deleted. To change its content, ${instead}.`,
    questions: (change) => (isAsked(change) ? [questionOf(change)] : []),
    facts: (change) => (isAsked(change) && change.after ? [...new Set([...patientsIn(change.before), ...patientsIn(change.after)])] : []),
    check(change, facts) {
      if (!isAsked(change) || !facts.found(questionOf(change)).some(isSignature)) return undefined;
      const { before, after } = change as Change<Of> & { before: Of };
      // References may change when records of one person are merged or unmerged.
      const [then, now] = [before, after].map((one) => one && contentOf(withCurrentRecords(one, facts), aside));
      if (then === now) return undefined;
      return refusal(id, `It was signed: ${instead}.`, type);
    },
  };
}

/** Whether a version has the content of a signed one: labels aside, and references that merged or unmerged records of one person have changed. */
export function isAsSigned(signed: FhirResource, now: FhirResource, facts: PatientFacts): boolean {
  const [before, after] = [signed, now].map((one) => contentOf(withCurrentRecords(one, facts), ["id", "meta"]));
  return before === after;
}

/** A signature cannot be changed or removed. */
export const signatureStays: Rule<Provenance> = {
  id: "provenance-signature",
  group: "status",
  says: "A signature is neither changed nor deleted.",
  check({ before, after }) {
    if (!before || !isSignature(before)) return undefined;
    if (after && contentOf(before, ["id", "meta"]) === contentOf(after, ["id", "meta"])) return undefined;
    return refusal("provenance-signature", "A signature cannot change: sign the changed resource again.", "Provenance.signature");
  },
};
