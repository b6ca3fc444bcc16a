/** One act, one patient: also where the patient comes later, or takes the place of another. */
import { rulesTable } from "../kit/rules-table.ts";

const LABORATORY = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }];

rulesTable("an act's patient", ["visits", "lab", "pharmacy"], (at) => {
  const order = () => at.stored({ resourceType: "ServiceRequest", status: "active", intent: "order", subject: at.patient });
  const result = (more: object) => ({ resourceType: "Observation", status: "final", category: LABORATORY, code: { text: "Hb" }, ...more });

  at.refuses("observation-one-patient", "a patient who is given to a result later, and is not that of its order", {
    stored: async () => result({ basedOn: [await order()] }),
    change: (it) => ({ ...it, subject: at.other }),
    instead: (it) => ({ ...it, subject: at.patient }),
    as: { status: 409, expression: "Observation.basedOn" },
  });

  it("is the one who took another's place: what is final and was handed out goes over, one by one, and stays as it is", async () => {
    const old = await at.stored({ resourceType: "Patient" });
    const subject = await at.stored({ resourceType: "Patient" });
    const request = await at.stored({ resourceType: "ServiceRequest", status: "active", intent: "order", subject: old });
    const acts = [
      result({ subject: old, basedOn: [request], valueQuantity: { value: 5 } }),
      { resourceType: "DiagnosticReport", status: "final", code: { text: "Hb" }, subject: old, basedOn: [request] },
      { resourceType: "MedicationDispense", status: "completed", medicationCodeableConcept: { text: "x" }, subject: old },
    ];
    const stored = await Promise.all(acts.map(async (act) => (await at.fhir.get(`/${(await at.stored(act)).reference}`)).body));
    await at.fhir.send("PUT", `/${old.reference}`, {
      resourceType: "Patient",
      id: old.reference.slice("Patient/".length),
      link: [{ type: "replaced-by", other: subject }],
    });
    for (const it of stored) {
      const put = (more: object) => at.fhir.send("PUT", `/${it.resourceType}/${it.id}`, { ...it, ...more });
      expect(await put({ subject: at.other })).toMatchObject({ status: 409 });
      expect(await put({ subject, language: "fr" })).toMatchObject({ status: 409 });
      expect(await put({ subject })).toMatchObject({ status: 200 });
    }
  });
});
