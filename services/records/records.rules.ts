import type { Composition, DocumentReference } from "../../fhir/r4.ts";
import type { RulesOf } from "../../mixins/fhir/rules/rule.ts";
import { signatureStays, signedStays } from "../../mixins/fhir/rules/signed.ts";

/** What holds for signed notes, and for signatures, whoever writes them. */
export const rules: RulesOf = {
  Composition: [
    signedStays<Composition>("Composition", {
      openly: ({ status }) => status === "amended" || status === "entered-in-error",
      instead: "make it amended, or entered in error",
    }),
  ],
  DocumentReference: [
    signedStays<DocumentReference>("DocumentReference", {
      openly: ({ status, docStatus }) => docStatus === "amended" || status === "superseded" || status === "entered-in-error",
      instead: "make its docStatus amended, supersede it, or mark it as entered in error",
      besides: ["docStatus"],
    }),
  ],
  Provenance: [signatureStays],
};
