/** One act, one patient: by each element that names what is of a patient, too (a newborn and its mother: mother-and-child.test.ts). */
import { randomUUID } from "node:crypto";
import { onePatientPathsOf } from "../../federation/named-resources.ts";
import { patientPathOf } from "../../federation/patient-records.ts";
import { referencePathsOf } from "../../fhir/reference-paths.ts";
import { resourceTypes } from "../../fhir/search/parameters.ts";
import { madeOf, stayOf as encounter, typeOfRule, withReference } from "../kit/of-patients.ts";
import { rulesTable } from "../kit/rules-table.ts";

const END = "-one-patient";
/** The rules of all types that name what is of a patient. */
const RULES = [
  "account-one-patient",
  "adverse-event-one-patient",
  "allergy-intolerance-one-patient",
  "appointment-one-patient",
  "care-plan-one-patient",
  "care-team-one-patient",
  "charge-item-one-patient",
  "claim-one-patient",
  "claim-response-one-patient",
  "clinical-impression-one-patient",
  "communication-one-patient",
  "communication-request-one-patient",
  "composition-one-patient",
  "condition-one-patient",
  "coverage-eligibility-request-one-patient",
  "coverage-eligibility-response-one-patient",
  "device-request-one-patient",
  "device-use-statement-one-patient",
  "diagnostic-report-one-patient",
  "document-reference-one-patient",
  "encounter-one-patient",
  "enrollment-request-one-patient",
  "episode-of-care-one-patient",
  "explanation-of-benefit-one-patient",
  "flag-one-patient",
  "goal-one-patient",
  "guidance-response-one-patient",
  "imaging-study-one-patient",
  "immunization-evaluation-one-patient",
  "immunization-one-patient",
  "immunization-recommendation-one-patient",
  "invoice-one-patient",
  "list-one-patient",
  "media-one-patient",
  "medication-administration-one-patient",
  "medication-dispense-one-patient",
  "medication-request-one-patient",
  "medication-statement-one-patient",
  "molecular-sequence-one-patient",
  "nutrition-order-one-patient",
  "observation-one-patient",
  "procedure-one-patient",
  "questionnaire-response-one-patient",
  "request-group-one-patient",
  "research-subject-one-patient",
  "risk-assessment-one-patient",
  "service-request-one-patient",
  "specimen-one-patient",
  "supply-delivery-one-patient",
  "task-one-patient",
  "vision-prescription-one-patient",
];

/** Types that may be named there and are of a patient; of an element that may name any, two. */
const targetsAt = (type: string, path: string): string[] => {
  const { targets } = referencePathsOf(type).find((it) => it.path === path) ?? {};
  return (targets ?? ["ServiceRequest", "Encounter"]).filter((it) => patientPathOf(it) !== undefined);
};

/**
 * Elements, by the last part of their path, that may refer to a patient, or to what is another patient's: why. Of those that are in both lists of R4, a
 * reason and a support, some are of a mother, a donor or a contact.
 */
const OF_OTHERS: Record<string, string[]> = {
  "who writes, asks, does or gets it may be another patient's mother, or a patient who is a colleague": [
    "actor",
    "author",
    "contributor",
    "enterer",
    "individual",
    "member",
    "operator",
    "owner",
    "participant",
    "party",
    "payor",
    "performer",
    "policyHolder",
    "receiver",
    "recipient",
    "recorder",
    "requester",
    "resultsInterpreter",
    "sender",
    "source", // of a list; of what the patient has said it is compared
    "subscriber",
    "verifiedWith",
  ],
  "a reason or a support may be another's: a mother's fever, a donor's result": [
    "about",
    "addresses",
    "basis",
    "detail",
    "evaluatedResource",
    "focus",
    "implicated",
    "information",
    "inResponseTo",
    "reasonReference",
    "subjectResults",
    "supportingInfo",
    "supportingInformation",
    "supportingPatientInformation",
  ],
  "any resource may be listed, sent, referred to or answered with": [
    "content",
    "contentReference",
    "entry",
    "item",
    "ref",
    "reference",
    "referenceDocument",
    "related",
    "resource",
    "sourceReference",
    "target",
    "targetReference",
    "valueReference",
  ],
  "a device, and what is made of medications, goes from one patient to the next": [
    "codeReference",
    "device",
    "instance",
    "itemReference",
    "manipulated",
    "parent",
    "productReference",
    "udi",
    "usedReference",
  ],
  "a team cares for many": ["careTeam", "team"],
  "another claim for the same event may be of another person who was hurt": ["claim"],
  "sequences are compared with others'": ["pointer", "referenceSeqPointer", "variantPointer"],
};

