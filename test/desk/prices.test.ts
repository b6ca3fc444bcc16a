/** The price list, on the cash desk's page: what has a price is charged from then on. */
import type { Page } from "playwright-core";
import { ownerOf } from "../../federation/owner-contract.ts";
import { billing } from "../../services/billing/billing.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { barriers, Hospital, tooSmall } from "./pages-hospital.ts";

describe("the price list", () => {
  let hospital: Hospital;
  let cashier: Page;
  beforeAll(async () => {
    hospital = await Hospital.open();
    const coding = [{ system: "http://www.whocc.no/atc", code: "N02BE01", display: "Paracetamol" }];
    const medication = { resourceType: "Medication", id: "had", status: "active", code: { coding, text: "Paracetamol 500 mg" } };
    await ownerOf("pharmacy").write(hospital.operator, {
      steps: [{ op: "create", type: "Medication", id: "had", text: JSON.stringify(medication) }],
    });
    cashier = await hospital.person("cashier", ["billing"]);
    await hospital.show(cashier, "cash");
  });
  afterAll(() => hospital?.close());

  const set = async (what: string, price: string, currency?: string) => {
    await cashier.fill("#field-price-what", what);
    await cashier.fill("#field-price-price", price);
    if (currency) await cashier.fill("#field-price-currency", currency);
    await cashier.press("#field-price-price", "Enter");
  };
  const line = (what: string) => `dialog li:has-text("${what}")`;

  it("gets a price for a visit, in the hospital's currency, and the next visit is charged", async () => {
    await cashier.click("button:text-is('Price list')");
    await cashier.waitForSelector("#price-what-codes option[value='Visit']", { state: "attached" });
    expect([await barriers(cashier), await tooSmall(cashier)]).toEqual([[], []]);
    await set("Visit", "12.3456", "tnd");
    await cashier.waitForSelector("#field-price-price-fault"); // a dinar has three decimals
    await set("no such act", "12.345");
    await cashier.waitForSelector("#field-price-what-fault");
    await set("Visit", "12.345");
    await cashier.waitForSelector(`${line("Visit")}:has-text("12.345")`);
    await cashier.waitForSelector("#field-price-what:focus"); // for the next one
    const { operator } = hospital;
    const { patient } = await patients.register(operator, { family: "Rossi", given: ["Ada"], gender: "female" });
    const { visit } = await visits.open(operator, { patient });
    await visits.close(operator, { visit });
    await cashier.waitForSelector("li:has-text('Ada Rossi'):has-text('12.345')");
  });

  it("has days of stays, tests and medications in the same currency; a price is changed and taken back, a first one altogether", async () => {
    for (const what of ["Stay, per day", "Paracetamol 500 mg"]) {
      await set(what, "7");
      await cashier.waitForSelector(`${line(what)}:has-text("7.000")`);
    }
    await cashier.click(`${line("Stay")} button:has-text("Change")`);
    expect(await cashier.inputValue("#field-price-price")).toBe("7.000");
    await cashier.waitForSelector("#field-price-price:focus");
    await cashier.fill("#field-price-price", "8");
    await cashier.press("#field-price-price", "Enter");
    await cashier.waitForSelector(`${line("Stay")}:has-text("8.000")`);
    await cashier.keyboard.press("Alt+z");
    await cashier.waitForSelector(`${line("Stay")}:has-text("7.000")`);
    await cashier.keyboard.press("Alt+z");
    await cashier.waitForSelector(line("Paracetamol"), { state: "detached" });
    const prices = await billing.listPrices(hospital.operator, {});
    expect(prices.map(({ code, cents, currency }) => [code.code, cents, currency]).sort()).toEqual([
      ["AMB", 12_345, "TND"],
      ["IMP", 7_000, "TND"],
    ]);
  });

  it("does not have everything: for a patient something else is charged by hand, and taken back", async () => {
    await cashier.keyboard.press("Escape");
    expect(await cashier.locator("button:text-is('Add a charge')").count()).toBe(0); // whose, is not known
    await cashier.fill("#cash-patient", "Rossi");
    await cashier.click("[role=option]:has-text('Ada Rossi')");
    await cashier.click("button:text-is('Add a charge')");
    await cashier.waitForSelector("#field-charge-text:focus");
    await cashier.waitForSelector("#field-charge-encounter option:has-text('Visit')", { state: "attached" });
    expect([await barriers(cashier), await tooSmall(cashier)]).toEqual([[], []]);
    await cashier.fill("#field-charge-text", "a copy of the record");
    await cashier.fill("#field-charge-price", "ten");
    await cashier.press("#field-charge-price", "Enter");
    await cashier.waitForSelector("#field-charge-price-fault");
    await cashier.fill("#field-charge-price", "1.5");
    await cashier.press("#field-charge-price", "Enter");
    await cashier.waitForSelector("li:has-text('Ada Rossi'):has-text('a copy of the record'):has-text('13.845')");
    await cashier.keyboard.press("Alt+z");
    await cashier.waitForSelector("li:has-text('Ada Rossi'):has-text('12.345')");
    await cashier.click("button:text-is('Price list')");
    await cashier.waitForSelector(line("Visit"));
  });

  it("is not changed over what another has set meanwhile", async () => {
    await cashier.route("**/api/billing/listPrices*", (route) => route.abort());
    const code = { system: "http://terminology.hl7.org/CodeSystem/v3-ActCode", code: "AMB", display: "Visit" };
    await billing.setPrice(hospital.operator, { code, cents: 20_000, currency: "TND" });
    await set("Visit", "15");
    await cashier.waitForSelector("dialog .fault");
    expect((await billing.listPrices(hospital.operator, {})).find((one) => one.code.code === "AMB")?.cents).toBe(20_000);
  });
});
