/** What RULES softens is softened, and told. */
import { readConfig } from "../../mesh/config.ts";
import { checkData } from "../../scripts/check-data/check.ts";
import { closeAll, openSources } from "../../scripts/check-data/owner-stores.ts";
import { fhirAt } from "../kit/fhir-http.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { startMesh } from "../kit/mesh.ts";

const SERVICES = ["api", "transactions", "patients", "visits", "records", "pharmacy"];

async function hospitalWith(RULES: string, services = SERVICES) {
  const mesh = await startMesh({ services, nats: false, split: "broker", env: { RULES } });
  const fhir = fhirAt(mesh.base);
  await fhir.send("PUT", "/Patient/p", { resourceType: "Patient", id: "p" });
  const { rest } = (await fhir.get("/metadata")).body;
  const of = (type: string): string =>
    rest[0].resource.find((it: { type: string; documentation?: string }) => it.type === type).documentation ?? "";
  return { mesh, fhir, documentation: rest[0].documentation as string | undefined, of };
}

const visit = { resourceType: "Encounter", status: "in-progress", class: { code: "EMER" }, subject: { reference: "Patient/p" } };
const subject = { reference: "Patient/p" };
const R = { reference: "MedicationRequest/r" };
const CRITICAL = {
  resourceType: "Observation",
  status: "final",
  category: [{ coding: [{ code: "laboratory" }] }],
  code: { coding: [{ system: "http://loinc.org", code: "2823-3" }] },
  subject,
  valueQuantity: { value: 7.9, unit: "mmol/L" },
  interpretation: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", code: "HH" }] }],
};
const BED = {
  resourceType: "Location",
  status: "active",
  physicalType: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/location-physical-type", code: "bd" }] },
};
const BED_STATUS = { system: "http://terminology.hl7.org/CodeSystem/v2-0116" };
const ofNobody = { ...visit, subject: { reference: "Patient/nobody" } };
const over = { ...visit, status: "finished" };