rulesTable("an act and what it is of", ["visits", "hospitalizations", "lab", "pharmacy", "billing", "personnel"], (at) => {
  it("have one patient in every type that refers to a patient's resources", () => {
    const naming = resourceTypes.filter((type) => patientPathOf(type) !== undefined && onePatientPathsOf(type).length > 0);
    expect(RULES.map((rule) => typeOfRule(rule, END)).sort()).toEqual(naming.sort());
  });

  it("covers every element of R4 that may refer to a patient, or to what is a patient's, except those with a stated reason", () => {
    const stated = new Set(Object.values(OF_OTHERS).flat());
    const needed = new Set<string>();
    const left = resourceTypes.flatMap((type) => {
      const own = patientPathOf(type);
      if (own === undefined) return [];
      const covered = new Set([own, ...onePatientPathsOf(type)]);
      return referencePathsOf(type).flatMap(({ path, targets }) => {
        const isOfPatients = targets?.some((it) => it === "Patient" || patientPathOf(it) !== undefined) ?? true;
        if (covered.has(path) || !isOfPatients) return [];
        const last = path.split(".").at(-1) as string;
        needed.add(last);
        return stated.has(last) ? [] : [`${type}.${path}`];
      });
    });
    expect(left).toEqual([]);
    expect([...stated].filter((it) => !needed.has(it))).toEqual([]);
  });

  it.each([
    ["Goal", "expressedBy"],
    ["AllergyIntolerance", "asserter"],
    ["Condition", "asserter"],
    ["Procedure", "asserter"],
    ["MedicationStatement", "informationSource"],
    ["MedicationRequest", "reportedReference"],
    ["DeviceUseStatement", "source"],
    ["QuestionnaireResponse", "source"],
    ["DocumentReference", "context.sourcePatientInfo"],
  ])("is said by the patient, a relative of the patient or staff, not by another patient (%s.%s)", async (type, path) => {
    const said = (reference: string) => at.fhir.create(withReference(madeOf(type, at.patient), path, reference));
    const relative = await at.stored({ resourceType: "RelatedPerson", patient: at.patient });
    const expression = [expect.stringContaining(`${type}.${path}`)];
    expect(await said(at.other.reference)).toMatchObject({ status: 409, body: { issue: [{ code: "business-rule", expression }] } });
    for (const own of [at.patient.reference, at.replaced.reference, ...(path.includes("source") ? [] : [relative.reference])]) {
      const { status, text } = await said(own);
      expect([own, status === 201 || text]).toEqual([own, true]);
    }
  });

  it.each(RULES)("have one patient by each element (%s)", async (rule) => {
    const type = typeOfRule(rule, END);
    for (const path of onePatientPathsOf(type)) {
      for (const target of targetsAt(type, path)) {
        const send = async (of: object) => {
          const { reference } = await at.stored(madeOf(target, of));
          return at.fhir.create(withReference(madeOf(type, at.patient), path, reference));
        };
        const expression = [expect.stringContaining(`${type}.${path}`)];
        const refused = { status: 409, body: { issue: [{ code: "business-rule", expression }] } };
        expect([path, target, await send(at.other)]).toMatchObject([path, target, refused]);
        const { status, text } = await send(at.patient);
        expect([path, target, status === 201 || text]).toEqual([path, target, true]);
        const within = (of: object) =>
          at.fhir.create({ ...withReference(madeOf(type, at.patient), path, "#c"), contained: [{ ...madeOf(target, of), id: "c" }] });
        expect([path, target, await within(at.other)]).toMatchObject([path, target, refused]);
        const own = await within(at.patient);
        expect([path, target, own.status === 201 || own.text]).toEqual([path, target, true]);
      }
    }
  });

  it("have one patient in contained resources too, unless an update does not change those", async () => {
    const of = (subject: object, more: object = {}) => ({
      resourceType: "Condition",
      subject: at.patient,
      encounter: { reference: "#e" },
      contained: [{ resourceType: "Encounter", id: "e", status: "finished", class: { code: "AMB" }, subject }],
      ...more,
    });
    const { reference } = await at.stored(of(at.patient));
    const id = reference.slice("Condition/".length);
    expect(await at.fhir.send("PUT", `/${reference}`, of(at.other, { id }))).toMatchObject({ status: 409 });
    expect(await at.fhir.send("PUT", `/${reference}`, of(at.patient, { id, note: [{ text: "seen" }] }))).toMatchObject({ status: 200 });
    const elsewhere = { reference: "https://elsewhere.example/Patient/1" };
    for (const subject of [undefined, elsewhere, { display: "Ada" }]) {
      expect(await at.fhir.create(of(subject as object))).toMatchObject({ status: 201 });
    }
  });

  const born = (birthDate: string) => at.stored({ resourceType: "Patient", birthDate });
  const refused = { status: 409, body: { issue: [{ code: "business-rule" }] } };

  it("may be paid by a mother's insurance of her child, and by a family's account; not by another's", async () => {
    const coverage = { resourceType: "Coverage", status: "active", payor: [{ display: "x" }] };
    const child = await at.stored({ ...coverage, subscriber: at.other, policyHolder: at.other, beneficiary: at.patient });
    const others = await at.stored({ ...coverage, subscriber: at.patient, beneficiary: at.other });
    const order = (insurance: object) => ({ ...madeOf("ServiceRequest", at.patient), insurance: [insurance] });
    expect(await at.fhir.create(order(child))).toMatchObject({ status: 201 });
    expect(await at.fhir.create(order(others))).toMatchObject(refused);
    const account = (...subject: object[]) => at.stored({ resourceType: "Account", status: "active", subject });
    expect(await at.fhir.create(encounter(at.patient, { account: [await account(at.other, at.patient)] }))).toMatchObject({ status: 201 });
    expect(await at.fhir.create(encounter(at.patient, { account: [await account(at.other)] }))).toMatchObject(refused);
    // R4 has an element for who pays for another: no patient of the account or of the insurance, but its guarantor, its policy holder.
    const ofFather = { guarantor: [{ party: at.other }], coverage: [{ coverage: child }] };
    const guaranteed = await at.stored({ resourceType: "Account", status: "active", subject: [at.patient], ...ofFather });
    expect(await at.fhir.create(encounter(at.patient, { account: [guaranteed] }))).toMatchObject({ status: 201 });
    const fathers = { resourceType: "Account", status: "active", subject: [at.other] };
    expect(await at.fhir.create({ ...fathers, coverage: [{ coverage: child }] })).toMatchObject({ status: 201 });
    expect(await at.fhir.create({ ...fathers, subject: [await born("2000-01-01")], coverage: [{ coverage: child }] })).toMatchObject(
      refused,
    );
    const later = async (policyHolder: object) => {
      const id = randomUUID();
      await at.stored({ ...fathers, coverage: [{ coverage: { reference: `Coverage/${id}` } }] });
      return at.fhir.send("PUT", `/Coverage/${id}`, { ...coverage, id, policyHolder, beneficiary: at.patient });
    };
    expect(await later(at.other)).toMatchObject({ status: 201 });
    expect(await later(at.patient)).toMatchObject(refused);
    expect(await at.fhir.create(encounter(at.patient, { account: [await account({ reference: "Location/l" })] }))).toMatchObject({
      status: 201,
    });
  });

  it("keep one patient if a patient of several leaves an account or coverage, or stays in it", async () => {
    const [one, two] = [at.patient, at.other];
    const account = { resourceType: "Account", status: "active" };
    const participant = (...some: object[]) => some.map((actor) => ({ actor, status: "accepted" }));
    const appointment = { resourceType: "Appointment", status: "fulfilled", start: "2026-01-01T08:00:00Z", end: "2026-01-01T08:30:00Z" };
    for (const [resource, whose, naming] of [
      [account, (...some: object[]) => ({ subject: some }), (of: object) => ({ account: [of] })],
      [appointment, (...some: object[]) => ({ participant: participant(...some) }), (of: object) => ({ appointment: [of] })],
    ] as const) {
      const place = await at.stored({ ...resource, ...whose(one, two) });
      await at.stored(encounter(one, naming(place)));
      const { body } = await at.fhir.get(`/${place.reference}`);
      const put = (more: object) => at.fhir.send("PUT", `/${place.reference}`, { ...body, ...more });
      expect(await put(whose(two))).toMatchObject(refused);
      expect(await put(whose(one))).toMatchObject({ status: 200 });
    }
  });
});
