/** One act, one patient: also where the patient comes later, or takes the place of another. */
import { randomUUID } from "node:crypto";
import { elementsOf } from "../../fhir/validate/structure-definition.ts";
import { referringTo } from "../kit/filled.ts";
import { rulesTable } from "../kit/rules-table.ts";

const LABORATORY = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }];
const SURVEY = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "survey" }] }];
const ONE_PATIENT_FOR_GOOD = [
  "adverse-event-subject",
  "body-structure-subject",
  "care-team-subject",
  "claim-subject",
  "claim-response-subject",
  "communication-subject",
  "communication-request-subject",
  "coverage-subject",
  "coverage-eligibility-request-subject",
  "coverage-eligibility-response-subject",
  "detected-issue-subject",
  "device-request-subject",
  "device-use-statement-subject",
  "document-manifest-subject",
  "enrollment-request-subject",
  "explanation-of-benefit-subject",
  "flag-subject",
  "goal-subject",
  "guidance-response-subject",
  "imaging-study-subject",
  "immunization-evaluation-subject",
  "immunization-recommendation-subject",
  "list-subject",
  "measure-report-subject",
  "media-subject",
  "medication-statement-subject",
  "molecular-sequence-subject",
  "nutrition-order-subject",
  "questionnaire-response-subject",
  "related-person-subject",
  "request-group-subject",
  "research-subject-subject",
  "risk-assessment-subject",
  "supply-delivery-subject",
  "vision-prescription-subject",
];
const typeOf = (rule: string): string => rule.replace(/-subject$/, "").replace(/(?:^|-)[a-z]/g, (letter) => letter.slice(-1).toUpperCase());
const elementOf = (type: string): string => {
  const names = ["patient", "subject", "for", "beneficiary", "individual", "candidate"];
  return elementsOf(type).find(({ name }) => names.includes(name))?.name ?? "";
};

