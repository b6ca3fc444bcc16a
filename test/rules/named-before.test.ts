/** One act, one patient, whichever of two comes first: also what is named before it is here, or before it has a patient. */
import { randomUUID } from "node:crypto";
import { elementsOf } from "../../fhir/validate/structure-definition.ts";
import { NAMED_TYPES, namingTypes } from "../../federation/named-resources.ts";
import { patientElementOf } from "../../federation/patient-records.ts";
import { readConfig } from "../../mesh/config.ts";
import { checkData } from "../../scripts/check-data/check.ts";
import { closeAll, openSources } from "../../scripts/check-data/owner-stores.ts";
import type { Store } from "../../store/store.ts";
import { referringTo } from "../kit/filled.ts";
import { rulesTable } from "../kit/rules-table.ts";

type Json = Record<string, unknown> & { resourceType: string };

const PAST = "2020-01-01T10:00:00Z";
const CODE = { text: "x" };
/** What comes later, by its rule. */
const LATER: Record<string, Json> = {
  "encounter-named-before": { resourceType: "Encounter", status: "finished", class: { code: "AMB" } },
  "episode-of-care-named-before": { resourceType: "EpisodeOfCare", status: "finished" },
  "service-request-named-before": { resourceType: "ServiceRequest", status: "completed", intent: "order", authoredOn: PAST },
  "specimen-named-before": { resourceType: "Specimen" },
  "observation-named-before": { resourceType: "Observation", status: "final", code: CODE },
  "medication-request-named-before": {
    resourceType: "MedicationRequest",
    status: "completed",
    intent: "order",
    medicationCodeableConcept: CODE,
    authoredOn: PAST,
  },
  "charge-item-named-before": { resourceType: "ChargeItem", status: "billable", code: CODE },
  "care-plan-named-before": { resourceType: "CarePlan", status: "completed", intent: "plan" },
  "procedure-named-before": { resourceType: "Procedure", status: "completed", performedDateTime: PAST },
  "imaging-study-named-before": { resourceType: "ImagingStudy", status: "available" },
  "media-named-before": { resourceType: "Media", status: "completed", content: { url: "urn:x" } },
  "questionnaire-response-named-before": { resourceType: "QuestionnaireResponse", status: "completed" },
  "nutrition-order-named-before": { resourceType: "NutritionOrder", status: "completed", intent: "order", dateTime: PAST },
};

/** A resource with a reference at a path. */
function withReference(resource: Json, path: string, reference: string): Json {
  const [name = "", ...rest] = path.split(".");
  const isList = elementsOf(resource.resourceType).find((it) => it.name === name)?.max === -1;
  const value = rest.length > 0 ? { ...(resource[name] as object[])?.[0], [rest.join(".")]: { reference } } : { reference };
  return { ...resource, [name]: isList ? [value] : value };
}

