/** The cash desk: money taken in parts and by several means, receipts, what is taken back, and the day. */
import type { Page } from "playwright-core";
import { ownerOf } from "../../federation/owner-contract.ts";
import { billing } from "../../services/billing/billing.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { heldBack } from "./held-back.ts";
import { barriers, Hospital, speak } from "./pages-hospital.ts";

describe("at the cash desk", () => {
  let hospital: Hospital;
  let cashier: Page;
  const bill = "#part-invoices li:has-text('Ada Rossi')";

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    const { patient } = await patients.register(operator, { family: "Rossi", given: ["Ada"], gender: "female", birthDate: "1951-03-08" });
    const { visit } = await visits.open(operator, { patient, reason: "Cough" });
    await billing.charge(operator, { encounter: visit, text: "consultation", cents: 100_00, currency: "EUR" });
    await visits.close(operator, { visit });
    await billing.invoice(operator, { encounter: visit });
    cashier = await hospital.person("cashier", ["billing"]);
    await hospital.show(cashier, "cash");
  });
  afterAll(() => hospital?.close());

  const said = (text: string) => cashier.waitForSelector(`.notice:has-text("${text}")`);
  const open = () => cashier.click(`${bill} button:has-text('Take payment')`);

  it("the insurer pays a part, with a receipt, and the list says what is left", async () => {
    await hospital.step("take a partial payment from an insurer, with the number of its policy", cashier, async () => {
      await open();
      await cashier.fill("#field-pay-amount", "70");
      await cashier.selectOption("#field-pay-means", { label: "insurance" });
      await cashier.fill("#field-pay-reference", "P-4711");
      await cashier.press("#field-pay-reference", "Enter");
      await said("Ada Rossi has paid €70.00.");
    });
    const receipt = await cashier.textContent("dialog .print");
    for (const text of ["Ada Rossi", "insurance", "P-4711", "€70.00", "Left to pay", "€30.00", "cashier"]) expect(receipt).toContain(text);
    await cashier.waitForSelector("button:text-is('Print'):focus");
    expect(await barriers(cashier)).toEqual([]);
    await cashier.keyboard.press("Escape");
    await cashier.waitForSelector(`${bill}:has-text('€30.00 left')`);
  });

  it("an amount above the balance is refused beside the field, the change is shown, and the rest is paid in cash", async () => {
    await open();
    expect(await cashier.inputValue("#field-pay-amount")).toBe("30.00");
    for (const [typed, fault] of [
      ["30.01", "asks for less"],
      ["ten", "above zero"],
    ] as const) {
      await cashier.fill("#field-pay-amount", typed);
      await cashier.press("#field-pay-amount", "Enter");
      await cashier.waitForSelector(`#field-pay-amount-fault:has-text('${fault}')`);
      await cashier.waitForSelector("#field-pay-amount:focus");
    }
    await cashier.fill("#field-pay-amount", "30");
    await cashier.fill("#field-pay-given", "20");
    await cashier.press("#field-pay-given", "Enter");
    const told = () => cashier.$eval("#field-pay-given", (one) => (one as HTMLInputElement).validationMessage);
    expect(await told()).toMatch(/Less was given/);
    await cashier.fill("#field-pay-given", "fifty");
    await cashier.press("#field-pay-given", "Enter");
    expect(await told()).toMatch(/above zero/);
    await cashier.fill("#field-pay-given", "50");
    await cashier.waitForSelector("#field-pay-given-hint:has-text('Change: €20.00')");
    expect(await barriers(cashier)).toEqual([]);
    await cashier.press("#field-pay-given", "Enter");
    await said("Ada Rossi has paid €30.00.");
    await cashier.keyboard.press("Escape");
    await cashier.waitForSelector(bill, { state: "detached" });
  });

  it("a payment is undone at once by a key, and later with a reason", async () => {
    await cashier.keyboard.press("Alt+z");
    await cashier.waitForSelector(`${bill}:has-text('€30.00 left')`);
    await open();
    await hospital.step("take a payment back, with the reason", cashier, async () => {
      await cashier.click("dialog li:has-text('P-4711') button:has-text('Take back')");
      await cashier.fill("#field-take-back-reason", "another patient's policy");
      await cashier.press("#field-take-back-reason", "Enter");
      await said("The payment of €70.00 is taken back.");
    });
    await cashier.waitForSelector("dialog li:has-text('insurance') .tag:has-text('taken back')");
    await cashier.keyboard.press("Escape");
    await cashier.waitForSelector(`${bill}:not(:has-text('left'))`);
  });

  it("the day's totals are listed by cashier and means of payment, in three languages", async () => {
    await open();
    await cashier.press("#field-pay-amount", "Enter");
    await said("Ada Rossi has paid €100.00.");
    await cashier.keyboard.press("Escape");
    for (const [language, report, cash] of [
      ["fr", "Rapport de caisse", "espèces"],
      ["ar", "تقرير الصندوق", "نقدًا"],
      ["en", "Cash report", "cash"],
    ] as const) {
      await speak(cashier, language);
      await cashier.click(`button:has-text('${report}')`);
      await cashier.waitForSelector(`dialog .print tr:has(th[colspan]):has-text('${cash}'):has-text('100')`);
      expect(await barriers(cashier)).toEqual([]);
      await cashier.keyboard.press("Escape");
    }
    await cashier.click("button:has-text('Cash report')");
    await cashier.waitForSelector("dialog .print tr:has(th[colspan])");
    const rows = await cashier.locator("dialog .print table >> nth=0").locator("tbody tr").allTextContents();
    expect(rows.map((text) => text.replaceAll(/\s+/g, " ").trim())).toEqual([
      "cashiercash21€100.00",
      "cashierinsurance11€0.00",
      "Total · cash€100.00",
      "Total · insurance€0.00",
      "Total€100.00",
    ]);
    expect(await cashier.textContent("dialog .print")).toContain("another patient's policy");
    await cashier.fill("#field-report-day", "2020-02-29");
    await cashier.waitForSelector("dialog .print:has-text('Nothing was paid on this day.')");
    expect(hospital.complaints.filter((text) => !/status of 409/.test(text))).toEqual([]);
  });

  it("a credit reduces the balance of the bill, and what was overpaid is paid back", async () => {
    const { operator } = hospital;
    const { patient } = await patients.register(operator, { family: "Amrani", given: ["Lina"], gender: "female", birthDate: "1990-01-01" });
    const { visit } = await visits.open(operator, { patient, reason: "Cough" });
    const [first, second] = await Promise.all(
      [20_00, 40_00].map((cents) => billing.charge(operator, { encounter: visit, text: "care", cents, currency: "EUR" })),
    );
    await visits.close(operator, { visit });
    const { invoice } = await billing.invoice(operator, { encounter: visit });
    await billing.creditNote(operator, { invoice, charges: [first?.charge ?? ""], reason: "not done" });
    await cashier.keyboard.press("Escape");
    const of = (text: string) => `#part-invoices li:has-text('Lina Amrani'):has-text('${text}')`;
    await cashier.click(`${of("€40.00 left")} button:has-text('Take payment')`);
    await cashier.waitForSelector("dialog p:has-text('Credited: €20.00')");
    expect(await cashier.inputValue("#field-pay-amount")).toBe("40.00");
    await cashier.press("#field-pay-amount", "Enter");
    await said("Lina Amrani has paid €40.00.");
    await cashier.keyboard.press("Escape");
    await cashier.waitForSelector("#part-invoices li:has-text('Lina Amrani')", { state: "detached" });

    const { creditNote } = await billing.creditNote(operator, { invoice, charges: [second?.charge ?? ""], reason: "not done" });
    expect(await billing.listBalances(operator, { invoices: [creditNote] })).toMatchObject([{ left: 40_00, credited: 0 }]);
    await hospital.step("pay back a credit, with its receipt on the screen", cashier, async () => {
      await cashier.click(`${of("Credit note")} button:has-text('Pay back')`);
      await cashier.press("#field-pay-amount", "Enter");
      await said("Lina Amrani was paid back €40.00.");
    });
    const receipt = await cashier.textContent("dialog .print");
    for (const text of ["Credit note", "cash", "-€40.00", "Left to pay back", "€0.00"]) expect(receipt).toContain(text);
    await cashier.keyboard.press("Alt+z");
    await said("It is undone.");
    await cashier.keyboard.press("Escape");
    await cashier.waitForSelector(`${of("Credit note")}:not(:has-text('left'))`);
    expect(await barriers(cashier)).toEqual([]);
    await billing.pay(operator, { invoice: creditNote, cents: 40_00, means: "card" });
  });

  it("one line of a paid bill is credited and paid back, the others stay; lines already credited are marked", async () => {
    const { operator } = hospital;
    const { patient } = await patients.register(operator, { family: "Kaci", given: ["Dalila"], gender: "female", birthDate: "1980-02-02" });
    const { visit } = await visits.open(operator, { patient });
    const charge = async (text: string, cents: number) =>
      (await billing.charge(operator, { encounter: visit, text, cents, currency: "EUR" })).charge;
    const consultation = await charge("consultation", 15_00);
    await charge("chest film", 28_00);
    await charge("blood count", 9_00);
    await visits.close(operator, { visit });
    const { invoice } = await billing.invoice(operator, { encounter: visit });
    await billing.pay(operator, { invoice, cents: 52_00, means: "cash" });
    await cashier.reload();
    await cashier.waitForSelector("[data-page=cash]");
    const of = (text: string) => `#part-invoices li:has-text('Dalila Kaci'):has-text('${text}')`;
    const open = async (first = "chest film") => {
      await cashier.click("#part-invoices .tabs button:has-text('all')");
      await cashier.click(`${of("52.00")} button:has-text('Credit note')`);
      await cashier.waitForSelector(`dialog label:has-text('${first}'):has-text('€') input:checked`);
    };
    const release = await heldBack(cashier, /listPayments/);
    await cashier.click("#part-invoices .tabs button:has-text('all')");
    await cashier.click(`${of("52.00")} button:has-text('Credit note')`);
    await cashier.waitForSelector("dialog [role=status]:has-text('Loading')");
    expect(await cashier.locator("dialog button.main").count()).toBe(0); // not a credit note for all of it, before it was asked for what
    release();
    await cashier.keyboard.press("Escape");
    await open();
    await cashier.waitForSelector("dialog p:has-text('Dalila Kaci'):has-text('1980'):has-text('€52.00')"); // whose bill, and which
    expect(await barriers(cashier)).toEqual([]);
    for (const text of ["consultation", "chest film", "blood count"]) await cashier.uncheck(`dialog label:has-text('${text}') input`);
    await cashier.fill("#field-credit-reason", "the film was not taken");
    await cashier.press("#field-credit-reason", "Enter");
    await cashier.waitForSelector("#credit-charges-fault:has-text('Tick what is credited')");
    await cashier.check("dialog label:has-text('chest film') input");
    await cashier.press("#field-credit-reason", "Enter");
    await said("€28.00");
    await cashier.click(`${of("-€28.00")} button:has-text('Pay back')`);
    await cashier.fill("#field-pay-amount", "20"); // a part of it
    await cashier.press("#field-pay-amount", "Enter");
    await said("Dalila Kaci was paid back €20.00.");
    expect((await cashier.textContent("dialog .print"))?.replaceAll(/\s+/g, " ")).toMatch(/Left to pay back.*€8\.00/);
    await cashier.keyboard.press("Escape");
    await open("consultation");
    const line = (text: string) => cashier.locator("dialog label", { hasText: text });
    expect(await line("chest film").textContent()).toContain("Credited");
    expect(await line("chest film").locator("input").isDisabled()).toBe(true);
    expect(await line("chest film").locator("input").isChecked()).toBe(false);
    expect(await barriers(cashier)).toEqual([]);
    await cashier.fill("#field-credit-reason", "once more");
    await line("blood count").locator("input").uncheck();
    // Another clerk credits the same meanwhile: it is said, and seen.
    await billing.creditNote(operator, { invoice, charges: [consultation], reason: "not done" });
    await cashier.press("#field-credit-reason", "Enter");
    await cashier.waitForSelector("#credit-charges-fault:has-text('credited already')");
    await cashier.waitForSelector("dialog label:has-text('consultation') input:disabled:not(:checked)");
    await line("blood count").locator("input").check();
    await cashier.press("#field-credit-reason", "Enter");
    await said("€9.00");
    // Nothing is left of it: that is said too.
    await cashier.click(`${of("52.00")} button:has-text('Credit note')`);
    await cashier.waitForSelector("dialog label:has-text('blood count') input:disabled");
    await cashier.fill("#field-credit-reason", "again");
    await cashier.press("#field-credit-reason", "Enter");
    await cashier.waitForSelector("dialog .fault:has-text('Everything on this bill is credited already')");
    await cashier.keyboard.press("Escape");
  });

  it("charges that came by FHIR are billed for what they add up to, and one without a price is named before a bill is made", async () => {
    const { operator } = hospital;
    const { patient } = await patients.register(operator, { family: "Neri", given: ["Ezra"], gender: "male", birthDate: "1961-02-04" });
    const visitWith = async (...prices: (number | undefined)[]) => {
      const { visit } = await visits.open(operator, { patient });
      const item = { resourceType: "ChargeItem", status: "billable", code: { text: "x" }, subject: { reference: patient } };
      const steps = prices.map((value, index) => {
        const priceOverride = value === undefined ? undefined : { value, currency: "EUR" };
        const text = JSON.stringify({ ...item, context: { reference: visit }, priceOverride });
        return { op: "create" as const, type: "ChargeItem", id: `${visit.slice(-12)}-${index}`, text };
      });
      await ownerOf("billing").write(operator, { steps });
      await visits.close(operator, { visit });
    };
    const row = "li:has-text('Ezra Neri'):has(button:has-text('Make the invoice'))";
    await visitWith(1.005, 1.005);
    await hospital.show(cashier, "home");
    await hospital.show(cashier, "cash");
    await cashier.waitForSelector(`${row}:has-text('€2.01')`);
    await cashier.click(`${row} button:has-text('Make the invoice')`);
    await said("Ezra Neri is billed €2.01.");
    await cashier.waitForSelector(row, { state: "detached" });
    await visitWith(undefined, 4);
    await hospital.show(cashier, "home");
    await hospital.show(cashier, "cash");
    await cashier.waitForSelector(`${row}:has-text('a price is missing')`);
    await cashier.click(`${row} button:has-text('Make the invoice')`);
    await said("A charge has no price");
  });

  it("the insurance number of a patient is proposed for what the insurer pays, and for nothing else", async () => {
    const { operator } = hospital;
    const identifiers = [{ system: "urn:openward:insurance-number", value: "M 77-a" }];
    const { patient } = await patients.register(operator, { family: "Insured", given: ["Lina"], gender: "female", identifiers });
    const { visit } = await visits.open(operator, { patient });
    await billing.charge(operator, { encounter: visit, text: "consultation", cents: 15_00, currency: "EUR" });
    await visits.close(operator, { visit });
    await billing.invoice(operator, { encounter: visit });
    await cashier.reload();
    await cashier.click("#part-invoices li:has-text('Lina Insured') button:has-text('Take payment')");
    const shown = (value: string) =>
      cashier.waitForFunction((of) => document.querySelector<HTMLInputElement>("#field-pay-reference")?.value === of, value);
    await cashier.selectOption("#field-pay-means", "insurance");
    await shown("M77A");
    await cashier.selectOption("#field-pay-means", "transfer");
    await shown("");
    await cashier.fill("#field-pay-reference", "T-1"); // what was typed stays
    await cashier.selectOption("#field-pay-means", "insurance");
    await shown("T-1");
    await cashier.fill("#field-pay-reference", "");
    await cashier.selectOption("#field-pay-means", "card");
    await cashier.selectOption("#field-pay-means", "insurance");
    await shown("M77A");
    await cashier.click("dialog form button[type=submit]");
    await cashier.waitForSelector("dialog .print:has-text('M77A')");
    await cashier.keyboard.press("Escape");
  });

  it("what patients owe outside of visits is each their own, and billed", async () => {
    const { operator } = hospital;
    for (const [given, value] of [
      ["Omar", 3],
      ["Lila", 4],
    ] as const) {
      const person = { family: "Saadi", given: [given], gender: "female" as const, birthDate: `19${60 + value}-05-06` };
      const { patient } = await patients.register(operator, person);
      const item = { resourceType: "ChargeItem", status: "billable", code: { text: "x" }, subject: { reference: patient } };
      const text = JSON.stringify({ ...item, priceOverride: { value, currency: "EUR" } });
      await ownerOf("billing").write(operator, { steps: [{ op: "create", type: "ChargeItem", id: `counter-${value}`, text }] });
    }
    await hospital.show(cashier, "home");
    await hospital.show(cashier, "cash");
    const row = (name: string) => `li:has-text('${name} Saadi'):has(button:has-text('Make the invoice'))`;
    await cashier.waitForSelector(`${row("Omar")}:has-text('€3.00')`);
    await cashier.click(`${row("Lila")} button:has-text('Make the invoice')`);
    await said("Lila Saadi is billed €4.00.");
    await cashier.waitForSelector(row("Lila"), { state: "detached" });
    await cashier.waitForSelector(row("Omar"));
  });
});
