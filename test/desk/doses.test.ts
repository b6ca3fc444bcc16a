/** A night's doses: noted from paper after they were given, looked at by others, and taken back when they were noted by mistake. */
import type { Page } from "playwright-core";
import { ownerOf } from "../../federation/owner-contract.ts";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };
const ACTIVE = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] };
const MINUTE_MS = 60_000;

describe("doses that were noted", () => {
  let hospital: Hospital;
  let nurse: Page;
  let patient: string;
  let ward: string;
  let stay: string;
  /** A free bed. */
  let other: string;
  const due = () => pharmacy.due(hospital.operator, { ward, aheadMinutes: 0 });
  const said = (page: Page, text: string) => page.waitForSelector(`.notice:has-text("${text}")`);
  /** What the hospital's clocks showed then. */
  const shownAt = (at: number) =>
    new Date(at).toLocaleTimeString("en-GB", { timeZone: "Africa/Algiers", hour: "2-digit", minute: "2-digit" });
  const dueAt = Math.floor((Date.now() - 100 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    ({ patient } = await patients.register(operator, { family: "Rossi", given: ["Ada"], gender: "female", birthDate: "1951-03-08" }));
    const at = new Date(dueAt - 20 * MINUTE_MS).toISOString();
    const opened = await wards.open(operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A", "B"] }] });
    ward = opened.location;
    other = opened.rooms[0]?.beds[1]?.location ?? "";
    ({ stay } = await hospitalizations.admit(operator, { patient, bed: opened.rooms[0]?.beds[0]?.location ?? "", reason: "Anaemia", at }));
    const timing = { frequency: 1, period: 1, periodUnit: "d" as const, from: new Date(dueAt).toISOString() };
    const dose = { value: 325, unit: "mg" };
    await pharmacy.prescribe(operator, { patient, medication: PARACETAMOL, quantity: 40, dosage: "1 tablet", timing, dose, at });
    nurse = await hospital.person("nurse", ["nurse"]);
    await hospital.show(nurse, "round");
  });
  afterAll(() => hospital?.close());

  it("are due where the patient lies now, beside the allergies that are known by now", async () => {
    const { operator } = hospital;
    await nurse.waitForSelector("h3 .tag:text-is('101\u00a0· A')");
    const whose = { resourceType: "AllergyIntolerance", id: "latex", patient: { reference: patient } };
    const latex = { ...whose, clinicalStatus: ACTIVE, code: { text: "Latex" } };
    await ownerOf("records").write(operator, {
      steps: [{ op: "create", type: "AllergyIntolerance", id: "latex", text: JSON.stringify(latex) }],
    });
    await hospitalizations.transfer(operator, { stay, bed: other });
    await nurse.waitForSelector("h3 .tag:text-is('101\u00a0· B')");
    await nurse.waitForSelector("h3:has-text('Ada Rossi') .tag:has-text('⚠ Latex')");
    await nurse.click("li:has-text('Acetaminophen') button:has-text('Note')");
    await nurse.waitForSelector("dialog .alert:has-text('Allergies: Latex')");
    await nurse.keyboard.press("Escape");
  });

  it("from a paper list are recorded with the time when they were given, not with the present time", async () => {
    await nurse.click("li:has-text('Acetaminophen'):has-text('late') button:has-text('Note')");
    expect(await barriers(nurse)).toEqual([]);
    const time = shownAt(dueAt + 10 * MINUTE_MS);
    await nurse.fill("#field-dose-time", time);
    await nurse.waitForSelector(`dialog .hint:has-text('${time}')`); // with its day: at midnight it may be yesterday's
    await nurse.fill("#field-wristband", patient);
    await nurse.fill("#field-packed", PARACETAMOL.code);
    await nurse.press("#field-packed", "Enter");
    await said(nurse, "The dose of Ada Rossi is given.");
    expect(await due()).toEqual([]);
  });

  it("are shown on the round and the chart with their time, and can be withdrawn long after the undo has gone", async () => {
    await nurse.reload();
    await nurse.waitForSelector("[data-page=round]");
    const physician = await hospital.person("physician", ["physician"]);
    await hospital.show(physician, `chart/${patient.split("/")[1]}`);
    const time = shownAt(dueAt + 10 * MINUTE_MS);
    await hospital.step("look at the doses that a patient was given", physician, async () => {
      await physician.click("section[aria-label='Medication'] button:has-text('Noted doses')");
      await physician.waitForSelector(`dialog li:has-text('Acetaminophen'):has-text('325'):has-text('${time}'):has-text('given')`);
    });
    expect(await barriers(physician)).toEqual([]);
    await physician.waitForSelector("ol.timeline li:has-text('dose'):has-text('Acetaminophen'):has-text('325'):has-text('given')");
    const row = "dialog li:has-text('Acetaminophen')";
    await hospital.step("take back a dose that was noted by mistake, with the reason", nurse, async () => {
      await nurse.click("button:has-text('Noted doses')");
      await nurse.click(`${row} button:has-text('Noted by mistake')`);
      await nurse.fill("#field-noted-reason", "it was another patient's");
      await nurse.press("#field-noted-reason", "Enter");
      await said(nurse, "the dose is due again");
    });
    await nurse.waitForSelector(`${row} .tag:text-is('noted by mistake')`);
    await physician.waitForSelector("ol.timeline li:has-text('Acetaminophen'):has-text('given')", { state: "detached" });
    expect(await nurse.locator(`${row} button`).count()).toBe(0);
    expect(await due()).toHaveLength(1);
    await nurse.keyboard.press("Escape");
    await nurse.waitForSelector("li:has-text('Acetaminophen'):has-text('late')");
  });

  it("that were refused show why; only those who may record doses can withdraw them", async () => {
    await nurse.click("li:has-text('Acetaminophen') button:has-text('Note') >> nth=0");
    await nurse.selectOption("#field-outcome", "refused");
    await nurse.fill("#field-why", "she is sick of it");
    await nurse.press("#field-why", "Enter");
    await said(nurse, "has refused the dose");
    const pharmacist = await hospital.person("pharmacist", ["pharmacist"]);
    await hospital.show(pharmacist, `chart/${patient.split("/")[1]}`);
    await pharmacist.click("section[aria-label='Medication'] button:has-text('Noted doses')");
    await pharmacist.waitForSelector("dialog li:has-text('she is sick of it') .tag:text-is('refused by the patient')");
    expect(await pharmacist.locator("dialog button:has-text('Noted by mistake')").count()).toBe(0);
    expect(hospital.complaints).toEqual([]);
  });

  it("of a patient who has no bed in the ward yet are due beside her allergies, too", async () => {
    const { operator } = hospital;
    const { patient: second } = await patients.register(operator, { family: "Neri", given: ["Bea"], gender: "female", birthDate: "1960" });
    const whose = { resourceType: "AllergyIntolerance", id: "nuts", patient: { reference: second } };
    const nuts = { ...whose, clinicalStatus: ACTIVE, code: { text: "Nuts" } };
    await ownerOf("records").write(operator, {
      steps: [{ op: "create", type: "AllergyIntolerance", id: "nuts", text: JSON.stringify(nuts) }],
    });
    const at = new Date(dueAt).toISOString();
    await hospitalizations.admit(operator, { patient: second, ward, at });
    const timing = { frequency: 1, period: 1, periodUnit: "d" as const, from: new Date(dueAt + MINUTE_MS).toISOString() };
    await pharmacy.prescribe(operator, { patient: second, medication: PARACETAMOL, quantity: 10, dosage: "1 tablet", timing, at });
    await hospital.show(nurse, "round");
    await nurse.waitForSelector("h3:has-text('Bea Neri') .tag:has-text('⚠ Nuts')");
    expect(await nurse.locator("main .not-known").count()).toBe(0);
  });
});
