/** Beds between two patients: cleaned step by step from the ward board, seen by others at once, and offered for no patient meanwhile. */
import type { Page } from "playwright-core";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

describe("a bed that is to be cleaned", () => {
  let hospital: Hospital;
  let nurse: Page;
  let other: Page;

  beforeAll(async () => {
    hospital = await Hospital.open({}, { nats: true, replicas: { api: 2 } });
    const { operator } = hospital;
    await wards.open(operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A", "B"] }] });
    const { patient } = await patients.register(operator, { family: "Rossi", given: ["Ada"], gender: "female", birthDate: "1951-03-08" });
    await hospitalizations.request(operator, { patient, kind: "planned", reason: "Anaemia" });
    [nurse, other] = await Promise.all([hospital.person("nurse", ["nurse"]), hospital.person("other", ["nurse"], {}, 1)]);
    await Promise.all([hospital.show(nurse, "ward"), hospital.show(other, "ward")]);
  });
  afterAll(() => hospital?.close());

  const bed = (page: Page, state: string) => page.locator(`button.bed:has(.bed-name:text-is('A')):has-text('${state}')`);
  const set = async (to: string) => {
    await nurse.click("button.bed:has(.bed-name:text-is('A'))");
    await nurse.click(`dialog .tabs button:text-is('${to}')`);
    await nurse.waitForSelector("dialog", { state: "detached" });
  };

  it("is shown as such on another board, through another gateway", async () => {
    await set("to be cleaned");
    await Promise.all([bed(nurse, "to be cleaned").waitFor(), bed(other, "to be cleaned").waitFor()]);
  });

  it("is free again if that was a mistake", async () => {
    await nurse.keyboard.press("Alt+z");
    await Promise.all([bed(nurse, "free").waitFor(), bed(other, "free").waitFor()]);
    await set("to be cleaned");
    await bed(nurse, "to be cleaned").waitFor();
  });

  it("is not clean before it was cleaned, and is not offered for any patient", async () => {
    await nurse.click("button.bed:has(.bed-name:text-is('A'))");
    expect(await nurse.locator("dialog .tabs button").allTextContents()).toEqual(["to be cleaned", "being cleaned"]);
    expect(await nurse.locator("dialog [role=combobox], dialog button:has-text('Give a bed')").count()).toBe(0);
    expect(await barriers(nurse)).toEqual([]);
    await nurse.keyboard.press("Escape");
    await nurse.click("aside button:has-text('Give a bed')");
    await nurse.waitForSelector("button.bed:has(.bed-name:text-is('B')):focus"); // the first that is free
    await nurse.keyboard.press("Escape");
  });

  it("is free once it is cleaned, and is being cleaned again if that is undone", async () => {
    await set("being cleaned");
    await Promise.all([bed(nurse, "being cleaned").waitFor(), bed(other, "being cleaned").waitFor()]);
    await set("clean");
    await Promise.all([bed(nurse, "free").waitFor(), bed(other, "free").waitFor()]);
    await nurse.keyboard.press("Alt+z");
    await nurse.waitForSelector(".notice:has-text('It is undone')");
    expect(hospital.complaints).toEqual([]);
  });
});
