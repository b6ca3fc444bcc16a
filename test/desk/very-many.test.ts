/** Very many at once: all patients of a large ward, by addresses that any proxy passes on; all orders of a laboratory, without slowing its page. */
import type { Page } from "playwright-core";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

const [ROOMS, BEDS] = [9, 20];
const PATIENTS = ROOMS * BEDS;
/** Address of a request that usual proxies pass on, characters. */
const MAX_ADDRESS = 8_000;
const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };

describe("very many at once", () => {
  let hospital: Hospital;
  let nurse: Page;
  const addresses: string[] = [];

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    const beds = Array.from({ length: BEDS }, (_, index) => `${index + 1}`);
    const halls = Array.from({ length: ROOMS }, (_, index) => ({ name: `Hall ${index + 1}`, beds }));
    const { rooms } = await wards.open(operator, { name: "Emergency hospital", rooms: halls });
    const admit = async ({ location: bed }: { location: string }, index: number) => {
      const { patient } = await patients.register(operator, {
        family: `Rossi${index}`,
        given: ["Ada"],
        gender: "female",
        birthDate: `${1920 + (index % 90)}-03-${10 + Math.floor(index / 90)}`,
      });
      await hospitalizations.admit(operator, { patient, bed });
      await pharmacy.prescribe(operator, { patient, medication: PARACETAMOL, quantity: 10, dosage: "1 tablet if in pain" });
    };
    // Room by room: registrations of similar people follow one another, and one that waits for too many others is refused.
    for (const [number, room] of rooms.entries()) await Promise.all(room.beds.map((bed, index) => admit(bed, number * BEDS + index)));
    nurse = await hospital.person("nurse", ["nurse"]);
    nurse.on("request", (request) => addresses.push(request.url()));
  });
  afterAll(() => hospital?.close());

  it("patients of one ward are each on the round and on the hand-over list, by addresses that a proxy passes on", async () => {
    await hospital.show(nurse, "round");
    await nurse.waitForSelector("section.panel[aria-label='As needed'] li");
    expect(await nurse.locator("section.panel[aria-label='As needed'] li").count()).toBe(PATIENTS);
    await nurse.click("button:has-text('Noted doses')");
    await nurse.waitForSelector("dialog[open] >> text=No dose is noted.");
    await nurse.keyboard.press("Escape");
    await hospital.show(nurse, "hand-over");
    await nurse.waitForSelector("tbody tr >> text=Nothing was handed over yet.");
    expect(await nurse.locator("tbody tr").count()).toBe(PATIENTS);
    expect(addresses.filter((one) => one.length > MAX_ADDRESS)).toEqual([]);
    expect(hospital.complaints).toEqual([]);
  });

  it("beds out of sight are not laid out, for which each dialog of the ward would wait; they are found and reached all the same", async () => {
    await hospital.show(nurse, "ward");
    const last = nurse.locator("button.bed").last();
    const isLaidOut = () => last.evaluate((bed) => bed.checkVisibility({ contentVisibilityAuto: true }));
    expect(await nurse.locator("button.bed").count()).toBe(PATIENTS);
    expect(await isLaidOut()).toBe(false);
    expect(await barriers(nurse)).toEqual([]);
    await last.focus();
    await nurse.waitForFunction(() => document.activeElement?.checkVisibility({ contentVisibilityAuto: true }));
    expect(await isLaidOut()).toBe(true);
    await nurse.keyboard.press("Enter");
    await nurse.waitForSelector("dialog[open]");
    await nurse.keyboard.press("Escape");
  });

  it("orders are counted at the bench, which shows 50 at first, and finds any", async () => {
    const { operator } = hospital;
    const { patient } = await patients.register(operator, { family: "Verdi", given: ["Ugo"], gender: "male" });
    for (let number = 1; number <= 60; number += 1) {
      const test = { system: "urn:tests", code: `t${number}`, display: `Examination ${number}.` };
      await lab.order(operator, { patient, test });
    }
    const technician = await hospital.person("technician", ["lab-technician"]);
    const rows = (count: number) =>
      technician.waitForFunction((n) => document.querySelectorAll("section:has(#field-bench-find) tbody tr").length === n, count);
    await hospital.show(technician, "bench");
    await technician.waitForSelector("text=60 orders wait.");
    await rows(50);
    await technician.fill("#field-bench-find", "Examination 60.");
    await rows(1);
    await technician.fill("#field-bench-find", "Verdi");
    await technician.click("section:has(#field-bench-find) button:has-text('Show more')");
    await rows(60);
    expect(await technician.locator("section:has(#field-bench-find) button:has-text('Show more')").count()).toBe(0);
  });

  it("patients who wait are found by the filter of the queue beyond the hundred that it shows", async () => {
    const { operator } = hospital;
    const arrive = async (family: string, index: number) => {
      const birthDate = `${1920 + (index % 90)}-07-${10 + Math.floor(index / 90)}`;
      const { patient } = await patients.register(operator, { family, given: ["Leila"], gender: "female", birthDate });
      await visits.open(operator, { patient });
    };
    for (let first = 0; first < 100; first += 10) {
      await Promise.all(Array.from({ length: 10 }, (_, index) => arrive(`Bianchi${first + index}`, first + index)));
    }
    await arrive("Zorzi", 99);
    const clerk = await hospital.person("clerk", ["front-desk"]);
    await hospital.show(clerk, "desk");
    await clerk.waitForSelector("#part-queue:has-text('Only the first 100 are shown')");
    expect(await clerk.locator("#part-queue ul.list li").count()).toBe(100);
    await clerk.fill("#field-queue-seek", "zorzi");
    await clerk.waitForSelector("#part-queue li:has-text('Zorzi')");
    await clerk.waitForSelector("#part-queue:has-text('101 patients wait')");
    expect(await clerk.evaluate(() => document.activeElement?.id)).toBe("field-queue-seek");
  });
});
