/** What has changed since it was billed: the cash desk marks the bill, and says what to do. */
import type { Page } from "playwright-core";
import { readConfig } from "../../mesh/config.ts";
import { checkData } from "../../scripts/check-data/check.ts";
import { closeAll, openSources } from "../../scripts/check-data/owner-stores.ts";
import { billing } from "../../services/billing/billing.contract.ts";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { barriers, Hospital, speak } from "./pages-hospital.ts";

const ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

describe("at the cash desk", () => {
  let hospital: Hospital;
  let cashier: Page;

  beforeAll(async () => {
    hospital = await Hospital.open({ HOSPITAL_TIME_ZONE: "UTC" }); // as the check of the data has it
    cashier = await hospital.person("cashier", ["billing"]);
  });
  afterAll(() => hospital?.close());

  const said = (text: string) => cashier.waitForSelector(`.notice:has-text("${text}")`);

  it("a bill whose dispense was returned is marked, says what has changed and what to do, and that works to the end, unpaid and paid", async () => {
    const { operator, mesh } = hospital;
    const medication = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "1191", display: "Aspirin" };
    const { patient } = await patients.register(operator, {
      family: "Haddad",
      given: ["Zohra"],
      gender: "female",
      birthDate: "1971-03-04",
    });
    await billing.setPrice(operator, { code: medication, cents: 12, currency: "EUR" });
    await pharmacy.receive(operator, { medication, quantity: 100 });
    const { visit } = await visits.open(operator, { patient });
    const wanted = { patient, encounter: visit, medication, quantity: 20, dosage: "1 a day" };
    const { prescription } = await pharmacy.prescribe(operator, wanted);
    const { dispense } = await pharmacy.dispense(operator, { prescription, quantity: 20 });
    await billing.charge(operator, { encounter: visit, text: "consultation", cents: 10_00, currency: "EUR" });
    await visits.close(operator, { visit });
    const again = async () => {
      await hospital.show(cashier, "home");
      await hospital.show(cashier, "cash");
    };
    const bill = async (amount: string) => {
      await cashier.waitForSelector(`li:has-text('Zohra Haddad'):has-text('${amount}') button:has-text('Make the invoice')`);
      await cashier.click("li:has-text('Zohra Haddad') button:has-text('Make the invoice')");
      await said(`Zohra Haddad is billed ${amount}.`);
    };
    const of = (amount: string) => `#part-invoices li:has-text('Zohra Haddad'):has-text('${amount}')`;
    await again();
    await bill("€12.40");
    await cashier.waitForSelector(`${of("€12.40")}:not(:has(.tag))`);

    await pharmacy.return(operator, { dispense, quantity: 5 });
    await again();
    await cashier.waitForSelector(`${of("€12.40")} .tag:has-text('changed since')`);
    await cashier.click(`${of("€12.40")} button:has-text('Credit note')`);
    await cashier.click("dialog .not-known:has-text('changed since') button:has-text('What has changed')"); // before a credit note of too much
    await cashier.waitForSelector("dialog h2:has-text('What has changed')");
    await cashier.keyboard.press("Escape");
    await cashier.click(`${of("€12.40")} button:has-text('What has changed')`);
    await cashier.waitForSelector("dialog li:has-text('Aspirin: 20 units on the invoice, 15 units now'):has-text('€0.60 less')");
    await cashier.waitForSelector("dialog p:has-text('Cancel this invoice and make it again')");
    expect(await barriers(cashier)).toEqual([]);
    await cashier.keyboard.press("Escape");
    for (const [language, button, sentence] of [
      ["fr", "Ce qui a changé", "20 unités sur la facture, maintenant 15 unités"],
      ["ar", "ما الذي تغيّر", "في الفاتورة"],
      ["en", "What has changed", "20 units on the invoice, 15 units now"],
    ] as const) {
      await speak(cashier, language);
      await cashier.click(`#part-invoices li:has-text('Zohra Haddad') button:has-text('${button}')`);
      await cashier.waitForSelector(`dialog li:has-text('${sentence}')`);
      expect(await barriers(cashier)).toEqual([]);
      if (language !== "en") await cashier.keyboard.press("Escape");
    }
    await cashier.fill("#field-cancel-reason", "five tablets were returned");
    await cashier.press("#field-cancel-reason", "Enter");
    await said("The invoice is cancelled");
    await bill("€11.80");
    await cashier.waitForSelector(`${of("€11.80")}:not(:has(.tag))`);
    await cashier.click(`${of("€11.80")} button:has-text('Take payment')`);
    await cashier.press("#field-pay-amount", "Enter");
    await said("Zohra Haddad has paid €11.80.");
    await cashier.keyboard.press("Escape");

    await pharmacy.return(operator, { dispense, quantity: 15 });
    await cashier.click("#part-invoices .tabs button:has-text('changed since')");
    await cashier.click(`${of("€11.80")} button:has-text('What has changed')`);
    await cashier.waitForSelector("dialog li:has-text('Aspirin: undone or returned'):has-text('€1.80 less')");
    await cashier.waitForSelector("dialog p:has-text('take the payments back'):has-text('a credit note is enough')");
    expect(await cashier.locator("#field-cancel-reason").count()).toBe(0);
    expect(await barriers(cashier)).toEqual([]);
    await cashier.click("dialog button:has-text('Credit note')");
    await cashier.uncheck("dialog label:has-text('consultation') input");
    await cashier.fill("#field-credit-reason", "all of it was returned");
    await cashier.press("#field-credit-reason", "Enter");
    await said("€1.80 are to be paid back.");
    await cashier.waitForSelector("#part-invoices:has-text('Nothing has changed since')");

    await cashier.click("#part-invoices .tabs button:has-text('all')");
    await cashier.click(`${of("-€1.80")} button:has-text('Cancel the credit note')`);
    await cashier.fill("#field-cancel-reason", "not all of it");
    await cashier.press("#field-cancel-reason", "Enter");
    await said("The credit note is cancelled.");
    await cashier.waitForSelector(`${of("€11.80")} .tag:has-text('changed since')`);
    await mesh.caller.destroyService(mesh.caller.getLocalService("pharmacy"));
    await cashier.click("#part-invoices .tabs button:has-text('changed since')");
    await cashier.waitForSelector("#part-invoices .not-known:has-text('For some of these invoices it is not known')");
  });

  it("a paid stay whose discharge is undone is billed for all its days: payments taken back, the bill cancelled and made again; the data agree", async () => {
    const { operator, mesh } = hospital;
    const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
    const lateReason = "entered from paper";
    const { patient } = await patients.register(operator, { family: "Benali", given: ["Nora"], gender: "female", birthDate: "1962-03-04" });
    await billing.setPrice(operator, { code: { system: ACT_CODE, code: "IMP" }, cents: 100_00, currency: "EUR" });
    const { rooms } = await wards.open(operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A"] }] });
    const bed = rooms[0]?.beds[0]?.location ?? "";
    const { stay } = await hospitalizations.admit(operator, { patient, bed, at: ago(4), lateReason });
    await hospitalizations.discharge(operator, { stay, at: ago(2), lateReason });
    const of = (amount: string) => `#part-invoices li:has-text('Nora Benali'):has-text('${amount}')`;
    const make = async (amount: string) => {
      await cashier.click(`li:has-text('Nora Benali'):has-text('${amount}') button:has-text('Make the invoice')`);
      await said(`Nora Benali is billed ${amount}.`);
    };
    const again = async () => {
      await hospital.show(cashier, "home");
      await hospital.show(cashier, "cash");
      await cashier.click("#part-invoices .tabs button:has-text('changed since')");
      await cashier.click(`${of("€200.00")} button:has-text('What has changed')`);
    };
    await hospital.show(cashier, "home");
    await hospital.show(cashier, "cash");
    await make("€200.00");
    await cashier.click(`${of("€200.00")} button:has-text('Take payment')`);
    await cashier.press("#field-pay-amount", "Enter");
    await said("Nora Benali has paid €200.00.");

    const { version } = await hospitalizations.cancelDischarge(operator, { stay, reason: "is still here" });
    await again();
    await cashier.waitForSelector("dialog li:has-text('has not ended after all')");
    await hospitalizations.discharge(operator, { stay, version });
    await again();
    await cashier.waitForSelector("dialog li:has-text('on the invoice'):has-text('4'):has-text('€200.00 more')");
    expect(await cashier.locator("dialog button:has-text('Credit note')").count()).toBe(0); // what is credited is not charged again by itself
    await cashier.click("dialog button:has-text('Payments')");
    await cashier.click("dialog button:has-text('Take back')");
    await cashier.fill("#field-take-back-reason", "billed anew");
    await cashier.press("#field-take-back-reason", "Enter");
    await said("The payment of €200.00 is taken back.");
    await again();
    await cashier.fill("#field-cancel-reason", "the stay was longer");
    await cashier.press("#field-cancel-reason", "Enter");
    await said("The invoice is cancelled");
    await make("€400.00");

    const config = readConfig({
      DATA_DIR: mesh.dataDir,
      SERVICES: "patients,wards,visits,hospitalizations,pharmacy,billing",
      ACCESS: "open",
    });
    const sources = await openSources(config);
    const { findings, resources } = await checkData(sources, { rules: config.rules, clocksMs: 0 }).finally(() => closeAll(sources));
    expect(findings).toEqual([]);
    expect(resources).toBeGreaterThan(10);
  });
});