describe("the setting RULES", () => {
  it("with off makes a plain FHIR server, which reports it", async () => {
    const { mesh, fhir, documentation, of } = await hospitalWith("off");
    try {
      expect([documentation, of("Encounter")]).toEqual([expect.stringContaining("no rules of the hospital"), ""]);
      expect((await fhir.create(ofNobody)).status).toBe(201);
      const { body } = await fhir.create(over);
      expect((await fhir.send("PUT", `/Encounter/${body.id}`, { ...body, status: "in-progress" })).status).toBe(200);
      expect((await fhir.send("DELETE", "/Patient/p")).status).toBe(204);
    } finally {
      await mesh.stop();
    }
  });

  it("with off keeps what is sent as it is, and changes nothing else; an action of the hospital still has its effects", async () => {
    const { mesh, fhir } = await hospitalWith("off", [...SERVICES, "wards", "lab", "billing"]);
    try {
      const medication = { system: "urn:rx", code: "plain" };
      await pharmacy.receive(mesh.caller, { medication, quantity: 5, lot: "A", expires: "2999-01-01" });
      const coded = { medicationCodeableConcept: { coding: [medication] }, subject };
      const eur = (value: number) => ({ value, currency: "EUR" });
      const line = { chargeItemReference: { reference: "ChargeItem/c" }, priceComponent: [{ type: "base", amount: eur(10) }] };
      const invoice = { resourceType: "Invoice", status: "issued", subject, lineItem: [line], totalNet: eur(10), totalGross: eur(10) };
      const sent = [
        { ...CRITICAL, id: "critical" },
        { ...BED, id: "bed", status: "suspended", operationalStatus: { ...BED_STATUS, code: "C" } },
        { ...BED, id: "bed", operationalStatus: { ...BED_STATUS, code: "O" } },
        { ...visit, id: "one" },
        { ...visit, id: "two", class: { code: "AMB" } },
        { ...visit, id: "three", class: { code: "AMB" } },
        { resourceType: "ChargeItem", id: "c", status: "billable", code: { text: "x" }, subject, priceOverride: eur(10) },
        { ...invoice, id: "i" },
        { ...invoice, id: "j" },
        {
          resourceType: "MedicationRequest",
          id: "r",
          status: "active",
          intent: "order",
          dispenseRequest: { quantity: { value: 3 } },
          ...coded,
        },
        {
          resourceType: "MedicationDispense",
          id: "d",
          status: "completed",
          quantity: { value: 3 },
          ...coded,
          authorizingPrescription: [R],
        },
      ];
      for (const one of sent) expect([200, 201]).toContain((await fhir.send("PUT", `/${one.resourceType}/${one.id}`, one)).status);
      const entry = sent.slice(3).map((one) => ({ resource: one, request: { method: "PUT", url: `${one.resourceType}/${one.id}` } }));
      expect((await fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry })).status).toBe(200);
      for (const one of sent.filter(({ status }) => status !== "suspended")) {
        const { meta, ...kept } = (await fhir.get(`/${one.resourceType}/${one.id}`)).body;
        expect(kept).toEqual(one);
        expect(Object.keys(meta)).toEqual(["versionId", "lastUpdated"]);
      }
      const stock = async () => (await pharmacy.listStock(mesh.caller, { medication: "urn:rx|plain" }))[0]?.quantity;
      expect(await stock()).toBe(5);
      await pharmacy.dispense(mesh.caller, { prescription: "MedicationRequest/r", quantity: 3 });
      expect([await stock(), (await fhir.get("/MedicationRequest/r")).body.status]).toEqual([2, "completed"]);
      const config = readConfig(mesh.settings);
      const sources = await openSources(config);
      const { findings } = await checkData(sources, { rules: config.rules, clocksMs: 0 }).finally(() => closeAll(sources));
      expect(findings).toEqual([]);
    } finally {
      await mesh.stop();
    }
  });

  it("turns a group into warnings, and switches a rule off; the others are enforced", async () => {
    const { mesh, fhir, documentation, of } = await hospitalWith("references:warn,encounter-status:off");
    try {
      expect(documentation).toBeUndefined();
      expect(of("Encounter")).toContain("encounter-references (only warns)");
      expect(of("Encounter")).not.toContain("encounter-status");
      expect((await fhir.create(ofNobody)).status).toBe(201);
      const { body } = await fhir.create(over);
      expect((await fhir.send("PUT", `/Encounter/${body.id}`, { ...body, status: "in-progress" })).status).toBe(200);
      expect((await fhir.send("PUT", `/Encounter/${body.id}`, { ...body, subject: { reference: "Patient/q" } })).status).toBe(409);
    } finally {
      await mesh.stop();
    }
  });

  it("with a rule off allows two places that are parts of each other, whose patients' doses are found all the same", async () => {
    const services = [...SERVICES, "wards", "hospitalizations"];
    const { mesh, fhir } = await hospitalWith("location-part-of:off", services);
    try {
      const place = (id: string, within: string) =>
        fhir.send("PUT", `/Location/${id}`, { ...BED, id, name: id, physicalType: undefined, partOf: { reference: `Location/${within}` } });
      for (const [id, within] of [
        ["one", "other"],
        ["other", "one"],
      ] as const) {
        expect(await place(id, within)).toMatchObject({ status: 201 });
      }
      const stay = { ...visit, class: { code: "IMP" }, location: [{ status: "active", location: { reference: "Location/other" } }] };
      expect(await fhir.create(stay)).toMatchObject({ status: 201 });
      const timing = { frequency: 1, period: 1, periodUnit: "h" as const, from: new Date(Date.now() - 60_000).toISOString() };
      const medication = { system: "urn:rx", code: "hourly", display: "hourly" };
      await pharmacy.prescribe(mesh.caller, { patient: "Patient/p", medication, quantity: 10, dosage: "1", timing });
      expect(await pharmacy.due(mesh.caller, { ward: "Location/one", aheadMinutes: 1 })).toHaveLength(1);
    } finally {
      await mesh.stop();
    }
  });

  it.each([
    ["on", 409],
    ["warn", 201],
  ])("lets two doses be given in one minute by a prescription with limits only if those warn: %s", async (mode, status) => {
    const { mesh, fhir } = await hospitalWith(`medication-administration-limits:${mode}`);
    try {
      const medication = { medicationCodeableConcept: { coding: [{ system: "urn:rx", code: "x" }] }, subject: { reference: "Patient/p" } };
      const timing = { repeat: { frequency: 1, period: 6, periodUnit: "h" } };
      const dosageInstruction = [{ asNeededBoolean: true, timing }];
      const request = { resourceType: "MedicationRequest", status: "active", intent: "order", ...medication, dosageInstruction };
      const { body } = await fhir.create(request);
      const of = { request: { reference: `MedicationRequest/${body.id}` }, effectiveDateTime: new Date().toISOString() };
      const dose = { resourceType: "MedicationAdministration", status: "completed", ...medication, ...of };
      expect(await fhir.create(dose)).toMatchObject({ status: 201 });
      expect(await fhir.create(dose)).toMatchObject({ status });
    } finally {
      await mesh.stop();
    }
  });

  it.each(["stock:off", "stock:warn"])("lets more be dispensed than there is, of one lot and of several, with %s", async (setting) => {
    const { mesh, fhir } = await hospitalWith(setting);
    try {
      for (const lots of [[undefined], ["A"], ["A", "B"]]) {
        const medication = { system: "urn:rx", code: `kept-${lots.join("-")}` };
        for (const lot of lots) {
          await pharmacy.receive(mesh.caller, { medication, quantity: 5, ...(lot !== undefined && { lot, expires: "2999-01-01" }) });
        }
        const handed = (value: number) => ({
          resourceType: "MedicationDispense",
          status: "completed",
          medicationCodeableConcept: { coding: [medication] },
          subject: { reference: "Patient/p" },
          quantity: { value },
        });
        expect(await fhir.create(handed(12))).toMatchObject({ status: 201 });
        expect(await fhir.create(handed(1))).toMatchObject({ status: 201 });
        const [{ quantity } = {}] = await pharmacy.listStock(mesh.caller, { medication: `urn:rx|${medication.code}` });
        expect(quantity).toBe(5 * lots.length - 13);
      }
    } finally {
      await mesh.stop();
    }
  });

  it("with references:all checks the references of every type", async () => {
    const { mesh, fhir } = await hospitalWith("references:all");
    try {
      const flag = (reference: string) => ({
        resourceType: "Flag",
        status: "active",
        code: { text: "x" },
        subject: { reference },
      });
      expect(await fhir.create(flag("Patient/nobody"))).toMatchObject({ status: 409, body: { issue: [{ code: "business-rule" }] } });
      for (const reference of ["Patient/p", "https://elsewhere.example/fhir/Patient/1", "Location/of-a-type-that-nobody-serves"]) {
        expect((await fhir.create(flag(reference))).status).toBe(201);
      }
    } finally {
      await mesh.stop();
    }
  });
});
