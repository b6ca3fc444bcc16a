/** What refusals say of resources that are not shown to who asks. */
import { FhirError, fhirError } from "../../../fhir/outcome.ts";
import type { Rights } from "../../../mesh/access/access.ts";
import { Errors } from "moleculer";
import { refusalOf } from "../fhir/fhir-refusals.ts";
import { withoutHiddenReferences } from "./hidden-references.ts";

const rights: Rights = {
  with: (type) => (type === "Location" ? "all" : type === "Observation" ? [{ patient: "1" }] : "none"),
  mayCall: () => true,
  isInScope: () => true,
  hasParts: true,
  mayEnterForOthers: false,
};

describe("an error message", () => {
  const occupied = fhirError(
    409,
    "business-rule",
    "Encounter/e-1 is there, in Location/l.2: transfer the patient first. TLS/SSL",
    "Location.status",
  );

  it("contains no id of a type that the caller may not see, in its text and data, and all others", () => {
    const shown = withoutHiddenReferences(occupied, rights, []);
    expect(refusalOf(shown).issues[0]?.diagnostics).toBe(
      "Encounter (not shown to you) is there, in Location/l.2: transfer the patient first. TLS/SSL",
    );
    expect(refusalOf(occupied).issues[0]?.diagnostics).toContain("Encounter/e-1"); // another's is as it was
    expect(shown).toBeInstanceOf(FhirError);
    const error = new Errors.MoleculerClientError("Patient/p has one.", 409, "VISIT_ALREADY_OPEN", {
      by: ["Encounter/e", { at: "Location/l" }],
    });
    expect(withoutHiddenReferences(error, rights, [])).toMatchObject({
      code: 409,
      type: "VISIT_ALREADY_OPEN",
      message: "Patient (not shown to you) has one.",
      data: { by: ["Encounter (not shown to you)", { at: "Location/l" }] },
    });
  });

  it.each(["GET /fhir/Encounter/e-12", '{"reference":"Encounter/e-1.b"}', "MyEncounter/e-1"])(
    "does not take %s for the name of Encounter/e-1",
    (sent) => {
      expect(refusalOf(withoutHiddenReferences(occupied, rights, [sent])).issues[0]?.diagnostics).toContain("Encounter (not shown to you)");
      const both = `${sent} Encounter/e-1/$everything`;
      expect(refusalOf(withoutHiddenReferences(occupied, rights, [both])).issues[0]?.diagnostics).toContain("Encounter/e-1 is there");
    },
  );

  it("keeps the ids that the client has sent itself, and those of the visible part of a type", () => {
    const error = fhirError(409, "business-rule", "Observation/a rests on Observation/b and Patient/p/_history/2.");
    const said = refusalOf(withoutHiddenReferences(error, rights, ["DELETE /fhir/Observation/b", '{"reference":"Patient/p"}'])).issues[0]
      ?.diagnostics;
    expect(said).toBe("Observation (not shown to you) rests on Observation/b and Patient/p/_history/2.");
  });

  it("keeps the ends of its sentences, and names that are defined elsewhere", () => {
    const says = (text: string, ...sent: string[]) =>
      refusalOf(withoutHiddenReferences(fhirError(422, "invalid", text), rights, sent)).issues[0]?.diagnostics;
    expect(says("There is no Patient/1.", "GET /fhir/Patient/1")).toBe("There is no Patient/1.");
    expect(says("It rests on Encounter/1.")).toBe("It rests on Encounter (not shown to you).");
    expect(says("It rests on https://ehr.example/fhir/Encounter/1.")).toBe(
      "It rests on https://ehr.example/fhir/Encounter (not shown to you).",
    );
    const defined = "Not in http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1, of http://hl7.org/fhir/StructureDefinition/Patient.";
    expect(says(defined)).toBe(defined);
    expect(says("ValueSet/v is in use.")).toBe("ValueSet (not shown to you) is in use.");
  });

  it("is unchanged if the caller may see everything, and if it describes the form of a param", () => {
    expect(withoutHiddenReferences(occupied, undefined, [])).toBe(occupied);
    const example = new Errors.ValidationError("'patient' must be a reference like Patient/1", "VALIDATION_ERROR", []);
    expect(withoutHiddenReferences(example, rights, [])).toBe(example);
  });
});
