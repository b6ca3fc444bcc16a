/** What no order, result or report of the laboratory may become, by whichever door somebody writes. */
import { parseJson } from "../../fhir/json.ts";
import { rulesTable } from "../kit/rules-table.ts";

const LABORATORY = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }];
const VITAL_SIGNS = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "vital-signs" }] }];
const SNOMED = "http://snomed.info/sct";
const UCUM = "http://unitsofmeasure.org";
const grams = (value: number) => ({ value, unit: "g/dL", system: UCUM, code: "g/dL" });

rulesTable("the laboratory", ["visits", "lab"], (at) => {
  const order = (more: object = {}) => ({
    resourceType: "ServiceRequest",
    status: "active",
    intent: "order",
    code: { text: "haemoglobin" },
    subject: at.patient,
    ...more,
  });
  const result = (more: object = {}) => ({
    resourceType: "Observation",
    status: "final",
    category: LABORATORY,
    code: { text: "haemoglobin" },
    subject: at.patient,
    valueQuantity: grams(12),
    ...more,
  });
  const report = (more: object = {}) => ({
    resourceType: "DiagnosticReport",
    status: "final",
    code: { text: "blood count" },
    subject: at.patient,
    conclusion: "normal",
    ...more,
  });
  const visitOf = (subject: object) => at.stored({ resourceType: "Encounter", status: "finished", class: { code: "AMB" }, subject });

  at.refuses("observation-final", "another value of a final result, but the same one with its members in another order", {
    stored: () => result({ valueQuantity: grams(5) }),
    change: (it) => ({ ...it, valueQuantity: grams(6) }),
    instead: (it) => ({ ...it, valueQuantity: { code: "g/dL", system: UCUM, unit: "g/dL", value: 5 }, _status: { id: "seen" } }),
    as: { status: 409 },
  });
  const exactly = (text: string) => ({ ...grams(0), value: parseJson(text) }); // with its precision
  at.refuses("observation-final", "another value of a final result that was measured to two decimals", {
    stored: () => result({ valueQuantity: exactly("13.50") }),
    change: (it) => ({ ...it, valueQuantity: exactly("13.60") }),
    instead: (it) => ({ ...it, valueQuantity: exactly("13.50"), note: [{ text: "seen" }] }),
    as: { status: 409 },
  });
  it("keep their precision in a client that does not: 13.5 for 13.50 changes nothing, 13.500 and 13.51 do", async () => {
    const { body: stored } = await at.fhir.create(result({ valueQuantity: exactly("13.50") }));
    const asSent = (value: unknown, more: object = {}) =>
      at.fhir.send("PUT", `/Observation/${stored["id"]}`, { ...stored, valueQuantity: { ...grams(0), value }, ...more });
    expect(await asSent(13.5, { note: [{ text: "seen" }] })).toMatchObject({ status: 200 });
    for (const other of [parseJson("13.500"), 13.51]) expect(await asSent(other)).toMatchObject({ status: 409 });
    expect((await at.fhir.get(`/Observation/${stored["id"]}`)).text).toContain('"value":13.50,');
    expect((await at.fhir.get(`/Observation/${stored["id"]}`)).text).toContain('"seen"');
  });
  at.refuses("observation-status", "a final result's status to be unknown", {
    stored: () => result(),
    change: (it) => ({ ...it, status: "unknown" }),
    instead: (it) => ({ ...it, status: "corrected" }),
    as: { status: 409, expression: "Observation.status" },
  });
  at.refuses("observation-status", "a final result to have an extension in place of its status, after which it could get any", {
    stored: () => result(),
    change: ({ status: _, ...it }) => ({ ...it, _status: { extension: [{ url: "urn:reason", valueCode: "unknown" }] } }),
    instead: (it) => ({ ...it, status: "amended", _status: { extension: [{ url: "urn:reason", valueCode: "unknown" }] } }),
    as: { status: 409, expression: "Observation.status" },
  });
  at.refuses("service-request-status", "a completed order's status to be unknown", {
    stored: () => order({ status: "completed" }),
    change: (it) => ({ ...it, status: "unknown" }),
    instead: (it) => ({ ...it, status: "entered-in-error" }),
    as: { status: 409, expression: "ServiceRequest.status" },
  });
  it("get the status unknown only from one that was not final, and may get another again", async () => {
    for (const it of [order(), result({ status: "preliminary" }), report({ status: "partial" })]) {
      const { body } = await at.fhir.create(it);
      for (const status of ["unknown", it.status]) {
        expect(await at.fhir.send("PUT", `/${it.resourceType}/${body.id}`, { ...body, status })).toMatchObject({ status: 200 });
      }
    }
  });
  at.refuses("service-request-status", "a completed order to be active again", {
    stored: () => order({ status: "completed" }),
    change: (it) => ({ ...it, status: "active" }),
    instead: (it) => ({ ...it, status: "entered-in-error" }),
    as: { status: 409, expression: "ServiceRequest.status" },
  });
  at.refuses("service-request-subject", "an order to become another patient's", {
    stored: () => order(),
    change: (it) => ({ ...it, subject: at.other }),
    instead: (it) => ({ ...it, priority: "urgent" }),
    as: { status: 409, expression: "ServiceRequest.subject" },
  });
  at.refuses("service-request-patient", "an order for somebody who has died, but not one that is over", {
    create: () => order({ subject: at.dead }),
    insteadOf: () => order({ subject: at.dead, status: "completed" }),
    as: { status: 409 },
  });
  at.refuses("service-request-one-patient", "an order for one patient in another's visit", {
    create: async () => order({ encounter: await visitOf(at.other) }),
    insteadOf: async () => order({ encounter: await visitOf(at.patient) }),
    as: { status: 409, expression: "ServiceRequest.encounter" },
  });
  at.refuses("service-request-references", "an order in a visit that there is not", {
    create: () => order({ encounter: { reference: "Encounter/nowhere" } }),
    insteadOf: () => order(),
    as: { status: 409, expression: "ServiceRequest.encounter" },
  });
  at.refuses("specimen-status", "an unsatisfactory specimen to be available", {
    stored: () => ({ resourceType: "Specimen", status: "unsatisfactory", subject: at.patient }),
    change: (it) => ({ ...it, status: "available" }),
    instead: (it) => ({ ...it, note: [{ text: "haemolysed" }] }),
    as: { status: 409 },
  });
  at.refuses("specimen-subject", "a specimen to become another patient's", {
    stored: () => ({ resourceType: "Specimen", status: "available", subject: at.patient }),
    change: (it) => ({ ...it, subject: at.other }),
    instead: (it) => ({ ...it, receivedTime: "2026-01-05" }),
    as: { status: 409 },
  });
  at.refuses("specimen-one-patient", "one patient's specimen for another's order", {
    create: async () => ({ resourceType: "Specimen", subject: at.patient, request: [await at.stored(order({ subject: at.other }))] }),
    insteadOf: async () => ({ resourceType: "Specimen", subject: at.patient, request: [await at.stored(order())] }),
    as: { status: 409 },
  });
  at.refuses("specimen-references", "a specimen for an order that there is not", {
    create: () => ({ resourceType: "Specimen", subject: at.patient, request: [{ reference: "ServiceRequest/none" }] }),
    insteadOf: () => ({ resourceType: "Specimen", subject: at.patient }),
    as: { status: 409 },
  });
  at.refuses("observation-status", "a final result to be preliminary", {
    stored: () => result(),
    change: (it) => ({ ...it, status: "preliminary" }),
    instead: (it) => ({ ...it, status: "entered-in-error" }),
    as: { status: 409 },
  });
  at.refuses("observation-final", "a final result to change in silence", {
    stored: () => result(),
    change: (it) => ({ ...it, valueQuantity: grams(9) }),
    instead: (it) => ({ ...it, valueQuantity: grams(9), status: "corrected" }),
    as: { status: 409 },
  });
  at.refuses("observation-laboratory", "a final result to become a vital sign, which anyone may change", {
    stored: () => result(),
    change: (it) => ({ ...it, category: VITAL_SIGNS, status: "amended" }),
    instead: (it) => ({ ...it, category: [...LABORATORY, ...VITAL_SIGNS], status: "amended" }),
    as: { status: 409, expression: "Observation.category" },
  });
  const future = { effectiveDateTime: "2999-01-01" };
  at.refuses("observation-time", "a final result of the future", {
    create: () => result(future),
    insteadOf: () => result({ ...future, status: "registered" }),
    as: { status: 422, expression: "Observation.effective" },
  });
  at.refuses("observation-time", "a final result of what was timed in the future", {
    create: () => result({ effectiveTiming: { event: ["2999-01-01"] } }),
    insteadOf: () => result({ effectiveTiming: { event: ["2026-01-01"] } }),
    as: { status: 422, expression: "Observation.effective" },
  });
  at.refuses("observation-one-patient", "a result that derives from another patient's", {
    create: async () => result({ derivedFrom: [await at.stored(result({ subject: at.other }))] }),
    insteadOf: async () => result({ derivedFrom: [await at.stored(result())] }),
    as: { status: 409, expression: "Observation.derivedFrom" },
  });
  at.refuses("diagnostic-report-time", "a final report of the future", {
    create: () => ({ ...report(), issued: "2999-01-01T00:00:00Z" }),
    insteadOf: () => report(),
    as: { status: 422, expression: "DiagnosticReport.issued" },
  });
  at.refuses("specimen-time", "a specimen that was collected in the future", {
    create: () => ({ resourceType: "Specimen", status: "available", subject: at.patient, collection: { collectedDateTime: "2999-01-01" } }),
    insteadOf: () => ({ resourceType: "Specimen", status: "available", subject: at.patient }),
    as: { status: 422, expression: "Specimen.collection" },
  });
  at.refuses("observation-subject", "a result to become another patient's", {
    stored: () => result(),
    change: (it) => ({ ...it, subject: at.other, status: "corrected" }),
    instead: (it) => ({ ...it, note: [{ text: "seen" }] }),
    as: { status: 409 },
  });
  at.refuses("observation-one-patient", "one patient's result for another's order", {
    create: async () => result({ basedOn: [await at.stored(order({ subject: at.other }))] }),
    insteadOf: async () => result({ basedOn: [await at.stored(order())] }),
    as: { status: 409 },
  });
  at.refuses("observation-order", "a result for a referral to physiotherapy", {
    create: async () => result({ basedOn: [await at.stored(order({ category: [{ coding: [{ system: SNOMED, code: "91251008" }] }] }))] }),
    insteadOf: async () =>
      result({ basedOn: [await at.stored(order({ category: [{ coding: [{ system: SNOMED, code: "108252007" }] }] }))] }),
    as: { status: 409, expression: "Observation.basedOn" },
  });
  at.refuses("observation-order", "a final result for an order that was revoked, but not one of the past", {
    create: async () => result({ basedOn: [await at.stored(order({ status: "revoked" }))] }),
    insteadOf: async () => result({ basedOn: [await at.stored(order({ status: "revoked" }))], effectiveDateTime: "2020-01-01" }),
    as: { status: 409, expression: "Observation.basedOn" },
  });
  at.refuses("observation-order", "a result to become final whose order was revoked meanwhile, but not one without an order", {
    stored: async () => result({ status: "preliminary", basedOn: [await at.stored(order({ status: "revoked" }))] }),
    change: (it) => ({ ...it, status: "final" }),
    instead: ({ basedOn: _, ...it }) => ({ ...it, status: "final" }),
    as: { status: 409, expression: "Observation.basedOn" },
  });
  it("is for an order of microbiology, or of an unknown category", async () => {
    for (const code of ["19851009", "61594008", "103693007"]) {
      const basedOn = [await at.stored(order({ category: [{ coding: [{ system: SNOMED, code }] }] }))];
      expect(await at.fhir.create(result({ basedOn }))).toMatchObject({ status: 201 });
    }
  });
  at.refuses("observation-value", "-5 g/dL, but not a base excess of -5 mmol/L", {
    create: () => result({ valueQuantity: grams(-5) }),
    insteadOf: () => result({ valueQuantity: { value: -5, unit: "mmol/L", system: UCUM, code: "mmol/L" } }),
    as: { status: 422, expression: "Observation.value" },
  });
  const forms: [form: string, value: (it: object) => object][] = [
    ["a range from it", (low) => ({ valueRange: { low } })],
    ["a range up to it", (high) => ({ valueRange: { high } })],
    ["a ratio of it", (numerator) => ({ valueRatio: { numerator, denominator: { value: 1 } } })],
    ["sampled data around it", (origin) => ({ valueSampledData: { origin, period: 1, dimensions: 1 } })],
  ];
  for (const [form, value] of forms) {
    at.refuses("observation-value", `-5 g/dL as ${form}`, {
      create: () => result({ component: [{ code: { text: "x" }, ...value(grams(-5)) }] }),
      insteadOf: () => result({ component: [{ code: { text: "x" }, ...value(grams(5)) }] }),
      as: { status: 422, expression: "Observation.component[0].value" },
    });
    at.refuses("observation-unit", `bananas as ${form}`, {
      create: () => result({ component: [{ code: { text: "x" }, ...value({ value: 1, system: UCUM, code: "bananas" }) }] }),
      insteadOf: () => result({ component: [{ code: { text: "x" }, ...value({ value: 1, unit: "bananas" }) }] }),
      as: { status: 422, expression: "Observation.component[0].value" },
    });
  }
  at.refuses("observation-value", "1e300 of anything", {
    create: () => result({ valueQuantity: { value: 1e300, unit: "mmol/L" } }),
    insteadOf: () => result(),
    as: { status: 422 },
  });
  for (const code of ["bananas", "MG/DL", "mEq/L", "g//dL", "g/dL".repeat(40)]) {
    at.refuses("observation-unit", `${code.slice(0, 20)} as a code of UCUM, but not as a unit's name`, {
      create: () => result({ valueQuantity: { value: 1, unit: code, system: UCUM, code } }),
      insteadOf: () => result({ valueQuantity: { value: 1, unit: code } }),
      as: { status: 422, expression: "Observation.value" },
    });
  }
  at.refuses("observation-unit", "a unit that is none in a part of a result", {
    create: () => result({ component: [{ code: { text: "x" }, valueQuantity: { value: 1, system: UCUM, code: "nonsense" } }] }),
    insteadOf: () => result({ component: [{ code: { text: "x" }, valueQuantity: { value: 1, system: UCUM, code: "10*3/uL" } }] }),
    as: { status: 422 },
  });
  const sign = (code: string, value: object) => ({ code: { coding: [{ system: "http://loinc.org", code }] }, ...value });
  const ucum = (code: string) => ({ valueQuantity: { value: 72, system: UCUM, code } });
  const vitalSigns: [string, wrong: object, right: object][] = [
    ["a body weight in mm[Hg], but not in ounces", sign("29463-7", ucum("mm[Hg]")), sign("29463-7", ucum("[oz_av]"))],
    [
      "a heart rate in kg by name, but not in bpm, as people say",
      sign("8867-4", { valueQuantity: { value: 72, unit: "kg" } }),
      sign("8867-4", { valueQuantity: { value: 72, unit: "bpm" } }),
    ],
    [
      "a body temperature from 36 coulomb, but not degrees named C",
      sign("8310-5", { valueRange: { low: { value: 36, system: UCUM, code: "C" } } }),
      sign("8310-5", { valueRange: { low: { value: 36, system: UCUM, code: "Cel", unit: "C" } } }),
    ],
    [
      "a blood pressure in a unit that UCUM does not have, but not in kPa",
      { code: { text: "blood pressure" }, component: [sign("8480-6", ucum("mmHg"))] },
      { code: { text: "blood pressure" }, component: [sign("8480-6", ucum("kPa"))] },
    ],
  ];
  for (const [what, wrong, right] of vitalSigns) {
    at.refuses("observation-vital-sign", what, {
      create: () => result({ category: VITAL_SIGNS, valueQuantity: undefined, ...wrong }),
      insteadOf: () => result({ category: VITAL_SIGNS, valueQuantity: undefined, ...right }),
      as: { status: 422, expression: "component" in wrong ? "Observation.component[0].value" : "Observation.value" },
    });
  }
  at.refuses("observation-vital-sign", "the laboratory's own saturation to be in cm, but what has changed elsewhere to stay", {
    stored: () => result({ status: "preliminary", ...sign("2708-6", ucum("%")) }),
    change: (it) => ({ ...it, ...ucum("cm") }),
    instead: (it) => ({ ...it, note: [{ text: "again" }] }),
    as: { status: 422, expression: "Observation.value" },
  });
  at.refuses("observation-references", "a result for an order that there is not", {
    create: () => result({ basedOn: [{ reference: "ServiceRequest/none" }] }),
    insteadOf: () => result({ basedOn: [{ identifier: { value: "an order of others" } }] }),
    as: { status: 409 },
  });
  at.refuses("diagnostic-report-status", "a final report to be preliminary", {
    stored: () => report(),
    change: (it) => ({ ...it, status: "preliminary" }),
    instead: (it) => ({ ...it, status: "cancelled" }),
    as: { status: 409 },
  });
  at.refuses("diagnostic-report-final", "a final report to change in silence", {
    stored: () => report(),
    change: (it) => ({ ...it, conclusion: "anaemia" }),
    instead: (it) => ({ ...it, conclusion: "anaemia", status: "amended" }),
    as: { status: 409 },
  });
  at.refuses("diagnostic-report-subject", "a report to become another patient's", {
    stored: () => report(),
    change: (it) => ({ ...it, subject: at.other, status: "corrected" }),
    instead: (it) => ({ ...it, status: "corrected" }),
    as: { status: 409 },
  });
  at.refuses("diagnostic-report-one-patient", "one patient's report over another's result", {
    create: async () => report({ result: [await at.stored(result({ subject: at.other }))] }),
    insteadOf: async () => report({ result: [await at.stored(result())] }),
    as: { status: 409, expression: "DiagnosticReport.result" },
  });
  at.refuses("diagnostic-report-references", "a report over a result that there is not", {
    create: () => report({ result: [{ reference: "Observation/none" }] }),
    insteadOf: () => report({ result: [{ display: "on paper" }] }),
    as: { status: 409 },
  });

  it("keep a result with its patient, also when it is deleted and stored again", async () => {
    // By the rule "observation-subject".
    const { body } = await at.fhir.create({ ...result(), status: "preliminary" });
    const place = `/Observation/${body.id}`;
    const again = (subject: object) => at.fhir.send("PUT", place, { ...body, subject });
    expect((await at.fhir.send("DELETE", place)).status).toBe(204);
    expect(await again(at.other)).toMatchObject({ status: 409, body: { issue: [{ expression: ["Observation.subject"] }] } });
    expect((await again(at.patient)).status).toBe(201);
  });
});
