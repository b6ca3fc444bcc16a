/** A ward with very many patients: its pages ask for all of them, by addresses that any proxy lets pass. */
import type { Page } from "playwright-core";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { Hospital } from "./pages-hospital.ts";

const [ROOMS, BEDS] = [9, 20];
const PATIENTS = ROOMS * BEDS;
/** Address of a request that usual proxies pass on, characters. */
const MAX_ADDRESS = 8_000;
const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };

describe("a ward with very many patients", () => {
  let hospital: Hospital;
  let nurse: Page;
  const addresses: string[] = [];

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    const beds = Array.from({ length: BEDS }, (_, index) => `${index + 1}`);
    const halls = Array.from({ length: ROOMS }, (_, index) => ({ name: `Hall ${index + 1}`, beds }));
    const { rooms } = await wards.open(operator, { name: "Emergency hospital", rooms: halls });
    const admit = async (bed: string, index: number) => {
      const { patient } = await patients.register(operator, {
        family: `Rossi${index}`,
        given: ["Ada"],
        gender: "female",
        birthDate: `${1920 + (index % 90)}-03-${10 + Math.floor(index / 90)}`,
      });
      await hospitalizations.admit(operator, { patient, bed });
      await pharmacy.prescribe(operator, { patient, medication: PARACETAMOL, quantity: 10, dosage: "1 tablet if in pain" });
    };
    await Promise.all(rooms.flatMap((room) => room.beds).map(({ location }, index) => admit(location, index)));
    nurse = await hospital.person("nurse", ["nurse"]);
    nurse.on("request", (request) => addresses.push(request.url()));
  }, 120_000);
  afterAll(() => hospital?.close());

  it("has each of them on the round and on the hand-over list, by addresses that a proxy passes on", async () => {
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
});
