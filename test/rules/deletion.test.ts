/** What others rest on is not deleted, by whichever door somebody asks for it. */
import { referencePathsOf } from "../../fhir/reference-paths.ts";
import { resourceTypes } from "../../fhir/search/parameters.ts";
import { ACT_REFERENCES, RESTED_ON } from "../../federation/act-references.ts";
import { patientElementOf, patientPathOf } from "../../federation/patient-records.ts";
import { referringTo } from "../kit/filled.ts";
import { madeOf, withReference } from "../kit/of-patients.ts";
import { rulesTable } from "../kit/rules-table.ts";

const LABORATORY = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }];

rulesTable("deletion", ["wards", "visits", "hospitalizations", "lab", "pharmacy", "billing"], (at) => {
  /** Refers to a stored one, and is what may be deleted later. */
  const under = (make: (place: { reference: string }) => object) => {
    let last = "";
    return {
      over: async (stored: object & { resourceType: string }, id: string) => {
        last = (await at.stored(make({ reference: `${stored.resourceType}/${id}` }))).reference;
      },
      gone: () => at.fhir.send("DELETE", `/${last}`),
    };
  };
  const refuses = (rule: string, what: string, stored: () => object, resting: (place: { reference: string }) => object) => {
    const others = under(resting);
    at.refuses(rule, what, {
      remove: stored,
      under: (it) => others.over(it, it.id),
      allow: () => others.gone(),
      as: { status: 409 },
    });
  };

  const patient = () => ({ resourceType: "Patient", name: [{ family: "Rossi" }] });
  const order = () => ({ resourceType: "ServiceRequest", status: "active", intent: "order", subject: at.patient });
  const result = () => ({
    resourceType: "Observation",
    status: "preliminary",
    category: LABORATORY,
    code: { text: "Hb" },
    subject: at.patient,
  });

  refuses("patient-rested-on", "a patient with a visit", patient, (subject) => ({
    resourceType: "Encounter",
    status: "finished",
    class: { code: "AMB" },
    subject,
  }));
  refuses("patient-rested-on", "a patient with an allergy", patient, (of) => ({
    resourceType: "AllergyIntolerance",
    clinicalStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] },
    patient: of,
  }));
  refuses("encounter-rested-on", "a visit with a charge", visit, (context) => ({
    resourceType: "ChargeItem",
    status: "billable",
    code: { text: "x" },
    subject: at.patient,
    context,
  }));
  refuses("service-request-rested-on", "an order with its result", order, (of) => ({ ...result(), basedOn: [of] }));
  refuses(
    "specimen-rested-on",
    "a specimen with its result",
    () => ({ resourceType: "Specimen", subject: at.patient }),
    (specimen) => ({
      ...result(),
      specimen,
    }),
  );
  refuses("observation-rested-on", "a result under a report", result, (of) => ({
    resourceType: "DiagnosticReport",
    status: "preliminary",
    code: { text: "x" },
    subject: at.patient,
    result: [of],
  }));
  refuses(
    "supply-request-rested-on",
    "what was asked for and is delivered",
    () => ({ resourceType: "SupplyRequest", status: "active", itemCodeableConcept: { text: "x" }, quantity: { value: 1 } }),
    (of) => ({ resourceType: "SupplyDelivery", status: "in-progress", basedOn: [of] }),
  );
  const inError = async ({ resourceType, id, ...it }: Record<string, unknown>) => {
    const body = { ...it, resourceType, id, status: "entered-in-error" };
    expect(await at.fhir.send("PUT", `/${resourceType}/${id}`, body)).toMatchObject({ status: 200 });
  };
  for (const status of ["final", "amended", "corrected"]) {
    at.refuses("observation-deleted", `a result of the laboratory that is ${status}`, {
      remove: async () => ({ ...result(), status, basedOn: [await at.stored(order())] }),
      allow: inError,
      as: { status: 409, expression: "Observation.status" },
    });
    at.refuses("diagnostic-report-deleted", `a report that is ${status}`, {
      remove: () => ({ resourceType: "DiagnosticReport", status, code: { text: "x" }, subject: at.patient }),
      allow: inError,
      as: { status: 409, expression: "DiagnosticReport.status" },
    });
  }
  refuses("medication-request-rested-on", "a prescription that is dispensed", prescription, (of) => ({
    resourceType: "MedicationDispense",
    status: "in-progress",
    medicationCodeableConcept: { text: "x" },
    subject: at.patient,
    authorizingPrescription: [of],
  }));
  refuses(
    "medication-rested-on",
    "a medication that is prescribed",
    () => ({ resourceType: "Medication" }),
    (of) => {
      const { medicationCodeableConcept: _, ...rest } = prescription();
      return { ...rest, medicationReference: of };
    },
  );
  refuses(
    "location-rested-on",
    "a bed that somebody has lain in",
    () => ({ resourceType: "Location" }),
    (location) => ({
      resourceType: "Encounter",
      status: "finished",
      class: { code: "IMP" },
      subject: at.patient,
      location: [{ location }],
    }),
  );

  const slot = () => ({
    resourceType: "Slot",
    status: "free",
    start: "2090-01-05T10:00:00Z",
    end: "2090-01-05T10:20:00Z",
    schedule: { display: "Dr Bianchi" },
  });
  refuses("slot-rested-on", "a slot in which a patient is booked", slot, (of) => ({
    resourceType: "Appointment",
    status: "booked",
    start: "2090-01-05T10:00:00Z",
    end: "2090-01-05T10:20:00Z",
    participant: [{ actor: at.patient, status: "accepted" }],
    slot: [of],
  }));

  refuses(
    "location-rested-on",
    "a ward with a room",
    () => ({ resourceType: "Location" }),
    (partOf) => ({ resourceType: "Location", partOf }),
  );
  refuses(
    "location-rested-on",
    "a place with stock, though no search finds where a delivery went",
    () => ({ resourceType: "Location" }),
    (destination) => ({ resourceType: "SupplyDelivery", status: "in-progress", destination }),
  );
  refuses("service-request-rested-on", "an order with its specimen", order, (of) => ({
    resourceType: "Specimen",
    subject: at.patient,
    request: [of],
  }));
  refuses("encounter-rested-on", "the stay of a mother under that of her child", visit, (partOf) => ({ ...visit(), partOf }));
  refuses("patient-rested-on", "a record that took another's place", patient, (other) => ({
    ...patient(),
    link: [{ type: "replaced-by", other }],
  }));
  refuses("patient-rested-on", "a patient with a consent", patient, (of) => ({
    resourceType: "Consent",
    status: "draft",
    scope: { text: "x" },
    category: [{ text: "x" }],
    patient: of,
    policyRule: { text: "x" },
  }));
  refuses("encounter-rested-on", "a visit with a procedure", visit, (encounter) => ({
    resourceType: "Procedure",
    status: "completed",
    subject: at.patient,
    encounter,
  }));
  refuses(
    "medication-rested-on",
    "a medication that was given",
    () => ({ resourceType: "Medication" }),
    (medicationReference) => ({
      resourceType: "MedicationAdministration",
      status: "in-progress",
      subject: at.patient,
      effectiveDateTime: new Date().toISOString(),
      medicationReference,
    }),
  );

  it("is refused if a part, or a version, is referred to", async () => {
    for (const end of ["#part", "/_history/1", "/_history/1#part"]) {
      const { reference } = await at.stored(patient());
      await at.stored({ ...order(), subject: { reference: `${reference}${end}` } });
      expect(await at.fhir.send("DELETE", `/${reference}`)).toMatchObject({ status: 409 });
      expect((await at.fhir.get(`/ServiceRequest?subject=${reference}`)).body.total).toBe(1);
    }
  });

  it("is refused for a patient with anything in the record, of any type", async () => {
    const elsewhere = ["CareTeam", "AllergyIntolerance"]; // of a service that is not here; tried above
    const more: Record<string, object> = {
      Consent: { policyRule: { text: "x" } },
      ImmunizationRecommendation: { recommendation: [{ vaccineCode: [{ text: "x" }], forecastStatus: { text: "due" } }] },
    };
    for (const type of resourceTypes) {
      const element = patientElementOf(type);
      if (element === undefined || elsewhere.includes(type)) continue;
      const of = await at.stored(patient());
      const { reference } = await at.stored({ resourceType: type, ...referringTo(type, "Patient/alive", 0), ...more[type], [element]: of });
      const answer = await at.fhir.send("DELETE", `/${of.reference}`);
      expect([type, answer.status, answer.body?.issue?.[0].diagnostics]).toEqual([type, 409, expect.stringContaining(reference)]);
    }
  });

  it.each([
    ["Immunization", "encounter"],
    ["Communication", "encounter"],
    ["Composition", "encounter"],
    ["Claim", "item.encounter"],
  ])("is refused of a visit with a %s", async (type, path) => {
    const of = await at.stored(visit());
    const element = patientElementOf(type) as string;
    const within = path === "encounter" ? { encounter: of } : { item: [{ sequence: 1, productOrService: { text: "x" }, encounter: [of] }] };
    await at.stored({ resourceType: type, ...referringTo(type, "Patient/alive", 0), [element]: at.patient, ...within });
    expect(await at.fhir.send("DELETE", `/${of.reference}`)).toMatchObject({ status: 409 });
  });

  it("is accepted if what refers to it is deleted in the same transaction", async () => {
    const of = await at.stored(patient());
    const first = await at.stored({ ...order(), subject: of });
    const second = await at.stored({ ...result(), subject: of, basedOn: [first] });
    const entry = [of, first, second].map(({ reference: url }) => ({ request: { method: "DELETE", url } }));
    expect(await at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry: entry.slice(0, 2) })).toMatchObject({
      status: 409,
    });
    expect(await at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry })).toMatchObject({ status: 200 });
  });

  it("is refused if the same transaction leaves, or creates, a reference to it", async () => {
    const pulse = { resourceType: "Observation", status: "final", code: { text: "pulse" } };
    const together = (...entry: object[]) => at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry });
    for (const under of [pulse, { resourceType: "Condition" }, { ...order(), id: undefined }]) {
      const subject = await at.stored(patient());
      const gone = { request: { method: "DELETE", url: subject.reference } };
      const made = { ...under, subject };
      expect(await together(gone, { resource: made, request: { method: "POST", url: under.resourceType } })).toMatchObject({ status: 409 });
      const { reference } = await at.stored(made);
      const kept = { ...made, id: reference.slice(reference.indexOf("/") + 1) };
      const request = { method: "PUT", url: reference };
      expect(await together(gone, { resource: kept, request })).toMatchObject({ status: 409 });
      expect((await at.fhir.get(`/${subject.reference}`)).status).toBe(200);
    }
  });

  it.each(
    Object.entries(ACT_REFERENCES)
      .flatMap(([type, all]) => all.map(({ path }) => [type, path] as const))
      .filter(([type, path]) => path !== patientPathOf(type)),
  )("leaves nothing that new acts may refer to: %s.%s names what is here", async (type, path) => {
    const { targets = [] } = referencePathsOf(type).find((it) => it.path === path) ?? {};
    for (const target of targets.filter((one) => RESTED_ON.has(one))) {
      const ofLaboratory = type === "Observation" && { category: LABORATORY };
      const act = { ...withReference(madeOf(type, at.patient), path, `${target}/never-stored`), ...ofLaboratory };
      expect([target, await at.fhir.create(act)]).toMatchObject([target, { status: 409, body: { issue: [{ code: "business-rule" }] } }]);
    }
  });

  it("does not prevent references to what was not deleted, or was created again", async () => {
    const of = await at.stored(patient());
    await at.stored({ ...order(), subject: of });
    expect((await at.fhir.send("DELETE", `/${of.reference}`)).status).toBe(409);
    await at.stored({ ...order(), subject: of });
    const again = { ...patient(), id: "comes-again" };
    for (let times = 0; times < 2; times += 1) {
      expect((await at.fhir.send("PUT", "/Patient/comes-again", again)).status).toBe(201);
      const { reference } = await at.stored({ ...order(), subject: { reference: "Patient/comes-again" } });
      expect((await at.fhir.send("DELETE", `/${reference}`)).status).toBe(204);
      expect((await at.fhir.send("DELETE", "/Patient/comes-again")).status).toBe(204);
    }
  });

  function visit() {
    return { resourceType: "Encounter", status: "finished", class: { code: "AMB" }, subject: at.patient };
  }
  function prescription() {
    return {
      resourceType: "MedicationRequest",
      status: "active",
      intent: "order",
      medicationCodeableConcept: { text: "x" },
      subject: at.patient,
    };
  }
});
