/** What no task or consent may become, by whichever door somebody writes. */
import { STATUS_STEPS } from "../../mixins/fhir/rules/statuses.ts";
import { rulesTable } from "../kit/rules-table.ts";

rulesTable("the records", ["visits"], (at) => {
  const task = (status: string) => ({ resourceType: "Task", status, intent: "order", for: at.patient });
  const consent = (status: string) => ({
    resourceType: "Consent",
    status,
    scope: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/consentscope", code: "patient-privacy" }] },
    category: [{ coding: [{ system: "http://loinc.org", code: "59284-0" }] }],
    patient: at.patient,
    policyRule: { text: "as the law says" },
  });

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
  const subject = at.patient;
  moved("condition-subject", "subject", () => ({ resourceType: "Condition", subject, code: text }));
  moved("allergy-intolerance-subject", "patient", () => ({
    resourceType: "AllergyIntolerance",
    clinicalStatus: active,
    patient: subject,
    code: text,
  }));
  moved("care-plan-subject", "subject", () => ({ resourceType: "CarePlan", status: "active", intent: "plan", subject }));
  moved("clinical-impression-subject", "subject", () => ({ resourceType: "ClinicalImpression", status: "completed", subject }));
  moved("family-member-history-subject", "patient", () => ({
    resourceType: "FamilyMemberHistory",
    status: "completed",
    patient: subject,
    relationship: text,
  }));
  moved("observation-subject", "subject", () => ({ resourceType: "Observation", status: "preliminary", code: text, subject }));
  moved("composition-subject", "subject", () => ({
    resourceType: "Composition",
    status: "preliminary",
    type: text,
    subject,
    date: when,
    author: [subject],
    title: "x",
  }));
  moved("document-reference-subject", "subject", () => ({
    resourceType: "DocumentReference",
    status: "current",
    subject,
    content: [{ attachment: { contentType: "text/plain", data: "eA==" } }],
  }));
  const elsewhere = () => at.stored({ resourceType: "Encounter", status: "planned", class: { code: "AMB" }, subject: at.other });
  at.refuses("procedure-one-patient", "a procedure in another patient's visit", {
    create: async () => ({ resourceType: "Procedure", status: "completed", subject: at.patient, encounter: await elsewhere() }),
    insteadOf: async () => ({ resourceType: "Procedure", status: "completed", subject: at.other, encounter: await elsewhere() }),
    as: { status: 409, expression: "Procedure.encounter" },
  });
  at.refuses("immunization-one-patient", "an immunization in another patient's visit", {
    create: async () => ({ resourceType: "Immunization", ...given, encounter: await elsewhere() }),
    insteadOf: () => ({ resourceType: "Immunization", ...given }),
    as: { status: 409, expression: "Immunization.encounter" },
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