rulesTable("an act's patient", ["visits", "lab", "pharmacy", "billing", "personnel"], (at) => {
  const filled = (type: string, patient: object, more: object = {}) => ({
    ...referringTo(type, "Patient/alive", 0),
    [elementOf(type)]: patient,
    ...more,
  });

  it.each(ONE_PATIENT_FOR_GOOD)("is the same for good in what is on the record (%s)", async (rule) => {
    const type = typeOf(rule);
    const recommendation = [{ vaccineCode: [{ text: "x" }], forecastStatus: { text: "due" } }];
    const { body, status } = await at.fhir.create(
      filled(type, at.patient, type === "ImmunizationRecommendation" ? { recommendation } : {}),
    );
    expect(status).toBe(201);
    const put = (more: object) => at.fhir.send("PUT", `/${type}/${body.id}`, { ...body, ...more });
    const refused = { status: 409, body: { issue: [{ code: "business-rule", expression: [`${type}.${elementOf(type)}`] }] } };
    expect(await put({ [elementOf(type)]: at.other })).toMatchObject(refused);
    expect(await put({ language: "fr" })).toMatchObject({ status: 200 });
  });

  it.each([
    ["a plan", { resourceType: "CarePlan", status: "active", intent: "plan" }, "ServiceRequest", (of: object) => ({ basedOn: [of] })],
    [
      "an order",
      { resourceType: "ServiceRequest", status: "active", intent: "order" },
      "ServiceRequest",
      (of: object) => ({ replaces: [of] }),
    ],
    ["pictures", { resourceType: "ImagingStudy", status: "available" }, "Observation", (of: object) => ({ derivedFrom: [of] })],
    ["answers", { resourceType: "QuestionnaireResponse", status: "completed" }, "Observation", (of: object) => ({ hasMember: [of] })],
    [
      "a picture",
      { resourceType: "Media", status: "completed", content: { url: "urn:x" } },
      "DiagnosticReport",
      (link: object) => ({ media: [{ link }] }),
    ],
    [
      "a meal",
      { resourceType: "NutritionOrder", status: "active", intent: "order", dateTime: "2026-01-01" },
      "Task",
      (of: object) => ({ basedOn: [of] }),
    ],
  ])("is that of %s that it names, whichever service keeps it", async (_, named, type, naming) => {
    const element = named.resourceType === "NutritionOrder" ? "patient" : "subject";
    const body = async (of: object) => filled(type, at.patient, naming(await at.stored({ ...named, [element]: of })));
    expect(await at.fhir.create(await body(at.other))).toMatchObject({ status: 409, body: { issue: [{ code: "business-rule" }] } });
    expect(await at.fhir.create(await body(at.patient))).toMatchObject({ status: 201 });
  });

  it("cannot be of a device, a group, or a patient on another server: in a patient's visit these may be", async () => {
    const encounter = await at.stored({ resourceType: "Encounter", status: "finished", class: { code: "AMB" }, subject: at.patient });
    for (const reference of ["Group/g", "Device/d", "https://elsewhere.example/Patient/1"]) {
      const told = { resourceType: "Observation", status: "final", code: { text: "x" }, subject: { reference }, encounter };
      expect(await at.fhir.create(told)).toMatchObject({ status: 201 });
    }
  });

  it("is also that of the specimen's patient: a donor's specimen, whichever is stored first (observation-one-patient, specimen-named-before)", async () => {
    const [recipient, donor] = [at.patient, at.other];
    const tissue = { resourceType: "Specimen", subject: donor };
    const typing = (specimen: object, ...focus: object[]) => ({
      ...result({ subject: recipient, ...(focus.length > 0 && { focus }), specimen }),
      category: SURVEY,
    });
    const refused = { status: 409, body: { issue: [{ code: "business-rule", expression: ["Observation.specimen"] }] } };
    const stored = await at.stored(tissue);
    expect(await at.fhir.create(typing(stored))).toMatchObject(refused);
    expect(await at.fhir.create(typing(stored, recipient))).toMatchObject(refused);
    expect(await at.fhir.create(typing(stored, donor))).toMatchObject({ status: 201 });
    const later = randomUUID();
    const named = await at.fhir.create(typing({ reference: `Specimen/${later}` }, donor));
    expect(named).toMatchObject({ status: 201 });
    const { meta: _, ...body } = named.body;
    const put = (subject: object) => at.fhir.send("PUT", `/Specimen/${later}`, { ...tissue, id: later, subject });
    expect(await put(await at.stored({ resourceType: "Patient" }))).toMatchObject({ status: 409 });
    expect(await put(donor)).toMatchObject({ status: 201 });
    // Whom it is about is what makes it right.
    expect(await at.fhir.send("PUT", `/Observation/${body.id}`, { ...body, focus: [recipient] })).toMatchObject(refused);
  });

  const order = () => at.stored({ resourceType: "ServiceRequest", status: "active", intent: "order", subject: at.patient });
  const result = (more: object) => ({ resourceType: "Observation", status: "final", category: LABORATORY, code: { text: "Hb" }, ...more });

  it("is one person after a merge: new results are for earlier orders (observation-one-patient)", async () => {
    const [old, now] = [await at.stored({ resourceType: "Patient" }), await at.stored({ resourceType: "Patient" })];
    const ordered = (subject: object) => at.stored({ resourceType: "ServiceRequest", status: "active", intent: "order", subject });
    const [own, others] = [await ordered(old), await ordered(at.other)];
    const appointment = (patient: object) => {
      const participant = [{ actor: patient, status: "accepted" }];
      return { resourceType: "Appointment", status: "booked", start: "2999-01-01T08:00:00Z", end: "2999-01-01T08:30:00Z", participant };
    };
    const [kept, notKept] = [await at.stored(appointment(old)), await at.stored(appointment(at.other))];
    const link = [{ type: "replaced-by", other: now }];
    await at.fhir.send("PUT", `/${old.reference}`, { resourceType: "Patient", id: old.reference.slice("Patient/".length), link });
    const visit = (keeps: object) => ({
      resourceType: "Encounter",
      status: "planned",
      class: { code: "AMB" },
      subject: now,
      appointment: [keeps],
    });
    for (const [made, of, other] of [
      [(it: object) => result({ subject: now, basedOn: [it] }), own, others],
      [(it: object) => ({ ...appointment(now), start: "2999-01-01T08:10:00Z", basedOn: [it] }), own, others],
      [visit, kept, notKept],
    ] as const) {
      expect(await at.fhir.create(made(other))).toMatchObject({ status: 409, body: { issue: [{ code: "business-rule" }] } });
      expect(await at.fhir.create(made(of))).toMatchObject({ status: 201 });
    }
  });

  at.refuses("observation-one-patient", "a patient who is given to a result later, and is not that of its order", {
    stored: async () => result({ basedOn: [await order()] }),
    change: (it) => ({ ...it, subject: at.other }),
    instead: (it) => ({ ...it, subject: at.patient }),
    as: { status: 409, expression: "Observation.basedOn" },
  });

  it("is the merged record's: final and dispensed resources are moved one by one, unchanged", async () => {
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
