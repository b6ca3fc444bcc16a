/** What somebody has typed is kept, what is not known is not said to be none, and what was changed can be taken back. */
import type { Page } from "playwright-core";
import { ownerOf } from "../../federation/owner-contract.ts";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { billing } from "../../services/billing/billing.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { heldBack } from "./held-back.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

const POTASSIUM = { system: "http://loinc.org", code: "2823-3", display: "Potassium [Moles/volume] in Serum or Plasma" };

describe("what was typed, and what is known", () => {
  let hospital: Hospital;
  let nurse: Page;
  let patient: string;

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    ({ patient } = await patients.register(operator, {
      family: "Rossi",
      given: ["Ada"],
      gender: "female",
      birthDate: "1951-03-08",
      phone: "0550 00 00 00",
    }));
    await wards.open(operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A"] }] });
    await hospitalizations.request(operator, { patient, kind: "planned", reason: "Anaemia" });
    nurse = await hospital.person("nurse", ["nurse"]);
  });
  afterAll(() => hospital?.close());
  const said = (page: Page, text: string) => page.waitForSelector(`.notice:has-text("${text}")`);

  it("a round does not say that there are no wards while they are unknown, and recovers by itself", async () => {
    await nurse.route("**/api/wards/board", (route) => route.fulfill({ status: 503, body: "{}" }));
    await nurse.evaluate(() => location.assign("#/round"));
    await nurse.waitForSelector("main .not-known");
    expect(await nurse.textContent("main")).not.toContain("There is no ward yet");
    await nurse.unroute("**/api/wards/board");
    await nurse.waitForSelector("#round-ward");
    hospital.complaints.length = 0;
  });

  it("the reasons for denying a request and for closing a ward, and a delivery, survive a reload", async () => {
    const [administrator, pharmacist] = await Promise.all([
      hospital.person("chief", ["administrator"]),
      hospital.person("pharmacist", ["pharmacist"]),
    ]);
    await Promise.all([hospital.show(nurse, "ward"), hospital.show(administrator, "places"), hospital.show(pharmacist, "dispensary")]);
    const forms: [Page, () => Promise<unknown>, string, string][] = [
      [nurse, () => nurse.click("aside button:has-text('Deny')"), "#field-deny-reason", "no isolation here"],
      [administrator, () => administrator.click("main button:text-is('Close')  >> nth=0"), "#field-close-reason", "painters"],
      [pharmacist, () => pharmacist.click("button:has-text('Delivery')"), "#field-delivery-lot", "L-4711"],
    ];
    for (const [page, open, field, text] of forms) {
      await open();
      await page.fill(field, text);
      await page.reload();
      await page.waitForSelector(".who");
      await page.waitForFunction(() => document.querySelector("[data-page]") && !document.querySelector('[aria-busy="true"]'));
      await open();
      expect([field, await page.inputValue(field)]).toEqual([field, text]);
      await page.click("dialog button:text-is('Cancel')");
      await open();
      expect([field, await page.inputValue(field)]).toEqual([field, ""]); // who cancels does not want it
      await page.keyboard.press("Escape");
    }
  });

  it("the choice for paused medication, and the quantities dispensed, counted and paid, survive a reload", async () => {
    const { operator } = hospital;
    const { patient: other } = await patients.register(operator, { family: "Neri", given: ["Carla"], gender: "female" });
    const [bed] = (await wards.listBeds(operator, {})).filter(({ name }) => name.includes("A"));
    await hospitalizations.admit(operator, { patient: other, bed: bed?.location ?? "", reason: "Fever" });
    const paused = {
      resourceType: "MedicationStatement",
      id: "paused",
      status: "on-hold",
      medicationCodeableConcept: { text: "Metformin" },
      subject: { reference: other },
    };
    await ownerOf("pharmacy").write(operator, {
      steps: [{ op: "create", type: "MedicationStatement", id: "paused", text: JSON.stringify(paused) }],
    });
    const medication = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };
    await pharmacy.receive(operator, { medication, quantity: 100, lot: "L", expires: "2099-01-01" });
    await pharmacy.receive(operator, { medication, quantity: 100, lot: "M", expires: "2099-06-01" });
    await pharmacy.prescribe(operator, { patient: other, medication, quantity: 40, dosage: "1 tablet" });
    // An allergy that was noted by mistake is none, in the dispensary too.
    const verificationStatus = {
      coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification", code: "entered-in-error" }],
    };
    const mistake = {
      resourceType: "AllergyIntolerance",
      id: "mistake",
      verificationStatus,
      code: { text: "Latex" },
      patient: { reference: other },
    };
    await ownerOf("records").write(operator, {
      steps: [{ op: "create", type: "AllergyIntolerance", id: "mistake", text: JSON.stringify(mistake) }],
    });
    const { visit } = await visits.open(operator, { patient });
    await billing.charge(operator, { encounter: visit, text: "consultation", cents: 100_00, currency: "EUR" });
    await visits.close(operator, { visit });
    await billing.invoice(operator, { encounter: visit });
    const [physician, pharmacist, cashier] = await Promise.all([
      hospital.person("physician", ["physician"]),
      hospital.signIn("pharmacist"),
      hospital.person("cashier", ["billing"]),
    ]);
    await Promise.all([hospital.show(physician, "ward"), hospital.show(pharmacist, "dispensary"), hospital.show(cashier, "cash")]);
    const kept = async (page: Page, open: () => Promise<unknown>, field: string, typed: string) => {
      await open();
      await (typed === "again" ? page.selectOption(field, typed) : page.fill(field, typed));
      await page.reload();
      await page.waitForFunction(() => document.querySelector("[data-page]") && !document.querySelector('[aria-busy="true"]'));
      await open();
      await page.waitForSelector(field);
      expect([field, await page.inputValue(field)]).toEqual([field, typed]);
    };
    await kept(physician, () => physician.click("button.bed:has-text('Carla Neri')"), "#field-paused-paused", "again");
    // A discharge that is refused loses no decision.
    await physician.route("**/api/hospitalizations/discharge", (route) =>
      route.fulfill({ status: 409, json: { error: { type: "STALE_WRITE", message: "" } } }),
    );
    await physician.click("dialog button:text-is('Discharge')");
    await physician.waitForSelector(".notice.fault");
    await physician.unroute("**/api/hospitalizations/discharge");
    await physician.click("button.bed:has-text('Carla Neri')");
    expect(await physician.inputValue("#field-paused-paused")).toBe("again");
    hospital.complaints.length = 0; // the browser tells of refusals as of errors
    await kept(
      pharmacist,
      () => pharmacist.click("li:has-text('Carla Neri') button:has-text('Hand out')"),
      "#field-dispense-quantity",
      "13",
    );
    expect(await pharmacist.textContent("dialog")).not.toContain("Latex");
    // A lot that is blocked meanwhile is not replaced by another that nobody has chosen.
    await pharmacist.selectOption("#field-dispense-lot", { index: 1 });
    await pharmacy.blockLot(operator, { medication, lot: "L", reason: "recalled" });
    await pharmacist.press("#field-dispense-quantity", "Enter");
    await pharmacist.waitForSelector("#field-dispense-lot-fault:has-text('kept back')");
    await pharmacist.waitForSelector("#field-dispense-lot option:has-text('L ·')", { state: "detached" });
    await pharmacist.press("#field-dispense-quantity", "Enter");
    await pharmacist.waitForSelector("#field-dispense-lot-fault:has-text('list')");
    await pharmacy.releaseLot(operator, { medication, lot: "L", reason: "a mistake" });
    hospital.complaints.length = 0; // the browser tells of refusals as of errors
    await pharmacist.keyboard.press("Escape");
    const card = async () => {
      await pharmacist.click("#part-shelf button.name");
      await pharmacist.click("dialog tr:has-text('L') button:has-text('Count')");
    };
    await kept(pharmacist, card, "#field-count-quantity", "99");
    await kept(cashier, () => cashier.click("#part-invoices li button:has-text('Take payment')"), "#field-pay-amount", "20.50");
    // A delivery is found in the list also where it was typed before the list had come; two medications of one name cannot be told apart.
    const release = await heldBack(pharmacist, /pharmacy\/listStock/);
    await pharmacist.reload();
    await pharmacist.click("#part-shelf button:has-text('Delivery')");
    await pharmacist.click("dialog button:text-is('Cancel')");
    await pharmacist.click("#part-shelf button:has-text('Delivery')");
    await pharmacist.fill("#field-delivery-medication", medication.display);
    await pharmacist.fill("#field-delivery-quantity", "5");
    await pharmacist.press("#field-delivery-quantity", "Enter");
    await pharmacist.waitForSelector("dialog", { state: "detached" });
    release();
    await pharmacist.waitForSelector("#part-shelf td:has-text('205')");
    await pharmacist.click("#part-shelf button:has-text('New medication')");
    await pharmacist.fill("#field-medication-name", medication.display);
    await pharmacist.press("#field-medication-name", "Enter");
    expect(await pharmacist.$eval("#field-medication-name", (one) => (one as HTMLInputElement).validationMessage)).toMatch(/there already/);
    await pharmacist.keyboard.press("Escape");
  });

  it("what was chosen survives a reload as what was typed does: means of payment, lot, roles, what a bed has beside what others have changed", async () => {
    const { operator } = hospital;
    const [cashier, pharmacist, chief] = await Promise.all(["cashier", "pharmacist", "chief"].map((login) => hospital.signIn(login)));
    if (!cashier || !pharmacist || !chief) throw new Error("Nobody has signed in.");
    await Promise.all([hospital.show(cashier, "cash"), hospital.show(pharmacist, "dispensary"), hospital.show(chief, "administration")]);
    const reloaded = async (page: Page) => {
      await page.reload();
      await page.waitForFunction(() => document.querySelector("[data-page]") && !document.querySelector('[aria-busy="true"]'));
    };
    const pay = () => cashier.click("#part-invoices li button:has-text('Take payment')");
    await pay();
    await cashier.selectOption("#field-pay-means", "insurance");
    await cashier.fill("#field-pay-reference", "POL-7");
    await reloaded(cashier);
    await pay();
    expect(await cashier.inputValue("#field-pay-reference")).toBe("POL-7"); // in cash there is no such field
    await cashier.click("dialog button:text-is('Cancel')");
    await pay();
    expect(await cashier.inputValue("#field-pay-means")).toBe("cash"); // who cancels does not want it
    const handOut = () => pharmacist.click("li:has-text('Carla Neri') button:has-text('Hand out')");
    await handOut();
    await pharmacist.selectOption("#field-dispense-lot", { index: 2 });
    const lot = await pharmacist.inputValue("#field-dispense-lot");
    await reloaded(pharmacist);
    await handOut();
    expect([lot, await pharmacist.inputValue("#field-dispense-lot")]).toEqual(["M ", "M "]); // not the first to expire
    const account = () => chief.click("button:has-text('New account')");
    await account();
    await chief.check("dialog .choice:has-text('midwife') input");
    await reloaded(chief);
    await account();
    expect(await chief.isChecked("dialog .choice:has-text('midwife') input")).toBe(true);
    await chief.click("dialog button:text-is('Cancel')");
    await hospital.show(chief, "places");
    const change = () => chief.click("tr:has-text('A') button:has-text('Change')");
    await change();
    await chief.check("dialog .choice:has-text('oxygen') input");
    const [bed] = await wards.listBeds(operator, {});
    await wards.describe(operator, { location: bed?.location ?? "", attributes: ["cot"] });
    await reloaded(chief);
    await change();
    const chosen = await chief.$$eval("dialog .choice:has(input:checked)", (all) => all.map((one) => one.textContent?.trim()));
    expect(chosen).toEqual(["oxygen", "cot"]);
  });

  it("what is no value yet survives a reload with what is wrong about it, and so does a choice alone; it goes with what is cancelled", async () => {
    const { operator } = hospital;
    await wards.open(operator, { name: "Surgery", rooms: [{ name: "201", beds: ["A"] }] });
    const [pharmacist, physician, chief] = await Promise.all(["pharmacist", "physician", "chief"].map((login) => hospital.signIn(login)));
    if (!pharmacist || !physician || !chief) throw new Error("Nobody has signed in.");
    const surgeon = { resourceType: "Practitioner", id: "surgeon", active: true, name: [{ family: "Bianchi" }] };
    await ownerOf("personnel").write(operator, {
      steps: [{ op: "create", type: "Practitioner", id: "surgeon", text: JSON.stringify(surgeon) }],
    });
    await Promise.all([hospital.show(pharmacist, "dispensary"), hospital.show(physician, "ward"), hospital.show(chief, "administration")]);
    const ward = (await wards.board(operator, {})).wards.find(({ name }) => name === "Surgery")?.location ?? "";
    const stay = async () => {
      await physician.click("button.bed:has-text('Carla Neri')");
      await physician.click("dialog button:has-text('Another physician')");
      await physician.waitForSelector("#field-physician option:has-text('Bianchi')", { state: "attached" });
      await physician.waitForSelector("#field-transfer-to option:has-text('Surgery')", { state: "attached" });
    };
    const forms: [Page, () => Promise<unknown>, Record<string, string>][] = [
      [pharmacist, () => pharmacist.click("li:has-text('Carla Neri') button:has-text('Hand out')"), { "#field-dispense-quantity": "0" }],
      [
        pharmacist,
        () => pharmacist.click("button:has-text('Delivery')"),
        { "#field-delivery-quantity": "1,000", "#field-delivery-expires": "31/31/2030" },
      ],
      [physician, stay, { "#field-transfer-to": ward, "#field-physician": "Practitioner/surgeon" }],
      [chief, async () => {}, { "#field-named-test": "718-7", "#field-test-name-fr": "Taux d’Hb" }],
    ];
    for (const [page, open, typed] of forms) {
      const fields = Object.entries(typed);
      const shown = async () => {
        for (const [field] of fields) await page.waitForSelector(field);
        return Object.fromEntries(await Promise.all(fields.map(async ([field]) => [field, await page.inputValue(field)])));
      };
      await open();
      await shown();
      for (const [field, text] of fields) {
        const isChoice = await page.$eval(field, (one) => one instanceof HTMLSelectElement);
        await (isChoice ? page.selectOption(field, text) : page.fill(field, text));
      }
      await page.reload();
      await page.waitForFunction(() => document.querySelector("[data-page]") && !document.querySelector('[aria-busy="true"]'));
      await open();
      expect(await shown()).toEqual(typed);
      if (page !== pharmacist) continue;
      expect(await page.locator("dialog [aria-invalid=true]").count()).toBe(fields.length);
      await page.click("dialog button:text-is('Cancel')");
      await open();
      expect(Object.values(await shown())).not.toEqual(expect.arrayContaining(Object.values(typed)));
      await page.keyboard.press("Escape");
    }
  });

  it("correcting a phone number keeps its other elements, and is undone by a key", async () => {
    const telecom = [{ system: "phone", value: "0550 00 00 00", use: "mobile", rank: 1 }];
    const name = [{ use: "official", family: "Verdi", given: ["Mary Ann"] }];
    const stored = { resourceType: "Patient", id: "mary", active: true, name, telecom, gender: "female" };
    await ownerOf("patients").write(hospital.operator, {
      steps: [{ op: "create", type: "Patient", id: "mary", text: JSON.stringify(stored) }],
    });
    const now = () =>
      nurse.evaluate(async () => {
        const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string };
        const answer = await fetch("/fhir/Patient/mary", { headers: { Authorization: `Bearer ${access}` } });
        return (await answer.json()) as object;
      });
    await hospital.show(nurse, "chart/mary");
    await nurse.click("button:has-text('Details')");
    await nurse.fill("#field-details-phone", "0661 11 11 11");
    await nurse.press("#field-details-phone", "Enter");
    await nurse.waitForSelector(".notice:has-text('The details are stored.')");
    await nurse.waitForSelector(".banner:has-text('0661 11 11 11')");
    expect(await now()).toMatchObject({ name, telecom: [{ ...telecom[0], value: "0661 11 11 11" }] });
    await nurse.keyboard.press("Alt+z");
    await nurse.waitForSelector(".banner:has-text('0550 00 00 00')");
    expect(await now()).toMatchObject({ name, telecom });
  });

  it("a tube's label scanned into the main search opens the chart of its patient", async () => {
    const { operator } = hospital;
    const { order } = await lab.order(operator, { patient, test: POTASSIUM });
    const { accession } = await lab.collect(operator, { orders: [order] });
    await hospital.show(nurse, "home");
    await nurse.keyboard.press("/");
    await nurse.keyboard.type(accession);
    await nurse.keyboard.press("Enter");
    await nurse.waitForSelector('[data-page="chart"] .banner:has-text("Ada Rossi")');
    expect(hospital.complaints).toEqual([]);
  });

  it("a long merge shows its progress until it ends, also after a reload", async () => {
    const { operator } = hospital;
    const again = { family: "Rosi", given: ["Ada"], gender: "female" as const, birthDate: "1951-03-08", confirm: "for trying" };
    const { patient: double } = await patients.register(operator, again);
    const archivist = await hospital.person("archivist", ["records-office"]);
    await hospital.show(archivist, "records");
    await archivist.fill("#records-search", "Rossi");
    await archivist.waitForSelector("#records-search-list li");
    await archivist.press("#records-search", "Enter");
    const release = await heldBack(archivist, /patients\/merge$/);
    await archivist.click("li:has-text('Ada Rosi') button:has-text('Compare')");
    await archivist.waitForSelector("dialog [role=status]:has-text('Loading')");
    expect(await archivist.locator("dialog button.main").count()).toBe(0); // not before it is known how much moves
    release();
    await archivist.waitForSelector("dialog button:has-text('Merge')");
    await archivist.keyboard.press("Escape");
    let moved = 3;
    await archivist.route("**/api/patients/mergeState*", async (route) => {
      if (moved >= 9) return route.fallback();
      const asked = { source: double, target: patient, state: "running", moved, left: 12 - moved, edited: [] };
      return route.fulfill({ json: asked });
    });
    await patients.merge(operator, { source: double, target: patient });
    await hospital.show(archivist, `records/${double.split("/")[1]}`);
    await archivist.waitForSelector("[role=status]:has-text('3 moved, 9 left.') progress[value='3'][max='12']");
    await archivist.reload();
    moved = 6;
    await archivist.waitForSelector("[role=status]:has-text('6 moved, 6 left.') progress[value='6']");
    expect(await barriers(archivist)).toEqual([]);
    moved = 9;
    await said(archivist, "The records are merged");
    await archivist.waitForSelector("progress", { state: "detached" });
    await archivist.keyboard.press("Alt+z"); // also a long one is taken back
    await said(archivist, "It is undone.");
    expect(await patients.mergeState(operator, { source: double })).toMatchObject({ state: "not merged" });
  });
});