rulesTable("what is named before it is here", ["visits", "hospitalizations", "lab", "pharmacy", "billing", "personnel"], (at) => {
  const elementIn = (type: string) => patientElementOf(type) ?? "";
  const later = (rule: string, patient: object): Json => {
    const resource = LATER[rule] as Json;
    return { ...resource, [elementIn(resource.resourceType)]: patient };
  };
  const put = (resource: Json, id: string) => ({
    resource: { ...resource, id },
    request: { method: "PUT", url: `${resource.resourceType}/${id}` },
  });
  const bundle = (type: string, ...entry: object[]) => at.fhir.send("POST", "", { resourceType: "Bundle", type, entry });

  it("is of every type that others name", () => {
    expect(Object.values(LATER).map(({ resourceType }) => resourceType)).toEqual(NAMED_TYPES);
  });

  it.each(Object.keys(LATER))("has the patient of each that names it (%s)", async (rule) => {
    const { resourceType } = LATER[rule] as Json;
    let taken = 0;
    for (const { by, paths, patient } of namingTypes(resourceType)) {
      for (const path of paths) {
        const id = randomUUID();
        const naming = withReference(
          { ...referringTo(by, "Patient/alive", 0), [patient]: at.patient } as Json,
          path,
          `${resourceType}/${id}`,
        );
        // An act of today rests on what is here: it is refused by itself.
        if ((await at.fhir.create(naming)).status !== 201) continue;
        taken += 1;
        const refused = await at.fhir.send("PUT", `/${resourceType}/${id}`, { ...later(rule, at.other), id });
        expect([by, path, refused]).toMatchObject([
          by,
          path,
          { status: 409, body: { issue: [{ code: "business-rule", expression: [`${resourceType}.${elementIn(resourceType)}`] }] } },
        ]);
        const own = await at.fhir.send("PUT", `/${resourceType}/${id}`, { ...later(rule, at.patient), id });
        expect([by, path, own]).toMatchObject([by, path, { status: 201 }]);
      }
    }
    expect([rule, taken > 0]).toEqual([rule, true]);
  });

  const named = async () => {
    const id = randomUUID();
    const place = await at.stored({ resourceType: "Condition", subject: at.patient, encounter: { reference: `Encounter/${id}` } });
    return { id, place: place.reference };
  };
  const encounter = (patient: object) => later("encounter-named-before", patient);

  it("comes by no other door: a transaction, a batch, an Idempotency-Key, with a version, after a deletion", async () => {
    const { id } = await named();
    const basic = { resource: { resourceType: "Basic", code: CODE }, request: { method: "POST", url: "Basic" } };
    expect(await bundle("transaction", basic, put(encounter(at.other), id))).toMatchObject({ status: 409 });
    const { body } = await bundle("batch", put(encounter(at.other), id));
    expect(body.entry).toMatchObject([{ response: { status: "409" } }]);
    const keyed = { "Idempotency-Key": randomUUID() };
    expect(await at.fhir.send("PUT", `/Encounter/${id}`, { ...encounter(at.other), id }, keyed)).toMatchObject({ status: 409 });
    expect(await bundle("transaction", basic, put(encounter(at.patient), id))).toMatchObject({ status: 200 });
  });

  it("may come when who names it is put right, or goes with the same transaction", async () => {
    const [first, second] = [await named(), await named()];
    const { body } = await at.fhir.get(`/${first.place}`);
    expect(await at.fhir.send("PUT", `/${first.place}`, { ...body, encounter: undefined })).toMatchObject({ status: 200 });
    expect(await at.fhir.send("PUT", `/Encounter/${first.id}`, { ...encounter(at.other), id: first.id })).toMatchObject({ status: 201 });
    const remove = { request: { method: "DELETE", url: second.place } };
    expect(await bundle("transaction", remove, put(encounter(at.other), second.id))).toMatchObject({ status: 200 });
  });

  it("is told who names it, by its reference", async () => {
    const { id, place } = await named();
    const { text } = await at.fhir.send("PUT", `/Encounter/${id}`, { ...encounter(at.other), id });
    expect(text).toContain(place);
    expect(text).toContain("RULE_ENCOUNTER_NAMED_BEFORE");
  });

  it("may be of the record that has taken the place of the one that names it", async () => {
    const id = randomUUID();
    const old = await at.stored({ resourceType: "Patient" });
    await at.stored({ resourceType: "Condition", subject: old, encounter: { reference: `Encounter/${id}` } });
    const link = [{ type: "replaced-by", other: at.patient }];
    await at.fhir.send("PUT", `/${old.reference}`, { resourceType: "Patient", id: old.reference.slice("Patient/".length), link });
    expect(await at.fhir.send("PUT", `/Encounter/${id}`, { ...encounter(at.patient), id })).toMatchObject({ status: 201 });
  });

  it("is found though many name it, of whom one is another patient's", async () => {
    const id = randomUUID();
    const condition = (subject: object) => ({ resourceType: "Condition", subject, encounter: { reference: `Encounter/${id}` } });
    const entry = (resource: object) => ({ resource, request: { method: "POST", url: "Condition" } });
    await bundle("transaction", ...Array.from({ length: 450 }, () => entry(condition(at.other))), entry(condition(at.patient)));
    expect(await at.fhir.send("PUT", `/Encounter/${id}`, { ...encounter(at.other), id })).toMatchObject({ status: 409 });
  });

  it("is told by check-data where two came in the same moment, of which neither saw the other", async () => {
    const id = randomUUID();
    const { store } = at.mesh.caller.getLocalService("records") as unknown as { store: Store };
    const referredTo = store.referredTo.bind(store);
    let late: string | undefined;
    // Records have answered who names the encounter, and it is not stored yet.
    store.referredTo = async (...asked) => {
      const answer = await referredTo(...asked);
      late ??= (await at.stored({ resourceType: "Condition", subject: at.patient, encounter: { reference: `Encounter/${id}` } })).reference;
      return answer;
    };
    const { status } = await at.fhir
      .send("PUT", `/Encounter/${id}`, { ...encounter(at.other), id })
      .finally(() => Object.assign(store, { referredTo }));
    expect(status).toBe(201);
    const config = readConfig({ ...at.mesh.settings, SERVICES: "patients,records,visits" });
    const sources = await openSources(config);
    const { findings } = await checkData(sources, { rules: config.rules, clocksMs: 0 }).finally(() => closeAll(sources));
    expect(findings).toContainEqual(expect.objectContaining({ invariant: "condition-one-patient", resources: [late] }));
  });

  at.refuses("encounter-named-before", "another patient than theirs who name an encounter that had none", {
    stored: { resourceType: "Encounter", status: "finished", class: { code: "AMB" } },
    under: ({ id }) => at.stored({ resourceType: "Condition", subject: at.patient, encounter: { reference: `Encounter/${id}` } }),
    change: (it) => ({ ...it, subject: at.other }),
    instead: (it) => ({ ...it, subject: at.patient }),
    as: { status: 409, expression: "Encounter.subject" },
  });
});
