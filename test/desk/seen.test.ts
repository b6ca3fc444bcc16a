/** What people see on the pages: names and numbers as they read them, whole, and lists that say why they are empty. */
import type { Page } from "playwright-core";
import type { FhirResource } from "../../fhir/r4.ts";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { billing } from "../../services/billing/billing.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { heldBack } from "./held-back.ts";
import { Hospital, speak } from "./pages-hospital.ts";

const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };
const LOINC = "http://loinc.org";
const PHONE = { width: 360, height: 740 };

describe("on the pages", () => {
  let hospital: Hospital;
  let physician: Page;
  let nurse: Page;
  let patient: string;

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    patient = (await patients.register(operator, { family: "Rossi", given: ["Ada"], gender: "female", birthDate: "1951-03-08" })).patient;
    const { rooms } = await wards.open(operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A", "B"] }] });
    const { stay } = await hospitalizations.admit(operator, { patient, bed: rooms[0]?.beds[0]?.location ?? "", reason: "Anaemia" });
    await pharmacy.receive(operator, { medication: PARACETAMOL, quantity: 80 });
    await pharmacy.prescribe(operator, { patient, encounter: stay, medication: PARACETAMOL, quantity: 12, dosage: "1 tablet" });
    [physician, nurse] = await Promise.all([
      hospital.person("physician", ["physician", "system"], { locale: "fr-FR" }),
      hospital.person("nurse", ["nurse"], { locale: "ar-DZ", viewport: PHONE, hasTouch: true }),
    ]);
  });
  afterAll(() => hospital?.close());

  /** Stores what came from elsewhere, by the page's own token. */
  const store = (resources: object[]) =>
    physician.evaluate(async (all) => {
      const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string };
      const headers = { Authorization: `Bearer ${access}`, "Content-Type": "application/fhir+json" };
      const answers = all.map((resource) =>
        fetch(`/fhir/${(resource as FhirResource).resourceType}`, { method: "POST", headers, body: JSON.stringify(resource) }),
      );
      return (await Promise.all(answers)).map(({ status }) => status);
    }, resources);
  const observation = (code: string, display: string, more: object) => ({
    resourceType: "Observation",
    status: "final",
    code: { coding: [{ system: LOINC, code, display }], text: display },
    subject: { reference: patient },
    effectiveDateTime: "2026-01-01T12:00:00Z",
    ...more,
  });
  const category = (code: string) => [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code }] }];
  const mmHg = (code: string, value: number) => ({
    code: { coding: [{ system: LOINC, code }] },
    valueQuantity: { value, unit: "mm[Hg]", system: "http://unitsofmeasure.org", code: "mm[Hg]" },
  });

  it("results from elsewhere have names in the page's language, and pressures have no thousandths", async () => {
    const laboratory = { category: category("laboratory"), valueQuantity: { value: 9.8, unit: "g/dL" } };
    const component = [mmHg("8480-6", 150.092), mmHg("8462-4", 91.695)];
    const signs = { category: category("vital-signs") };
    const made = await store([
      observation("718-7", "Hemoglobin [Mass/volume] in Blood", laboratory),
      {
        ...observation("777-3", "Platelets [#/volume] in Blood", laboratory),
        code: { coding: [{ system: LOINC, code: "777-3", display: "Platelets" }], text: "Plaquettes, lame" },
      },
      observation("55284-4", "Blood Pressure", { ...signs, component }),
      observation("9269-2", "Glasgow coma score total", { ...signs, valueInteger: 14 }),
      observation("39156-5", "Body Mass Index", { ...signs, valueQuantity: { value: 25.4, unit: "kg/m2" } }),
    ]);
    expect(made).toEqual([201, 201, 201, 201, 201]);
    await hospital.show(physician, `chart/${patient.split("/")[1]}`);
    await physician.waitForSelector("tr:has-text('Hémoglobine')");
    await physician.waitForSelector("tr:has-text('Plaquettes, lame')"); // somebody's own words
    await physician.waitForSelector("tr:has-text('Pression artérielle'):has-text('150/92')");
    await physician.waitForSelector("tr:has-text('Indice de masse corporelle')");
    await physician.waitForSelector("tr:has-text('Glasgow'):has-text('14')");
  });

  it("the timeline is complete on a phone: findings are at the end", async () => {
    await hospital.show(physician, `chart/${patient.split("/")[1]}`);
    await physician.setViewportSize(PHONE);
    const text = `${"a long account of the evening, ".repeat(6)}and the end of it`;
    expect(await store([observation("x-1", text, { category: category("survey"), valueString: "yes" })])).toEqual([201]);
    await physician.waitForSelector(".timeline li:has-text('the end of it')");
    const cut = await physician.$$eval(
      ".timeline li > span:last-child",
      (all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).length,
    );
    expect(cut).toBe(0);
    expect(await physician.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth)).toBe(true);
  });

  it("a number has its unit in the dispensary", async () => {
    const pharmacist = await hospital.person("pharmacist", ["pharmacist"]);
    await hospital.show(pharmacist, "dispensary");
    await pharmacist.waitForSelector("li:has-text('Ada Rossi'):has-text('× 12 units')");
    await pharmacist.waitForSelector("tr:has-text('Acetaminophen'):has-text('80 units')");
    await pharmacist.waitForSelector(".panel:has-text('Nothing has been handed out lately.')");
    await speak(pharmacist, "ar");
    await pharmacist.waitForSelector("tr:has-text('80 وحدة')");
  });

  it("an empty list says what is missing", async () => {
    const cashier = await hospital.person("cashier", ["billing"]);
    await hospital.show(cashier, "cash");
    await cashier.waitForSelector(".panel:has-text('Everything is billed.')");
    await cashier.waitForSelector(".panel:has-text('No invoice is waiting to be paid.')");
    await cashier.press("#part-invoices button:has-text('all')", "Enter");
    await cashier.waitForSelector(".panel:has-text('There is no invoice yet.')");
    await cashier.waitForSelector("#part-invoices button:text-is('all'):focus"); // and stays while what it chooses is loaded
    const { visit } = await visits.open(hospital.operator, {
      patient: (
        await patients.register(hospital.operator, {
          family: "Rossi",
          given: ["Ada"],
          gender: "female",
          birthDate: "1980-01-01",
          confirm: "another",
        })
      ).patient,
    });
    await billing.charge(hospital.operator, { encounter: visit, text: "consultation", cents: 12_50, currency: "EUR" });
    await visits.close(hospital.operator, { visit });
    await billing.invoice(hospital.operator, { encounter: visit });
    await physician.waitForSelector(".panel:has-text('Aucune demande n’attend de résultat.')");
  });

  it("on a phone a list is beside the field it belongs to, and the name of who is signed in is there as a whole, in its own direction", async () => {
    await hospital.show(nurse, "ward");
    await nurse.waitForSelector("#bed-filter");
    const rows = await nurse.$$eval(".ward-bar label", (labels) =>
      labels.map((label) => {
        const list = document.getElementById((label as HTMLLabelElement).htmlFor) as HTMLElement;
        const [one, other] = [label.getBoundingClientRect(), list.getBoundingClientRect()];
        return one.top < other.bottom && other.top < one.bottom;
      }),
    );
    expect(rows).toEqual([true, true]);
    expect(await nurse.$eval(".who", (one) => getComputedStyle(one).direction)).toBe("ltr");
    const name = "Marie-Antoinette Abdelouahab-Benmohammed-Bouchareb-Wolfeschlegelsteinhausenbergerdorff";
    const isWhole = (text: string) =>
      nurse.$eval(
        ".who bdi",
        (one, long) => {
          const before = one.textContent;
          one.textContent = long;
          const [words, own] = [one.getBoundingClientRect(), (one.parentElement as HTMLElement).getBoundingClientRect()];
          one.textContent = before;
          return words.left >= own.left - 1 && words.right <= own.right + 1 && words.bottom <= own.bottom + 1 && own.right <= innerWidth;
        },
        text,
      );
    expect([await isWhole("Ada Rossi"), await isWhole(name)]).toEqual([true, true]);
  });

  it("a missing value is reported in the page's language, not the browser's, and amounts have its format", async () => {
    const cashier = await hospital.signIn("cashier");
    await speak(cashier, "fr");
    await hospital.show(cashier, "cash");
    await cashier.click("#part-invoices li:has-text('Ada Rossi') button:has-text('Encaisser')");
    expect(await cashier.inputValue("#field-pay-amount")).toBe("12,50");
    await cashier.fill("#field-pay-amount", "");
    await cashier.press("#field-pay-amount", "Enter");
    const said = () => cashier.$eval("#field-pay-amount", (one) => (one as HTMLInputElement).validationMessage);
    expect(await said()).toBe("Remplissez ce champ.");
    await cashier.fill("#field-pay-amount", "  ");
    await cashier.press("#field-pay-amount", "Enter");
    expect(await said()).toBe("Remplissez ce champ."); // blanks are nothing
    await cashier.fill("#field-pay-amount", "12,50");
    expect(await said()).toBe("");
    await cashier.press("#field-pay-amount", "Enter");
    await cashier.waitForSelector("dialog .print:has-text('12,50')");
    await cashier.keyboard.press("Escape");
    await speak(cashier, "ar");
    await cashier.click("#part-invoices button:has-text('الكل')");
    // The number of an invoice keeps its order between words of the other direction.
    expect(await cashier.textContent("#part-invoices li .muted >> nth=-1")).toMatch(/\u2068\d{4}-[0-9a-f]+\u2069/);
    await hospital.show(physician, "ward");
    await physician.click("button.bed.taken");
    await physician.waitForSelector("dialog:has-text('Médecin\u00a0:')");
    await physician.keyboard.press("Escape");
  });

  it("a field that is no longer required does not block the form", async () => {
    await physician.setViewportSize({ width: 1440, height: 900 });
    await hospital.show(physician, `chart/${patient.split("/")[1]}`);
    await physician.click("button:has-text('Noter les signes vitaux')");
    await physician.fill("#field-vital-29463-7", "0,1");
    await physician.press("#field-vital-29463-7", "Tab");
    await physician.waitForSelector("#field-vital-29463-7-fault:has-text('Au moins 0,2.')"); // and not 0.2
    await physician.click("dialog button:has-text('Abandonner')");
    await physician.click("button:has-text('Noter les signes vitaux')");
    expect(await physician.inputValue("#field-vital-29463-7")).toBe(""); // what was given up does not come back as if it were of now
    await physician.keyboard.press("Escape");
    await physician.click("button:has-text('Prescrire')");
    for (const [field, value] of [
      ["medication", PARACETAMOL.display],
      ["dosage", "1 comprimé"],
      ["often", "4"],
      ["quantity", "20"],
    ] as const) {
      await physician.fill(`#field-${field}`, value);
    }
    await physician.press("#field-quantity", "Enter");
    expect(await physician.$eval("#field-dose", (one) => (one as HTMLInputElement).validationMessage)).toBe("Remplissez ce champ.");
    await physician.fill("#field-often", ""); // only when it is needed
    await physician.press("#field-often", "Enter");
    await physician.waitForSelector(".notice:has-text('prescrit')");
  });

  it("the frame of a chart's dialog is there at once, and its content when that has come; closed meanwhile, it stays closed", async () => {
    await hospital.show(physician, `chart/${patient.split("/")[1]}`);
    const release = await heldBack(physician, /\/note-allergy\./);
    const open = () => physician.click("button:text-is('Noter une allergie')");
    await open();
    await physician.waitForSelector("dialog[open]:has-text('Noter une allergie'):has([role=status]:has-text('Chargement'))");
    await physician.waitForSelector("dialog .whose:has-text('Ada Rossi')");
    await physician.keyboard.press("Escape");
    await physician.waitForSelector("dialog", { state: "detached" });
    await open();
    release();
    await physician.waitForSelector("dialog[open] #field-allergy:focus");
    await physician.keyboard.press("Escape");
    await physician.waitForSelector("button:text-is('Noter une allergie'):focus");
  });

  it("a form in which nothing can be chosen says so: the only ward cannot send a patient to another", async () => {
    await hospital.show(nurse, "ward");
    await nurse.click("button.bed.taken");
    await nurse.waitForSelector("dialog section[aria-label='النقل']:has-text('لا يوجد جناح آخر مفتوح')");
    expect(await nurse.locator("#field-transfer-to").count()).toBe(0);
    await nurse.click("dialog button:has-text('طبيب آخر')");
    await nurse.waitForSelector("#field-physician-hint:has-text('لا يوجد خيار آخر')");
    const surgery = await wards.open(hospital.operator, { name: "Surgery", rooms: [{ name: "201", beds: ["A"] }] });
    await nurse.reload();
    await nurse.waitForSelector(".who");
    await hospital.show(nurse, "ward");
    await nurse.click("button.bed.taken");
    await nurse.waitForSelector("#field-transfer-to option:has-text('Surgery')", { state: "attached" });
    expect(await nurse.locator("dialog:has-text('لا يوجد جناح آخر مفتوح')").count()).toBe(0);
    await nurse.keyboard.press("Escape");
    await wards.close(hospital.operator, { location: surgery.location, reason: "for trying" });
  });

  it("a long diagnosis leaves the other beds in sight, and is there as a whole in the bed's dialog, by key and by tap", async () => {
    const { operator } = hospital;
    const reason = `${"Insuffisance cardiaque globale sur cardiomyopathie dilatée, ".repeat(4)}et anémie.`;
    const { patient: other } = await patients.register(operator, { family: "Neri", given: ["Carla"], gender: "female" });
    const [bed] = (await wards.listBeds(operator, {})).filter(({ status, name }) => status === "free" && name.includes("101"));
    await hospitalizations.admit(operator, { patient: other, bed: bed?.location ?? "", reason });
    const button = nurse.locator("button.bed:has-text('Carla Neri')");
    await button.waitFor();
    const [shown, whole] = await button
      .locator(".bed-why")
      .evaluate((one) => [one.clientHeight / Number.parseFloat(getComputedStyle(one).lineHeight), one.scrollHeight / one.clientHeight]);
    expect(Math.round(shown ?? 0)).toBe(2);
    expect(whole).toBeGreaterThan(1);
    for (const act of [() => button.press("Enter"), () => button.tap()]) {
      await act();
      await nurse.waitForSelector(`dialog .facts dd:text-is('${reason}')`);
      await nurse.keyboard.press("Escape");
    }
  });

  it("on a phone a message stands above its buttons, and another part of a chart is one tap away", async () => {
    await hospital.show(nurse, `chart/${patient.split("/")[1]}`);
    await nurse.tap(".parts-menu button:text-is('التسلسل الزمني')");
    await nurse.waitForSelector("#part-timeline:focus");
    const top = () => nurse.$eval("#part-timeline", (one) => Math.round(one.getBoundingClientRect().top));
    const menu = () => nurse.$eval(".parts-menu", (one) => Math.round(one.getBoundingClientRect().bottom));
    expect(await top()).toBeGreaterThanOrEqual(await menu()); // the menu covers no heading
    const inMenu = await nurse.$$eval(".parts-menu button", (all) => all.length);
    expect(await nurse.locator(".chart section[id^='part-']").count()).toBe(inMenu); // each leads somewhere
    await physician.setViewportSize({ width: 1440, height: 900 });
    expect(await physician.locator(".parts-menu").first().isVisible()).toBe(false);
    await nurse.click("button:text-is('تسجيل العلامات الحيوية')");
    await nurse.fill("dialog input >> nth=0", "37");
    await nurse.press("dialog input >> nth=0", "Enter");
    const notice = nurse.locator(".notice:has(button)").first();
    const parts = [notice.locator("span").first(), notice.locator("button").first(), notice.locator("button").last()];
    const [text, undo, close] = await Promise.all(parts.map((one) => one.boundingBox()));
    const [isAbove, isOneLine] = [(text?.y ?? 0) + (text?.height ?? 0) <= (undo?.y ?? 0), (text?.height ?? 0) < (undo?.height ?? 0)];
    expect(isAbove || isOneLine).toBe(true); // never a column of words beside them
    expect(close?.y).toBe(undo?.y);
  });

  it("what is typed runs in its own direction in Arabic, and a birth date is shown as all days are typed", async () => {
    await nurse.click("button:text-is('البيانات')");
    const born = () => nurse.inputValue("#field-details-birthDate");
    expect(await born()).toBe("08/03/1951");
    await nurse.fill("#field-details-birthDate", "1951-03-09");
    expect(await born()).toBe("1951-03-09"); // what is being typed is not written anew
    const directions = await nurse.$$eval("dialog input", (all) => [...new Set(all.map((one) => getComputedStyle(one).unicodeBidi))]);
    expect(directions).toEqual(["plaintext"]);
    await nurse.click("dialog button:text-is('إلغاء')");
  });

  it("the search criteria are readable as a whole in each language", async () => {
    const page = await hospital.person("nurse-with-a-rather-long-name", ["nurse"]);
    const fits = () =>
      page.$eval("#patient-search", (element) => {
        const input = element as HTMLInputElement;
        const style = getComputedStyle(input);
        const context = document.createElement("canvas").getContext("2d") as CanvasRenderingContext2D;
        context.font = style.font;
        const room = input.clientWidth - Number.parseFloat(style.paddingInlineStart) - Number.parseFloat(style.paddingInlineEnd);
        return context.measureText(input.placeholder).width <= room;
      });
    for (const width of [360, 900, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      for (const language of ["en", "fr", "ar"]) {
        await speak(page, language);
        expect([width, language, await fits()]).toEqual([width, language, true]);
      }
    }
    expect(hospital.complaints).toEqual([]);
  });
});
