/** Medication that is given as needed: it has no schedule, so nobody is reminded of it, and each dose is recorded all the same. */
import type { Page } from "playwright-core";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

const SYSTEM = "http://www.nlm.nih.gov/research/umls/rxnorm";
const PARACETAMOL = { system: SYSTEM, code: "313782", display: "Acetaminophen 325 MG" };
const MORPHINE = { system: SYSTEM, code: "892494", display: "Morphine 10 MG" };
const ASPIRIN = { system: SYSTEM, code: "212033", display: "Aspirin 325 MG" };
const AS_NEEDED = "section.panel[aria-label='As needed']";

describe("medication that is given as needed", () => {
  let hospital: Hospital;
  let nurse: Page;
  let patient: string;
  let number: string;
  let prescription: string;

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    patient = (await patients.register(operator, { family: "Rossi", given: ["Ada"], gender: "female", birthDate: "1951-03-08" })).patient;
    const { rooms } = await wards.open(operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A", "B"] }] });
    await hospitalizations.admit(operator, { patient, bed: rooms[0]?.beds[0]?.location ?? "", reason: "Anaemia" });
    const dose = { value: 325, unit: "mg" };
    const asked = { patient, quantity: 10, dosage: "1 tablet if in pain" };
    ({ prescription } = await pharmacy.prescribe(operator, { ...asked, medication: PARACETAMOL, dose }));
    await pharmacy.prescribe(operator, { ...asked, medication: MORPHINE });
    const timing = { frequency: 2, period: 1, periodUnit: "d" as const, from: new Date().toISOString() };
    await pharmacy.prescribe(operator, { ...asked, medication: ASPIRIN, timing, dose });
    nurse = await hospital.person("nurse", ["nurse"]);
    await hospital.show(nurse, `chart/${patient.split("/")[1]}`);
    number = (await nurse.textContent(".banner .number"))?.trim() ?? "";
  });
  afterAll(() => hospital?.close());

  const row = (name: string, text = "") => `${AS_NEEDED} li:has-text("${name}"):has-text("${text}")`;
  const scan = async (wristband: string, code: string) => {
    await nurse.fill("#field-wristband", wristband);
    await nurse.fill("#field-packed", code);
    await nurse.press("#field-packed", "Enter");
  };

  it("stands on the round apart from what is due, by patient, and its dose is noted after the same check", async () => {
    await hospital.show(nurse, "round");
    await nurse.waitForSelector(row("Acetaminophen", "not given yet"));
    const listed = await nurse.locator(`${AS_NEEDED} li strong`).allTextContents();
    expect(listed.sort()).toEqual([PARACETAMOL.display, MORPHINE.display]); // aspirin is due at its times
    await hospital.step("give a dose as needed, wristband and package scanned", nurse, async () => {
      await nurse.click(`${row("Acetaminophen")} button`);
      await scan(number, PARACETAMOL.code);
      await nurse.waitForSelector(row("Acetaminophen", "last given"));
    });
    await nurse.click(`${row("Morphine")} button`);
    expect(await nurse.locator("#field-outcome option").allTextContents()).toEqual(["given", "refused by the patient"]); // it was not due
    await scan("another", MORPHINE.code);
    await nurse.waitForSelector("#field-wristband-fault:has-text('another patient')");
    await nurse.keyboard.press("Escape");
    await nurse.waitForSelector(row("Morphine", "not given yet"));
    hospital.complaints.length = 0; // the browser tells of refusals as of errors
  });

  it("was not given if the record is undone, and is gone when the prescription is stopped", async () => {
    await nurse.click(".notice:has-text('Ada Rossi') button:has-text('Undo')");
    await nurse.waitForSelector(row("Acetaminophen", "not given yet"));
    const physician = await hospital.person("physician", ["physician"]);
    await hospital.show(physician, `chart/${patient.split("/")[1]}`);
    await physician.click("#part-medication li:has-text('Morphine') button:has-text('Stop')");
    await physician.fill("#field-stop-reason", "No pain any more");
    await physician.press("#field-stop-reason", "Enter");
    await nurse.waitForSelector(row("Morphine"), { state: "detached" });
    await physician.context().close();
  });

  it("is also noted from the chart; what is due at its times is not, as it would be given twice", async () => {
    await nurse.click(`${AS_NEEDED} h3 a:has-text("Ada Rossi")`);
    await nurse.waitForSelector("#part-medication li:has-text('Aspirin')");
    await nurse.waitForSelector("#part-medication button:has-text('Note a dose')"); // it is known that she is here
    const offered = await nurse.locator("#part-medication li:has(button:has-text('Note a dose'))").allInnerTexts();
    expect(offered.map((text) => text.split("\n", 1)[0])).toEqual([PARACETAMOL.display]);
    await nurse.click("#part-medication button:has-text('Note a dose')");
    await scan(number, PARACETAMOL.code);
    await nurse.waitForSelector(".timeline li:has-text('Acetaminophen'):has-text('given')");
  });

  it("is noted for those who are here: at home it is taken without a nurse", async () => {
    const { operator } = hospital;
    const { patient: away } = await patients.register(operator, { family: "Verdi", given: ["Carla"], gender: "female" });
    await pharmacy.prescribe(operator, { patient: away, medication: MORPHINE, quantity: 10, dosage: "1 tablet if in pain" });
    await hospital.show(nurse, `chart/${away.split("/")[1]}`);
    await nurse.waitForSelector("#part-medication li:has-text('Morphine')");
    expect(await nurse.locator("button:has-text('Note a dose')").count()).toBe(0);
    await visits.open(operator, { patient: away });
    await nurse.waitForSelector("#part-medication button:has-text('Note a dose')");
  });

  it("is prescribed with its route and limits; given too soon again it needs a reason, beside that for the missing scan", async () => {
    const physician = await hospital.signIn("physician");
    await hospital.show(physician, `chart/${patient.split("/")[1]}`);
    await hospital.step("prescribe a medication as needed, with its route and both limits", physician, async () => {
      await physician.click("#part-medication button:has-text('Prescribe')");
      await physician.fill("#field-medication", PARACETAMOL.display);
      await physician.fill("#field-dosage", "1 tablet");
      await physician.fill("#field-dose", "500 mg");
      await physician.selectOption("#field-route", "oral");
      await physician.click("[name=asNeeded]");
      await physician.fill("#field-for", "headache");
      await physician.fill("#field-hours", "6");
      await physician.fill("#field-maxPerDay", "1 g");
      expect(await barriers(physician)).toEqual([]);
      await physician.fill("#field-quantity", "20");
      await physician.press("#field-quantity", "Enter");
      await physician.waitForSelector(
        "#part-medication li:has-text('as needed for headache'):has-text('at least 6 h apart'):has-text('oral')",
      );
    });
    await hospital.show(nurse, "round");
    await nurse.waitForSelector(row("headache", "next from")); // it was given by the other prescription
    await nurse.click(`${row("Acetaminophen", "headache")} button`);
    await nurse.waitForSelector("dialog[open] .tag:has-text('next from')");
    await nurse.press("#field-dose-given", "Enter");
    await nurse.waitForSelector("#field-why-fault:has-text('Scan wristband')");
    await nurse.fill("#field-why", "No scanner here");
    await nurse.press("#field-why", "Enter");
    await nurse.waitForSelector("#field-limit-reason-fault:has-text('Too little time')");
    expect(await nurse.evaluate(() => document.activeElement?.id)).toBe("field-limit-reason");
    expect(await barriers(nurse)).toEqual([]);
    await nurse.fill("#field-limit-reason", "The dose before was vomited");
    await nurse.press("#field-limit-reason", "Enter");
    await nurse.waitForSelector(".notice:has-text('Ada Rossi')");
    await nurse.click("button:has-text('Noted doses')");
    await nurse.waitForSelector("dialog[open] li:has-text('No scanner here'):has-text('The dose before was vomited')");
    await nurse.keyboard.press("Escape");
    await physician.context().close();
    hospital.complaints.length = 0;
  });

  it("is prescribed again with one button, once it was stopped: with all that was typed the first time", async () => {
    const physician = await hospital.signIn("physician");
    await hospital.show(physician, `chart/${patient.split("/")[1]}`);
    const ofHeadache = "#part-medication li:has-text('headache')";
    expect(await physician.locator(`${ofHeadache} button:has-text('Prescribe again')`).count()).toBe(0); // it would be there twice
    await physician.click(`${ofHeadache} button:has-text('Stop')`);
    await physician.fill("#field-stop-reason", "Another dose");
    await physician.press("#field-stop-reason", "Enter");
    await hospital.step("prescribe again what was stopped, with another dose", physician, async () => {
      await physician.click(`${ofHeadache} button:has-text('Prescribe again')`);
      await physician.fill("#field-dose", "250 mg");
      await physician.press("#field-dose", "Enter");
      await physician.waitForSelector(`${ofHeadache}:has-text('active'):has-text('250 mg')`);
    });
    const written = `${ofHeadache}:has-text('active'):has-text('1 tablet'):has-text('oral'):has-text('at least 6 h apart'):has-text('in 24 h')`;
    await physician.waitForSelector(written);
    await physician.context().close();
  });

  it("or is prescribed at times: from the next morning on, for some days by the hospital's clocks, and then not due at any other", async () => {
    const physician = await hospital.signIn("physician");
    await hospital.show(physician, `chart/${patient.split("/")[1]}`);
    await physician.click("#part-medication button:has-text('Prescribe')");
    await physician.fill("#field-medication", MORPHINE.display);
    await physician.fill("#field-dosage", "1 tablet");
    await physician.fill("#field-dose", "10 mg");
    await physician.fill("#field-first", "0:00");
    await physician.fill("#field-days", "3");
    await physician.fill("#field-quantity", "6");
    await physician.press("#field-quantity", "Enter");
    expect(await physician.evaluate(() => document.activeElement?.id)).toBe("field-often"); // how often is required then
    await physician.fill("#field-often", "2");
    const [asked] = await Promise.all([physician.waitForRequest(/api\/pharmacy\/prescribe$/), physician.press("#field-often", "Enter")]);
    const { timing, ...others } = asked.postDataJSON();
    const midnight = new Date(Date.now() + 3_600_000); // in Algiers, an hour ahead
    midnight.setUTCHours(23, 0, 0, 0);
    const until = new Date(midnight.getTime() + 3 * 86_400_000).toISOString();
    expect(timing).toEqual({ frequency: 2, period: 1, periodUnit: "d", from: midnight.toISOString(), until });
    expect(others).not.toHaveProperty("asNeeded");
    await physician.waitForSelector("#part-medication li:has-text('Morphine'):has-text('2 times a day')");
    await physician.context().close();
  });

  it("is still given when all its units are handed out", async () => {
    await pharmacy.receive(hospital.operator, { medication: PARACETAMOL, quantity: 20 });
    await pharmacy.dispense(hospital.operator, { prescription, quantity: 10 });
    await hospital.show(nurse, "round");
    await nurse.waitForSelector(row("Acetaminophen", "last given"));
  });
});
