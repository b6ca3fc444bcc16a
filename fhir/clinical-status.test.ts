import { clinicalStatusOf, currentAllergies, isCurrent, isMistake, isSevere, saysNoneKnown } from "./clinical-status.ts";
import type { AllergyIntolerance } from "./r4.ts";

const concept = (...codes: string[]) => ({ coding: codes.map((code) => ({ code })) });
const allergy = (name: string, more: Partial<AllergyIntolerance> = {}): AllergyIntolerance => ({
  resourceType: "AllergyIntolerance",
  patient: { reference: "Patient/1" },
  code: { text: name },
  ...more,
});

describe("a recorded allergy or problem", () => {
  it.each([
    ["without a status", {}],
    ["active", { clinicalStatus: concept("active") }],
    ["active by a code that stands behind the hospital's own", { clinicalStatus: concept("A1", "active") }],
    ["come back", { clinicalStatus: concept("relapse") }],
    ["not confirmed yet", { clinicalStatus: concept("active"), verificationStatus: concept("unconfirmed") }],
  ])("counts if it is %s", (_, one) => {
    expect(isCurrent(one)).toBe(true);
  });

  it.each([
    ["resolved", { clinicalStatus: concept("resolved") }],
    ["inactive by a code that stands behind the hospital's own", { clinicalStatus: concept("A0", "inactive") }],
    ["in remission", { clinicalStatus: concept("remission") }],
    ["refuted", { clinicalStatus: concept("active"), verificationStatus: concept("refuted") }],
    ["an error", { verificationStatus: concept("entered-in-error") }],
  ])("does not count if it is %s", (_, one) => {
    expect(isCurrent(one)).toBe(false);
  });

  it("has the clinical status of HL7's code, and is active without one; a mistake is known by either status", () => {
    const statuses = [{ clinicalStatus: concept("A1", "remission") }, { clinicalStatus: concept("A1") }, {}].map(clinicalStatusOf);
    expect(statuses).toEqual(["remission", "active", "active"]);
    const mistakes = [{ status: "entered-in-error" }, { verificationStatus: concept("A1", "entered-in-error") }, { status: "final" }, {}];
    expect(mistakes.map(isMistake)).toEqual([true, true, false, false]);
  });

  it("is severe by its criticality or by a reaction, and stands before those that are not", () => {
    const manifestation = [concept("shock")];
    const severe = [
      allergy("penicillin", { criticality: "high" }),
      allergy("latex", { reaction: [{ manifestation, severity: "severe" }] }),
    ];
    const others = [allergy("nuts", { reaction: [{ manifestation, severity: "mild" }] }), allergy("dust", { criticality: "low" })];
    expect([severe.map(isSevere), others.map(isSevere)]).toEqual([
      [true, true],
      [false, false],
    ]);
    const [first, second] = others;
    const over = allergy("wool", { criticality: "high", clinicalStatus: concept("resolved") });
    const found = currentAllergies([first, severe[0], over, second, severe[1]].flatMap((one) => one ?? []));
    expect(found.map(({ code }) => code?.text)).toEqual(["penicillin", "latex", "nuts", "dust"]);
  });

  it.each([
    ["there is no known allergy", "716186003", true],
    ["there is no known allergy, by the International Patient Summary", "no-known-allergies", true],
    ["there is none to a drug, which says nothing of others", "409137002", false],
    ["nobody knows", "no-allergy-info", false],
  ])("is none if it says that %s", (_, code, isNoneKnown) => {
    const one = allergy("none", { code: { coding: [{ code: "A9" }, { code }] } });
    expect([currentAllergies([one, allergy("dust")]).map(({ code: what }) => what?.text), saysNoneKnown(one)]).toEqual([
      ["dust"],
      isNoneKnown,
    ]);
  });
});
