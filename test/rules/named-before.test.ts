/** One act, one patient, whichever of two comes first: also what is named before it is here, or before it has a patient. */
import { randomUUID } from "node:crypto";
import { elementsOf } from "../../fhir/validate/structure-definition.ts";
import { namingTypes } from "../../federation/named-resources.ts";
import { patientPathOf } from "../../federation/patient-records.ts";
import { mayReferTo, referencesOf, resourceTypes } from "../../fhir/search/parameters.ts";
import { listedRules } from "../../scripts/generate/rules.ts";
import { readConfig } from "../../mesh/config.ts";
import { checkData } from "../../scripts/check-data/check.ts";
import { closeAll, openSources } from "../../scripts/check-data/owner-stores.ts";
import type { Store } from "../../store/store.ts";
import { madeOf, typeOfRule, withReference } from "../kit/of-patients.ts";
import { rulesTable } from "../kit/rules-table.ts";

const END = "-named-before";
/** The rules of all types that are of a patient: what comes later. */
const LATER = [
  "account-named-before",
  "adverse-event-named-before",
  "allergy-intolerance-named-before",
  "appointment-named-before",
  "body-structure-named-before",
  "care-plan-named-before",
  "care-team-named-before",
  "charge-item-named-before",
  "claim-named-before",
  "claim-response-named-before",
  "clinical-impression-named-before",
  "communication-named-before",
  "communication-request-named-before",
  "composition-named-before",
  "condition-named-before",
  "consent-named-before",
  "coverage-eligibility-request-named-before",
  "coverage-eligibility-response-named-before",
  "coverage-named-before",
  "detected-issue-named-before",
  "device-request-named-before",
  "device-use-statement-named-before",
  "diagnostic-report-named-before",
  "document-manifest-named-before",
  "document-reference-named-before",
  "encounter-named-before",
  "enrollment-request-named-before",
  "episode-of-care-named-before",
  "explanation-of-benefit-named-before",
  "family-member-history-named-before",
  "flag-named-before",
  "goal-named-before",
  "guidance-response-named-before",
  "imaging-study-named-before",
  "immunization-evaluation-named-before",
  "immunization-named-before",
  "immunization-recommendation-named-before",
  "invoice-named-before",
  "list-named-before",
  "measure-report-named-before",
  "media-named-before",
  "medication-administration-named-before",
  "medication-dispense-named-before",
  "medication-request-named-before",
  "medication-statement-named-before",
  "molecular-sequence-named-before",
  "nutrition-order-named-before",
  "observation-named-before",
  "procedure-named-before",
  "questionnaire-response-named-before",
  "related-person-named-before",
  "request-group-named-before",
  "research-subject-named-before",
  "risk-assessment-named-before",
  "service-request-named-before",
  "specimen-named-before",
  "supply-delivery-named-before",
  "task-named-before",
  "vision-prescription-named-before",
];
/** What may refer to a patient, or is found by one, and need not be of the patient of those who name it: why. */
const NOT_OF_ONE: Record<string, string> = {
  AppointmentResponse: "answers for one of those who come",
  AuditEvent: "is of whatever was done",
  Basic: "is of what R4 has no type for",
  Contract: "is of whoever makes it",
  Device: "goes from one patient to the next",
  Group: "is of many",
  ImplementationGuide: "has examples",
  Linkage: "says that records are alike",
  MessageHeader: "is of whatever it sends",
  Patient: "is the patient",
  PaymentNotice: "is of a bill, whoever pays it",
  Person: "is of several records of one person",
  Provenance: "is of whatever was done",
  Schedule: "is of those who are booked",
  SupplyRequest: "is for a ward, or a patient",
  VerificationResult: "is of whatever was verified",
};
rulesTable(
  "the rule for resources that are referred to before they exist",
  ["visits", "hospitalizations", "lab", "pharmacy", "billing", "personnel"],
  (at) => {
    const put = (resource: { resourceType: string }, id: string) => ({
      resource: { ...resource, id },
      request: { method: "PUT", url: `${resource.resourceType}/${id}` },
    });
    const bundle = (type: string, ...entry: object[]) => at.fhir.send("POST", "", { resourceType: "Bundle", type, entry });

    it("covers every type by which a patient is found, except those with a stated reason", async () => {
      const ruled = (await listedRules()).filter(({ id }) => id.endsWith(END)).map(({ type }) => type);
      expect(LATER.map((rule) => typeOfRule(rule, END)).sort()).toEqual(ruled.sort());
      const found = resourceTypes.filter(
        (type) =>
          elementsOf(type).some(({ types = [], targets }) => types.includes("Reference") && targets?.includes("Patient")) ||
          referencesOf(type).some((it) => mayReferTo(it, "Patient")),
      );
      expect([...ruled, ...Object.keys(NOT_OF_ONE)].sort()).toEqual(found.sort());
    });

    it.each(LATER)("has the patient of each that names it (%s)", async (rule) => {
      const type = typeOfRule(rule, END);
      let taken = 0;
      for (const { type: by, paths } of namingTypes(type)) {
        for (const path of paths) {
          const id = randomUUID();
          const naming = withReference(madeOf(by, at.patient), path, `${type}/${id}`);
          // An act of today rests on what is here: it is refused by itself.
          const { status, text } = await at.fhir.create(naming);
          if (status === 409) expect(text).toMatch(/RULE_[A-Z_]+_REFERENCES/);
          else expect([by, path, status === 201 || text]).toEqual([by, path, true]);
          if (status !== 201) continue;
          taken += 1;
          const expression = [`${type}.${patientPathOf(type)}`];
          const refused = await at.fhir.send("PUT", `/${type}/${id}`, { ...madeOf(type, at.other), id });
          expect([by, path, refused]).toMatchObject([by, path, { status: 409, body: { issue: [{ code: "business-rule", expression }] } }]);
          const own = await at.fhir.send("PUT", `/${type}/${id}`, { ...madeOf(type, at.patient), id });
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
    const encounter = (patient: object) => madeOf("Encounter", patient);

    it("cannot be bypassed: by a transaction, a batch, an Idempotency-Key, with a version, after a deletion", async () => {
      const { id } = await named();
      const basic = { resource: { resourceType: "Basic", code: { text: "x" } }, request: { method: "POST", url: "Basic" } };
      expect(await bundle("transaction", basic, put(encounter(at.other), id))).toMatchObject({ status: 409 });
      const { body } = await bundle("batch", put(encounter(at.other), id));
      expect(body.entry).toMatchObject([{ response: { status: "409" } }]);
      const keyed = { "Idempotency-Key": randomUUID() };
      expect(await at.fhir.send("PUT", `/Encounter/${id}`, { ...encounter(at.other), id }, keyed)).toMatchObject({ status: 409 });
      expect(await bundle("transaction", basic, put(encounter(at.patient), id))).toMatchObject({ status: 200 });
    });

    it("permits it once the referring resource is corrected, or in the same transaction", async () => {
      const [first, second] = [await named(), await named()];
      const { body } = await at.fhir.get(`/${first.place}`);
      expect(await at.fhir.send("PUT", `/${first.place}`, { ...body, encounter: undefined })).toMatchObject({ status: 200 });
      expect(await at.fhir.send("PUT", `/Encounter/${first.id}`, { ...encounter(at.other), id: first.id })).toMatchObject({ status: 201 });
      const remove = { request: { method: "DELETE", url: second.place } };
      expect(await bundle("transaction", remove, put(encounter(at.other), second.id))).toMatchObject({ status: 200 });
    });

    it("gives the reference of the resource that refers to it", async () => {
      const { id, place } = await named();
      const { text } = await at.fhir.send("PUT", `/Encounter/${id}`, { ...encounter(at.other), id });
      expect(text).toContain(place);
      expect(text).toContain("RULE_ENCOUNTER_NAMED_BEFORE");
    });

    it("permits the record that has replaced the one that is referred to", async () => {
      const id = randomUUID();
      const old = await at.stored({ resourceType: "Patient" });
      await at.stored({ resourceType: "Condition", subject: old, encounter: { reference: `Encounter/${id}` } });
      const link = [{ type: "replaced-by", other: at.patient }];
      await at.fhir.send("PUT", `/${old.reference}`, { resourceType: "Patient", id: old.reference.slice("Patient/".length), link });
      expect(await at.fhir.send("PUT", `/Encounter/${id}`, { ...encounter(at.patient), id })).toMatchObject({ status: 201 });
    });

    it("finds one resource of another patient among many that refer to it", async () => {
      const id = randomUUID();
      const condition = (subject: object) => ({ resourceType: "Condition", subject, encounter: { reference: `Encounter/${id}` } });
      const entry = (resource: object) => ({ resource, request: { method: "POST", url: "Condition" } });
      await bundle("transaction", ...Array.from({ length: 450 }, () => entry(condition(at.other))), entry(condition(at.patient)));
      expect(await at.fhir.send("PUT", `/Encounter/${id}`, { ...encounter(at.other), id })).toMatchObject({ status: 409 });
    });

    it("is checked by check-data for two concurrent writes that did not see each other", async () => {
      const id = randomUUID();
      const { store } = at.mesh.caller.getLocalService("records") as unknown as { store: Store };
      const referredTo = store.referredTo.bind(store);
      let late: string | undefined;
      // Records have answered who names the encounter, and it is not stored yet.
      store.referredTo = async (...asked) => {
        const answer = await referredTo(...asked);
        late ??= (await at.stored({ resourceType: "Condition", subject: at.patient, encounter: { reference: `Encounter/${id}` } }))
          .reference;
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
  },
);
