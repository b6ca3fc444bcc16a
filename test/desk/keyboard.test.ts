/**
 * A shift without a mouse, and by ear: each step is a key, and after each the focus is on something that has a name. The names are those that
 * Chromium gives to a screen reader (its accessibility tree).
 */
import type { Page } from "playwright-core";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import { heldBack } from "./held-back.ts";
import { Hospital } from "./pages-hospital.ts";
import { ByEar } from "./by-ear.ts";

const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };
const POTASSIUM = { system: "http://loinc.org", code: "2823-3", display: "Potassium" };
const HOUR_MS = 3_600_000;

/** A resource of the laboratory. */
async function read({ operator }: Hospital, reference: string): Promise<Record<string, unknown>> {
  const [type = "", id = ""] = reference.split("/");
  return JSON.parse((await ownerOf("lab").read(operator, { type, id }))?.json ?? "{}") as Record<string, unknown>;
}

describe("without a mouse", () => {
  let hospital: Hospital;
  let wristband: string;

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    const { patient } = await patients.register(operator, {
      family: "Rossi",
      given: ["Ada"],
      gender: "female",
      birthDate: "1951-03-08",
    });
    wristband = patient;
    const { patient: other } = await patients.register(operator, {
      family: "Verdi",
      given: ["Bruno"],
      gender: "male",
      birthDate: "1970-01-01",
    });
    const { rooms } = await wards.open(operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A", "B"] }] });
    await hospitalizations.admit(operator, { patient, bed: rooms[0]?.beds[0]?.location ?? "", reason: "Anaemia" });
    await hospitalizations.request(operator, { patient: other, kind: "planned", reason: "Fever" });
    const timing = { frequency: 2, period: 1, periodUnit: "d" as const, from: new Date(Date.now() + HOUR_MS / 2).toISOString() };
    await pharmacy.receive(operator, { medication: PARACETAMOL, quantity: 100, lot: "L", expires: "2099-01-01" });
    const dose = { value: 325, unit: "mg" };
    await pharmacy.prescribe(operator, { patient, medication: PARACETAMOL, quantity: 40, dosage: "1 tablet", timing, dose });
  });
  afterAll(() => hospital?.close());

  /** Presses keys one after the other. */
  const press = async (page: Page, ...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };

  it("a nurse works a shift: board, bed, leave, transfer, round, record", async () => {
    const page = await hospital.person("nurse", ["nurse"]);
    const ear = await ByEar.at(page);
    await press(page, "Tab");
    await ear.hasFocus("link To the content");
    await ear.tabTo("Ward board");
    await press(page, "Enter");
    await ear.hasFocus("main Ward board");
    await page.waitForSelector("button.bed");
    expect(await ear.namesOf("button.bed")).toEqual(["button A Ada Rossi female · 75 years day 1 · Anaemia", "button B free"]);
    expect(await ear.namesOf("aside a, aside button")).toEqual([
      "link Bruno Verdi male · 56 years",
      "button Give a bed · Bruno Verdi",
      "link Find a bed · Bruno Verdi",
      "button Accept · Bruno Verdi",
      "button Deny · Bruno Verdi",
    ]);

    await ear.tabTo(/^A Ada Rossi/);
    await press(page, "ArrowRight", "Enter");
    await ear.hasFocus("combobox Find a patient");
    await press(page, "Escape");
    await ear.hasFocus("button B free");
    await press(page, "Enter");
    await ear.hasFocus("combobox Find a patient");
    // Faster than the browser tells that the dialog is closed: the next one gives the focus back to its own bed.
    await Promise.all(["Escape", "ArrowLeft", "Enter"].map((key) => page.keyboard.press(key)));
    await page.waitForSelector("dialog:has-text('Ada Rossi')");
    await ear.tabTo("Goes on leave");
    await press(page, "Enter");
    expect(await ear.hears("is on leave")).toEqual(["Ada Rossi is on leave."]);
    await ear.hasFocus(/^button A Ada Rossi .* on leave$/);
    await press(page, "Alt+z");
    expect(await ear.hears("undone")).toEqual(["It is undone."]);
    await ear.hasFocus("button A Ada Rossi female · 75 years day 1 · Anaemia");
    await press(page, "m");
    await ear.hears("Ada Rossi is being moved");
    await press(page, "ArrowRight", "Enter");
    expect(await ear.hears("101 · B")).toEqual(["Ada Rossi is in 101 · B now."]);
    await ear.hasFocus("button B Ada Rossi female · 75 years day 1 · Anaemia");

    await ear.tabTo("Give a bed · Bruno Verdi");
    await press(page, "Enter");
    await ear.hears("Choose a free bed for Bruno Verdi.");
    await ear.hasFocus("button A free");
    await press(page, "Enter");
    await ear.hears("Bruno Verdi is admitted to 101 · A");
    await ear.hasFocus(/^button A Bruno Verdi/);

    await ear.tabTo("Round", "Shift+Tab");
    await press(page, "Enter");
    await ear.hasFocus("main Round");
    await page.waitForSelector("main li");
    const [dose = ""] = (await ear.namesOf("main li button")).map((name) => name.replace(/\d\d:\d\d$/, "hh:mm"));
    expect(dose).toBe("button Note · Acetaminophen 325 MG, Ada Rossi, hh:mm");
    await ear.tabTo(/^Note · Acetaminophen/);
    await press(page, "Enter");
    await ear.hasFocus("textbox Scan the wristband");
    await page.keyboard.type("another"); // as a scanner does, with Enter behind it
    await press(page, "Enter");
    await ear.hasFocus("textbox Scan the package");
    await page.keyboard.type(PARACETAMOL.code);
    await press(page, "Enter");
    await ear.hasFocus("textbox Scan the wristband"); // with what is wrong as its description
    expect(await ear.described()).toContain("another patient");
    await press(page, "Control+a");
    await page.keyboard.type(wristband);
    await ear.tabTo("Scan the package");
    await press(page, "Enter");
    expect(await ear.hears("is given")).toEqual(["The dose of Ada Rossi is given."]);
    await ear.hasFocus("region Doses due");
    await press(page, "Alt+z");
    await ear.hears("undone");
    await page.waitForSelector("main li button");
    await ear.tabTo(/^Note · Acetaminophen/);
    await press(page, "Enter");
    await ear.hasFocus("textbox Scan the wristband");
    await ear.tabTo("What became of it");
    await page.keyboard.type("held");
    await ear.tabTo("Reason");
    await page.keyboard.type("fasting");
    await press(page, "Enter");
    await ear.hears("is held back");
  });

  it("a clerk registers a patient, adds what is missing, and opens a visit", async () => {
    const page = await hospital.person("clerk", ["front-desk"]);
    const ear = await ByEar.at(page);
    await ear.tabTo("Front desk");
    await press(page, "Enter");
    await ear.hasFocus("main Front desk");
    await page.waitForSelector("[data-page=desk]"); // its heading is there before its fields are
    await ear.tabTo("Family name");
    await page.keyboard.type("Khelifi");
    await press(page, "Enter"); // the given name is missing
    await ear.hasFocus("textbox Given names");
    await page.keyboard.type("Amina");
    await ear.tabTo("Date of birth");
    await page.keyboard.type("8/3/1990");
    await ear.tabTo("Sex");
    // Chromium by itself says of a select that it is invalid before anything was chosen, and not that it is required.
    expect(await page.$eval("#field-gender", (one) => [one.ariaRequired, one.ariaInvalid])).toEqual(["true", "false"]);
    await page.keyboard.type("fem");
    await ear.tabTo("Register");
    await press(page, "Enter");
    await ear.hears("registered");
    await ear.hasFocus("textbox Reason of the visit");
    await page.keyboard.type("Cough");
    await press(page, "Enter");
    await ear.hears("A visit of Amina Khelifi is open.");
    await ear.hasFocus(/^region /);
  });

  it("a clerk registers a person with one name, and is not asked for another", async () => {
    const page = await hospital.person("clerk-of-one-name", ["front-desk"]);
    const ear = await ByEar.at(page);
    await hospital.show(page, "desk");
    await ear.tabTo("Family name");
    await page.keyboard.type("Sukarno");
    await ear.tabTo("Sex");
    await page.keyboard.type("mal");
    await ear.tabTo("The person has one name only: it is the family name");
    await press(page, "Space");
    await page.waitForSelector("#field-given", { state: "detached" });
    await ear.tabTo("Register");
    await press(page, "Enter");
    await ear.hears("registered");
    await ear.hasFocus("textbox Reason of the visit");
    await press(page, "Enter");
    await ear.hears("A visit of Sukarno is open.");
  });

  it("a nurse gives a waiting patient a bed: the focus goes to the free bed, and stays on it with its patient", async () => {
    const { operator } = hospital;
    const { rooms } = await wards.open(operator, { name: "Surgery", rooms: [{ name: "201", beds: ["A", "B"] }] });
    const register = async (family: string, birthDate: string) =>
      (await patients.register(operator, { family, given: ["Lina"], gender: "female", birthDate })).patient;
    const [lying, waiting] = [await register("Brahim", "1999-05-05"), await register("Saidi", "1988-06-06")];
    await hospitalizations.admit(operator, { patient: lying, bed: rooms[0]?.beds[0]?.location ?? "" });
    const page = await hospital.person("nurse-of-surgery", ["nurse"]);
    await hospitalizations.request(operator, { patient: waiting, kind: "emergency", reason: "Fall" });
    await hospital.show(page, "ward");
    await page.selectOption("#ward", { label: "Surgery" });
    await page.waitForSelector("button.bed:has-text('Lina Brahim')");
    const ear = await ByEar.at(page);
    await ear.tabTo("Give a bed · Lina Saidi");
    await press(page, "Enter");
    await ear.hasFocus("button B free");
    await press(page, "Escape", "ArrowUp"); // put back; one goes on from there
    await ear.hasFocus(/^button A Lina Brahim/);
    await ear.tabTo("Give a bed · Lina Saidi");
    await press(page, "Enter");
    await ear.hasFocus("button B free");
    await press(page, "Enter");
    await ear.hears("Lina Saidi is admitted to 201 · B.");
    await ear.hasFocus(/^button B Lina Saidi/);
  });

  it("a technician collects a specimen, prints the label, and has the focus on the row where the values are entered", async () => {
    await lab.orderPanel(hospital.operator, { patient: wristband, code: "58410-2" });
    const page = await hospital.person("technician", ["lab-technician"]);
    await hospital.show(page, "bench");
    const ear = await ByEar.at(page);
    await ear.tabTo(/^Collect · /);
    await press(page, "Enter");
    await ear.hasFocus("button Collect");
    await press(page, "Enter");
    await ear.hears("The tube has the number");
    await ear.hasFocus("button Print");
    await page.waitForSelector("main tr:has-text('collected')");
    await press(page, "Escape");
    await ear.hasFocus(/^button Enter result · /);
  });

  it("pressing Enter again after entering values releases nothing unseen; another person may release them", async () => {
    const { order } = await lab.order(hospital.operator, { patient: wristband, test: POTASSIUM });
    const [page, second] = [
      await hospital.person("technician-2", ["lab-technician"]),
      await hospital.person("technician-3", ["lab-technician"]),
    ];
    await hospital.show(page, "bench");
    const ear = await ByEar.at(page);
    await ear.tabTo(/^Enter result · .*Potassium/);
    await press(page, "Enter");
    await ear.hasFocus(/^textbox Potassium/);
    await page.keyboard.type("7.2");
    await Promise.all([page.waitForResponse("**/api/lab/enter"), press(page, "Enter", "Enter")]);
    await ear.hasFocus("table Laboratory report");
    await press(page, "Enter", "Enter");
    await press(page, "Tab");
    await ear.hasFocus("button Release");
    await press(page, "Escape");
    await page.waitForSelector("tr:has-text('Potassium'):has-text('entered')");

    await hospital.show(second, "bench");
    await second.route("**/fhir/DiagnosticReport?*", (route) => route.fulfill({ status: 503, json: {} }));
    await second.click("tr:has-text('Potassium') button:has-text('Release')");
    await second.waitForSelector("dialog .not-known");
    expect(await second.locator("dialog button:has-text('Release')").count()).toBe(0); // what is not known
    await second.unroute("**/fhir/DiagnosticReport?*");
    await second.waitForSelector("dialog tr:has-text('Potassium'):has-text('7.2'):has-text('critically high')"); // asked again by itself
    await lab.enter(hospital.operator, { order, results: [{ code: POTASSIUM.code, value: 2.1 }] }); // meanwhile by another person
    await second.click("dialog button:has-text('Release')");
    await second.waitForSelector("dialog tr:has-text('Potassium'):has-text('2.1'):has-text('critically low')");
    await second.waitForSelector("dialog .fault:has-text('has changed this order')");
    // An analyser corrects its value over FHIR: the report stays in its version.
    const [{ observation = "" } = {}] = (await lab.enter(hospital.operator, { order, results: [{ code: POTASSIUM.code, value: 2.2 }] }))
      .lines;
    await second.click("dialog button:has-text('Release')");
    await second.waitForSelector("dialog tr:has-text('Potassium'):has-text('2.2')");
    const { id, ...value } = await read(hospital, observation);
    const text = JSON.stringify({ ...value, id, valueQuantity: { ...(value["valueQuantity"] as object), value: 3.9 } });
    await ownerOf("lab").write(hospital.operator, {
      steps: [{ op: "update", type: "Observation", id: id as string, text, upsert: false }],
    });
    await second.click("dialog button:has-text('Release')");
    await second.waitForSelector("dialog tr:has-text('Potassium'):has-text('3.9')");
    await second.click("dialog button:has-text('Release')");
    await second.waitForSelector(".notice:has-text('The result is issued.')");
    hospital.complaints.splice(0, hospital.complaints.length, ...hospital.complaints.filter((text) => !/status of (409|503)/.test(text)));
  });

  it("a pharmacist dispenses a prescription, sees a refusal beside the field, and undoes the dispense", async () => {
    const page = await hospital.person("pharmacist", ["pharmacist"]);
    const ear = await ByEar.at(page);
    await ear.tabTo("Dispensary");
    await press(page, "Enter");
    await ear.hasFocus("main Dispensary");
    await page.waitForSelector("main li button");
    await ear.tabTo(/^Hand out · Acetaminophen 325 MG, Ada Rossi/);
    // Nothing is handed out before the allergies have been seen, and a proposed quantity does not come into what is being typed.
    const release = await heldBack(page, /AllergyIntolerance/);
    await press(page, "Enter");
    await page.waitForSelector("dialog [role=status]:has-text('Loading')");
    expect(await page.locator("#field-dispense-quantity, dialog button.main").count()).toBe(0);
    release();
    await ear.hasFocus("textbox Quantity");
    expect(await page.inputValue("#field-dispense-quantity")).toBe("40");
    await page.waitForSelector("dialog :text('No allergy is recorded')");
    await press(page, "Control+a");
    await page.keyboard.type("41");
    await press(page, "Enter");
    await page.waitForSelector("#field-dispense-quantity-fault");
    await ear.hasFocus("textbox Quantity");
    await press(page, "Control+a");
    await page.keyboard.type("10");
    await press(page, "Enter");
    await ear.hears("Ada Rossi");
    await ear.hasFocus(/^button Hand out · Acetaminophen 325 MG, Ada Rossi/);
    await press(page, "Alt+z");
    await ear.hears("undone");
    await ear.hasFocus(/^button Hand out · Acetaminophen 325 MG, Ada Rossi/);
    expect(hospital.complaints.filter((text) => !/status of (409|422)/.test(text))).toEqual([]);
  });
});
