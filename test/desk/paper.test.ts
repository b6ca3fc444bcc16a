/** What is printed, as sheets come out: their sizes, how many there are, and what stands on them. */
import type { Page } from "playwright-core";
import { ownerOf } from "../../federation/owner-contract.ts";
import { billing } from "../../services/billing/billing.contract.ts";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { heldBack } from "./held-back.ts";
import { barriers, Hospital, speak } from "./pages-hospital.ts";

const HAEMOGLOBIN = { system: "http://loinc.org", code: "718-7", display: "Hemoglobin [Mass/volume] in Blood" };
const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };
const POINTS_OF_MM = 72 / 25.4;

/** Width and height of each sheet, millimetres. */
async function sheetsOf(page: Page): Promise<[number, number][]> {
  const pdf = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
  return [...pdf.matchAll(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g)].map(([, width, height]) => [
    Math.round(Number(width) / POINTS_OF_MM),
    Math.round(Number(height) / POINTS_OF_MM),
  ]);
}

describe("on paper", () => {
  let hospital: Hospital;
  let physician: Page;
  let patient: string;
  let stay: string;
  const A4 = [210, 297];

  beforeAll(async () => {
    hospital = await Hospital.open({ ORGANIZATION: "Organization/house" });
    const { operator } = hospital;
    const organization = {
      resourceType: "Organization",
      id: "house",
      name: "Hôpital El Amal",
      telecom: [{ system: "phone", value: "+213 21 00 00 00" }],
    };
    await ownerOf("personnel").write(operator, {
      steps: [{ op: "create", type: "Organization", id: "house", text: JSON.stringify(organization) }],
    });
    ({ patient } = await patients.register(operator, { family: "Rossi", given: ["Ada"], gender: "female", birthDate: "1951-03-08" }));
    const { rooms } = await wards.open(operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A"] }] });
    ({ stay } = await hospitalizations.admit(operator, { patient, bed: rooms[0]?.beds[0]?.location ?? "", reason: "Anaemia" }));
    const { order } = await lab.order(operator, { patient, encounter: stay, test: HAEMOGLOBIN });
    await lab.collect(operator, { orders: [order] });
    await lab.enter(operator, { order, results: [{ code: "718-7", value: "9.8" }] });
    await lab.release(operator, { order });
    await pharmacy.prescribe(operator, { patient, medication: PARACETAMOL, quantity: 40, dosage: "1 tablet at night" });
    physician = await hospital.person("physician", ["physician"], { timezoneId: "Asia/Tokyo" });
    await hospital.show(physician, `chart/${patient.split("/")[1]}`);
  });
  afterAll(() => hospital?.close());

  it.each([
    ["label", 0, [70, 37]],
    ["wristband", 1, [250, 25]],
  ] as const)("a patient's %s has a size of its own, with its code, alone on one sheet", async (_, tab, size) => {
    await physician.click("button:has-text('Label and wristband')");
    await physician.click(`dialog .tabs button >> nth=${tab}`);
    await physician.waitForFunction(() => (document.querySelector<HTMLCanvasElement>("dialog canvas")?.width ?? 0) > 50);
    expect(await sheetsOf(physician)).toEqual([size]);
    await physician.keyboard.press("Escape");
  });

  it.each([
    [
      "en",
      "Summary of the stay",
      ["Admitted", "still in hospital", "Anaemia", "A", "Acetaminophen 325 MG\u00a0· 1 tablet at night", "9.8", "Printed"],
    ],
    ["fr", "Compte rendu d’hospitalisation", ["toujours hospitalisé", "Hémoglobine", "9,8", "Valeurs de référence", "Imprimé le"]],
    ["ar", "ملخص الإقامة", ["ما زال في المستشفى", "الهيموغلوبين", "المجال المرجعي", "طُبع في"]],
  ] as const)(
    "the summary of a stay says in %s why, what was found and what goes on, under the hospital's name",
    async (language, name, said) => {
      await speak(physician, language);
      await physician.click(`button:has-text('${name}')`);
      const text = await physician.textContent('dialog .print[aria-busy="false"]');
      // It is read from its beginning, and its name and the way out stay in sight to its end.
      const content = physician.locator("dialog .dialog-content");
      expect(await content.evaluate((one) => [one.scrollTop, one.scrollHeight > one.clientHeight])).toEqual([0, true]);
      await content.evaluate((one) => one.scrollTo(0, one.scrollHeight));
      const close = physician.locator("dialog header button");
      expect(
        await close.evaluate((one) =>
          one.contains(document.elementFromPoint(one.getBoundingClientRect().x + 9, one.getBoundingClientRect().y + 9)),
        ),
      ).toBe(true);
      for (const part of [...said, "Hôpital El Amal", "+213 21 00 00 00", "Ada Rossi", "physician"]) expect(text).toContain(part);
      expect(await barriers(physician)).toEqual([]);
      expect(await sheetsOf(physician)).toEqual([A4]);
      await physician.keyboard.press("Escape");
    },
  );

  it("the summary of a stay has a place for a signature, and says on the screen that a note is still a draft", async () => {
    await speak(physician, "en");
    await physician.fill("#field-note", "She goes home.");
    await physician.press("#field-note", "Control+Enter");
    await physician.waitForSelector("article.note");
    const release = await heldBack(physician, /AllergyIntolerance/);
    await physician.reload();
    await physician.click("button:has-text('Summary of the stay')");
    const printed = () => physician.evaluate(() => (window as unknown as { printed?: number }).printed ?? 0);
    await physician.evaluate(() => {
      window.print = () => Object.assign(window, { printed: 1 });
    });
    await physician.press("dialog button[aria-disabled=true]:text-is('Print')", "Enter");
    expect(await printed()).toBe(0); // not without what is still to come
    release();
    await physician.click("dialog button[aria-disabled=false]:text-is('Print')");
    expect(await printed()).toBe(1);
    await physician.waitForSelector("dialog .not-known:has-text('is a draft still')");
    expect(await physician.textContent("dialog .print")).not.toMatch(/She goes home|draft/);
    await physician.waitForSelector("dialog .print .signature:has-text('Name, signature, stamp')");
    await physician.keyboard.press("Escape");
  });

  it("the summary of a stay names the physician who is responsible now, and the chart's banner does, with the bed", async () => {
    const named = async (id: string, family: string) => {
      const practitioner = { resourceType: "Practitioner", id, name: [{ family }] };
      await ownerOf("personnel").write(hospital.operator, {
        steps: [{ op: "create", type: "Practitioner", id, text: JSON.stringify(practitioner) }],
      });
      await hospitalizations.setPhysician(hospital.operator, { stay, physician: `Practitioner/${id}` });
    };
    await named("former", "Bianchi");
    await named("present", "Neri");
    await physician.waitForSelector(".banner:has-text('Medicine, 101, A'):has-text('Neri')");
    await physician.click("button:has-text('Summary of the stay')");
    expect(await physician.textContent('dialog .print[aria-busy="false"]')).toMatch(/Neri/);
    expect(await physician.textContent("dialog .print")).not.toMatch(/Bianchi/);
    await physician.keyboard.press("Escape");
  });

  it("a prescription for a pharmacy outside says what, how much, how and until when, without what is left out", async () => {
    const timing = { frequency: 3, period: 1, periodUnit: "d" as const, from: "2026-03-01T08:00:00Z", until: "2099-03-08T08:00:00Z" };
    const given = { patient, quantity: 21, dose: { value: 500, unit: "mg" }, timing };
    await pharmacy.prescribe(hospital.operator, {
      ...given,
      medication: { ...PARACETAMOL, code: "308182", display: "Amoxicillin 500 MG" },
      dosage: "1 capsule",
    });
    await physician.waitForSelector(
      "section[aria-label='Medication'] li:has-text('Amoxicillin 500 MG'):has-text('until'):has-text('8 Mar 2099')",
    );
    await physician.click("section[aria-label='Medication'] button:has-text('Print')");
    const sheet = physician.locator('dialog .print[aria-busy="false"]');
    await physician.waitForSelector("dialog .print .signature");
    for (const part of ["Hôpital El Amal", "Prescription", "Ada Rossi", "Acetaminophen 325 MG", "40 units", "1 tablet at night"]) {
      expect(await sheet.textContent()).toContain(part);
    }
    await physician.uncheck("dialog label:has-text('Acetaminophen 325 MG') input");
    expect(await sheet.textContent()).not.toContain("Acetaminophen");
    expect(await sheet.textContent()).toMatch(/Amoxicillin 500 MG.*21 units.*1 capsule.*500\smg.*3\stimes a day.*until.*8 Mar 2099/);
    expect(await barriers(physician)).toEqual([]);
    expect(await sheetsOf(physician)).toEqual([A4]);
    await physician.keyboard.press("Escape");
  });

  it("a bill is printed on a sheet, or on an 80 mm roll cut at its end; the browser remembers which", async () => {
    const { operator } = hospital;
    const { patient: other } = await patients.register(operator, { family: "Verdi", given: ["Bruno"], gender: "male" });
    const { visit } = await visits.open(operator, { patient: other });
    await billing.charge(operator, { encounter: visit, text: "consultation", cents: 25_00, currency: "EUR" });
    await visits.close(operator, { visit });
    await billing.invoice(operator, { encounter: visit });
    const cashier = await hospital.person("cashier", ["billing"]);
    await hospital.show(cashier, "cash");
    const print = async () => {
      await cashier.click("section[aria-label='Invoices'] li:has-text('Bruno Verdi') button:has-text('Print')");
      await cashier.waitForSelector('dialog .print[aria-busy="false"]:has-text("Hôpital El Amal")');
    };
    await print();
    expect(await sheetsOf(cashier)).toEqual([A4]);
    await cashier.click("dialog button:text-is('80 mm roll')");
    expect(await barriers(cashier)).toEqual([]);
    const [[width, height] = [0, 0], ...more] = await sheetsOf(cashier);
    expect([width, more]).toEqual([80, []]);
    expect(height).toBeLessThan(120);
    await cashier.reload();
    await cashier.waitForSelector("[data-page=cash]");
    await print();
    expect(await cashier.getAttribute("dialog button:text-is('80 mm roll')", "aria-pressed")).toBe("true");
    await cashier.waitForSelector("dialog .print.roll");
  });

  it("the laboratory's report has the reference range of each value, and the hospital's date", async () => {
    const technician = await hospital.person("technician", ["lab-technician"], { timezoneId: "Asia/Tokyo" });
    await hospital.show(technician, "bench");
    await technician.click("tr:has-text('Hemoglobin') button:has-text('Print')");
    for (const part of ["12", "Hôpital El Amal"]) await technician.waitForSelector(`dialog .print:has-text('${part}')`); // from two services
    const text = await technician.textContent("dialog .print");
    const today = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "Africa/Algiers" }).format(new Date());
    for (const part of ["Laboratory report", "Hôpital El Amal", "Reference range", "9.8", "low", today]) expect(text).toContain(part);
    expect(await sheetsOf(technician)).toEqual([A4]);
    expect(hospital.complaints).toEqual([]);
  });
});
