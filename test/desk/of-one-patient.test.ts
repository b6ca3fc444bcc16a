/** A patient at the counter of the dispensary or the cash desk: what concerns this one stands alone, however much there is of others'. */
import type { Page } from "playwright-core";
import { billing } from "../../services/billing/billing.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };
/** More than one search reads. */
const MANY = 501;

describe("a patient at the counter", () => {
  let hospital: Hospital;
  let ada: string;
  let bruno: string;

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    const register = async (family: string, given: string) =>
      (await patients.register(operator, { family, given: [given], gender: "female" })).patient;
    [ada, bruno] = [await register("Rossi", "Ada"), await register("Verdi", "Carla")];
  });
  afterAll(() => hospital?.close());

  /** Stores resources by the page's own token, all or none. */
  const store = (page: Page, resources: object[]) =>
    page.evaluate(async (all) => {
      const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string };
      const headers = { Authorization: `Bearer ${access}`, "Content-Type": "application/fhir+json" };
      const entry = all.map((resource) => ({
        resource,
        request: { method: "POST", url: (resource as { resourceType: string }).resourceType },
      }));
      return (
        await fetch("/fhir", { method: "POST", headers, body: JSON.stringify({ resourceType: "Bundle", type: "transaction", entry }) })
      ).status;
    }, resources);
  const choose = async (page: Page, field: string, name: string) => {
    await page.fill(field, name);
    await page.waitForSelector(`${field}-list li:has-text("${name}")`);
    await page.press(field, "Enter");
    await page.waitForSelector(`.of-patient:has-text("${name}")`);
  };

  it("has the prescriptions listed that are still to be prepared, also old ones, and what was handed out", async () => {
    const { operator } = hospital;
    const pharmacist = await hospital.person("pharmacist", ["pharmacist", "system"]);
    await pharmacy.receive(operator, { medication: PARACETAMOL, quantity: 80 });
    const asked = { medication: PARACETAMOL, quantity: 10, dosage: "1 tablet" };
    await pharmacy.prescribe(operator, { ...asked, patient: ada });
    const { prescription } = await pharmacy.prescribe(operator, { ...asked, patient: bruno });
    await pharmacy.dispense(operator, { prescription, quantity: 4 });
    const old = { resourceType: "MedicationRequest", status: "active", intent: "order", subject: { reference: ada } };
    const medicationCodeableConcept = { text: "an old ointment" };
    expect(await store(pharmacist, [{ ...old, authoredOn: "2025-01-01", medicationCodeableConcept }])).toBe(200);
    await hospital.show(pharmacist, "dispensary");
    const prepared = pharmacist.locator("section[aria-label='To prepare'] li");
    expect(await prepared.count()).toBe(2);
    await choose(pharmacist, "#dispensary-patient", "Rossi");
    await pharmacist.waitForSelector("li:has-text('an old ointment')");
    expect((await prepared.allInnerTexts()).every((text) => text.includes("Ada Rossi"))).toBe(true);
    await pharmacist.waitForSelector("section:has-text('Nothing has been handed out lately.')");
    expect(await barriers(pharmacist)).toEqual([]);
    await pharmacist.click("button:has-text('Show all patients')");
    await pharmacist.waitForSelector("section[aria-label='To prepare'] li:has-text('Carla Verdi')");
    await pharmacist.waitForSelector("#dispensary-patient");
    await pharmacist.context().close();
  });

  it("is billed, even if there are more charges than the cash desk reads at once, which it says", async () => {
    const { operator } = hospital;
    const cashier = await hospital.person("cashier", ["billing", "system"]);
    const amount = { value: 1, currency: "EUR" };
    const charge = {
      resourceType: "ChargeItem",
      status: "billable",
      code: { text: "a day" },
      subject: { reference: bruno },
      priceOverride: amount,
    };
    expect(
      await store(
        cashier,
        Array.from({ length: MANY }, () => charge),
      ),
    ).toBe(200);
    const { visit } = await visits.open(operator, { patient: ada });
    await billing.charge(operator, { encounter: visit, text: "consultation", cents: 15_00, currency: "EUR" });
    await visits.close(operator, { visit });
    await hospital.show(cashier, "cash");
    await cashier.waitForSelector(".not-known:has-text('Only 500 charges are read')");
    await choose(cashier, "#cash-patient", "Rossi");
    const account = "section[aria-label='Not billed yet'] li";
    await cashier.waitForSelector(`${account}:has-text('Ada Rossi'):has-text('€15.00')`);
    expect([await cashier.locator(account).count(), await cashier.locator(".not-known").count()]).toEqual([1, 0]);
    await cashier.click(`${account} button:has-text('Make the invoice')`);
    await cashier.waitForSelector("#part-invoices li:has-text('Ada Rossi') button:has-text('Take payment')");
    await cashier.context().close();
  });
});
