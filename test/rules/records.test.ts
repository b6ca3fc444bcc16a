/** What no task or consent may become, by whichever door somebody writes. */
import { STATUS_STEPS } from "../../mixins/fhir/rules/statuses.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { rulesTable } from "../kit/rules-table.ts";

rulesTable("the records", ["visits", "wards", "personnel"], (at) => {
  const task = (status: string) => ({ resourceType: "Task", status, intent: "order", for: at.patient });
  const consent = (status: string) => ({
    resourceType: "Consent",
    status,
    scope: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/consentscope", code: "patient-privacy" }] },
    category: [{ coding: [{ system: "http://loinc.org", code: "59284-0" }] }],
    patient: at.patient,
    policyRule: { text: "as the law says" },
  });

  const ordersOf = (patient: object, status: string): [string, object][] => [
    [
      "device-request-patient",
      { resourceType: "DeviceRequest", intent: "order", codeCodeableConcept: { text: "crutches" }, subject: patient, status },
    ],
    [
      "nutrition-order-patient",
      { resourceType: "NutritionOrder", intent: "order", dateTime: "2099-01-01", oralDiet: { type: [{ text: "soft" }] }, patient, status },
    ],
    [
      "vision-prescription-patient",
      {
        resourceType: "VisionPrescription",
        created: "2099-01-01",
        dateWritten: "2099-01-01",
        prescriber: { display: "Dr Amrani" },
        lensSpecification: [{ product: { text: "lens" }, eye: "left" }],
        patient,
        status,
      },
    ],
  ];
  for (const [index, rule] of ["device-request-patient", "nutrition-order-patient", "vision-prescription-patient"].entries()) {
    const orderOf = (status: string) => ordersOf(at.dead, status)[index]?.[1] as object;
    at.refuses(rule, "an order for somebody who has died, but not a draft", {
      create: () => orderOf("active"),
      insteadOf: () => orderOf("draft"),
      as: { status: 409 },
    });
  }

  const moved = (rule: string, element: string, stored: () => object) =>
    at.refuses(rule, "to become another patient's", {
      stored,
      change: (it) => ({ ...it, [element]: at.other }),
      instead: (it) => ({ ...it, meta: { tag: [{ code: "seen" }] } }),
      as: { status: 409, expression: `It.${element}` },
    });
  const when = new Date().toISOString();
  const given = { status: "completed", vaccineCode: { text: "x" }, patient: at.patient, occurrenceDateTime: when };
  moved("consent-subject", "patient", () => consent("active"));
  moved("task-subject", "for", () => task("requested"));
  moved("procedure-subject", "subject", () => ({ resourceType: "Procedure", status: "completed", subject: at.patient }));
  moved("immunization-subject", "patient", () => ({ resourceType: "Immunization", ...given }));
  const text = { text: "x" };
  const active = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] };
  const content = [{ attachment: { contentType: "text/plain", data: "eA==" } }];
  const subject = at.patient;
  const note = { status: "preliminary", type: text, subject, date: when, author: [subject], title: "x" };
  const ofPatient: Record<string, () => Record<string, unknown>> = {
    "allergy-intolerance": () => ({ resourceType: "AllergyIntolerance", clinicalStatus: active, patient: subject, code: text }),
    "care-plan": () => ({ resourceType: "CarePlan", status: "active", intent: "plan", subject }),
    "clinical-impression": () => ({ resourceType: "ClinicalImpression", status: "completed", subject }),
    composition: () => ({ resourceType: "Composition", ...note }),
    condition: () => ({ resourceType: "Condition", subject, code: text }),
    "document-reference": () => ({ resourceType: "DocumentReference", status: "current", subject, content }),
    "family-member-history": () => ({ resourceType: "FamilyMemberHistory", status: "completed", patient: subject, relationship: text }),
    observation: () => ({ resourceType: "Observation", status: "preliminary", code: text, subject }),
  };
  // The ids: "allergy-intolerance-subject", "care-plan-subject", "clinical-impression-subject", "composition-subject", "condition-subject",
  // "document-reference-subject", "family-member-history-subject", "observation-subject".
  for (const [type, make] of Object.entries(ofPatient)) moved(`${type}-subject`, "patient" in make() ? "patient" : "subject", make);

  const elsewhere = () => at.stored({ resourceType: "Encounter", status: "planned", class: { code: "AMB" }, subject: at.other });
  // "allergy-intolerance-one-patient", "care-plan-one-patient", "clinical-impression-one-patient", "composition-one-patient",
  // "condition-one-patient", "document-reference-one-patient", "immunization-one-patient", "procedure-one-patient".
  const inEncounters = {
    ...Object.fromEntries(Object.entries(ofPatient).filter(([type]) => !["family-member-history", "observation"].includes(type))),
    immunization: () => ({ resourceType: "Immunization", ...given }),
    procedure: () => ({ resourceType: "Procedure", status: "completed", subject }),
  };
  for (const [type, make] of Object.entries(inEncounters)) {
    const { resourceType } = make();
    const isDocument = resourceType === "DocumentReference";
    const inOne = async (resource: object) => {
      const encounter = await elsewhere();
      return { ...resource, ...(isDocument ? { context: { encounter: [encounter] } } : { encounter }) };
    };
    at.refuses(`${type}-one-patient`, "to be in another patient's visit", {
      create: () => inOne(make()),
      insteadOf: () => inOne({ ...make(), ["patient" in make() ? "patient" : "subject"]: at.other }),
      as: { status: 409, expression: `${resourceType as string}.${isDocument ? "context.encounter" : "encounter"}` },
    });
  }

  const [unseen, seen] = ["\u200b\u2060", "A\u200b"];
  const named: [string, resource: object, name: (text: string) => unknown][] = [
    ["patient-name", { resourceType: "Patient" }, (family) => [{ family }]],
    ["related-person-name", { resourceType: "RelatedPerson", patient: at.patient }, (text) => [{ text }]],
    ["person-name", { resourceType: "Person" }, (given) => [{ family: "Rossi", given: ["Ada", given] }]],
    ["practitioner-name", { resourceType: "Practitioner" }, (family) => [{ family }]],
    ["organization-name", { resourceType: "Organization" }, (text) => text],
    ["healthcare-service-name", { resourceType: "HealthcareService" }, (text) => text],
    ["location-name", { resourceType: "Location" }, (text) => text],
  ];
  for (const [rule, resource, name] of named) {
    at.refuses(rule, "a name of which nothing can be seen", {
      create: () => ({ ...resource, name: name(unseen as string) }),
      insteadOf: () => ({ ...resource, name: name(seen as string) }),
      as: { status: 422 },
    });
  }
  it("register nobody, and open no ward, under such a name", async () => {
    const wardOf = (text: string) => wards.open(at.mesh.caller, { name: text, rooms: [{ name: `${text}1`, beds: [`${text}2`] }] });
    const withName = (family: string) => patients.register(at.mesh.caller, { family, given: ["Ada"], gender: "female" });
    for (const ask of [wardOf, withName]) {
      await expect(ask(unseen as string)).rejects.toMatchObject({ code: 422, type: "VALIDATION_ERROR" });
      await expect(ask(seen as string)).resolves.toBeDefined();
    }
  });

  at.refuses("task-status", "a completed task to be in progress again", {
    stored: () => task("completed"),
    change: (it) => ({ ...it, status: "in-progress" }),
    instead: (it) => ({ ...it, status: "entered-in-error" }),
    as: { status: 409, expression: "Task.status" },
  });
  at.refuses("task-status", "a task that was begun to be requested again", {
    stored: () => task("in-progress"),
    change: (it) => ({ ...it, status: "requested" }),
    instead: (it) => ({ ...it, status: "on-hold" }),
    as: { status: 409, expression: "Task.status" },
  });
  at.refuses("consent-status", "a consent that has ended to be active again", {
    stored: () => consent("inactive"),
    change: (it) => ({ ...it, status: "active" }),
    instead: (it) => ({ ...it, status: "entered-in-error" }),
    as: { status: 409, expression: "Consent.status" },
  });
  at.refuses("consent-status", "an active consent to be proposed", {
    stored: () => consent("active"),
    change: (it) => ({ ...it, status: "proposed" }),
    instead: (it) => ({ ...it, status: "inactive" }),
    as: { status: 409, expression: "Consent.status" },
  });

  it.each(["Task", "Consent"] as const)("let a %s be created in each status, and take every step that is left to it", async (type) => {
    for (const [from, next] of Object.entries(STATUS_STEPS[type])) {
      for (const to of [from, ...next]) {
        const { status, body } = await at.fhir.create(type === "Task" ? task(from) : consent(from));
        expect([from, status]).toEqual([from, 201]);
        expect([from, to, (await at.fhir.send("PUT", `/${type}/${body.id}`, { ...body, status: to })).status]).toEqual([from, to, 200]);
      }
    }
  });
});
