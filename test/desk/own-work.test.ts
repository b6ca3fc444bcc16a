/** What waits for whom, and the places where patients lie: Home of each role, the search for a bed, transfers, rooms and beds. */
import type { Page } from "playwright-core";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { House } from "./house.ts";

const HAEMOGLOBIN = { system: "http://loinc.org", code: "718-7", display: "Hemoglobin" };
const BLOOD_COUNT = "58410-2";
const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };

describe("in the hospital, by role,", () => {
  let house: House;
  let ada: string;
  let bruno: string;
  let beds: string[];
  let nurse: Page;
  let clerk: Page;

  beforeAll(async () => {
    house = await House.open();
    const { operator } = house;
    const identifier = { system: "urn:example:number", value: "N-4711" };
    const [woman, man] = [
      { family: "Rossi", given: ["Ada"], gender: "female" as const, phone: "0550123456", identifier },
      { family: "Verdi", given: ["Bruno"], gender: "male" as const },
    ];
    ada = (await patients.register(operator, woman)).patient;
    bruno = (await patients.register(operator, man)).patient;
    const { rooms } = await wards.open(operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A", "B"] }] });
    beds = rooms[0]?.beds.map(({ location }) => location) ?? [];
    await wards.open(operator, { name: "Surgery", rooms: [{ name: "201", beds: ["A", "B"] }] });
    const { stay } = await hospitalizations.admit(operator, { patient: ada, bed: beds[0] ?? "", reason: "Anaemia" });
    await lab.orderPanel(operator, { patient: ada, encounter: stay, code: BLOOD_COUNT, priority: "stat" });
    await pharmacy.receive(operator, { medication: PARACETAMOL, quantity: 10, lot: "OLD", expires: "2020-01-01" });
    await pharmacy.prescribe(operator, { patient: ada, encounter: stay, medication: PARACETAMOL, quantity: 10, dosage: "1 tablet" });
    await visits.open(operator, { patient: bruno, reason: "Cough" });
    await hospitalizations.request(operator, { patient: bruno, kind: "emergency", reason: "Chest pain" });
    [nurse, clerk] = await Promise.all([house.person("nurse", ["nurse"]), house.person("clerk", ["front-desk"])]);
  }, 90_000);
  afterAll(() => house?.close());

  const waits = (page: Page, work: string, text: string) => page.waitForSelector(`[data-work="work.${work}"]:has-text("${text}")`);

  it("each sees at home what waits, and comes to the page where it is done", async () => {
    const [technician, pharmacist] = await Promise.all([
      house.person("technician", ["lab-technician"]),
      house.person("pharmacist", ["pharmacist"]),
    ]);
    await Promise.all([
      waits(nurse, "requests", "1 emergency"),
      waits(clerk, "queue", "1"),
      waits(clerk, "appointments", "0"),
      waits(technician, "collect", "1 urgent"),
      waits(technician, "critical", "0"),
      waits(pharmacist, "prepare", "1"),
      waits(pharmacist, "expiring", "1 has expired"),
    ]);
    expect(await nurse.locator('[data-work="work.queue"], [data-work="work.collect"]').count()).toBe(0); // others' work
    await lab.order(house.operator, { patient: bruno, test: HAEMOGLOBIN });
    await waits(technician, "collect", "2");
    await technician.click('[data-work="work.collect"]');
    await technician.waitForSelector("tr:has-text('Ada Rossi')");
    expect(await technician.getAttribute(".tabs button:has-text('to collect')", "aria-pressed")).toBe("true");
    await pharmacist.click('[data-work="work.expiring"]');
    await pharmacist.waitForSelector("#part-expiring:focus");
  });

  it("each finds a patient from home by name, number, phone and what a label holds", async () => {
    const [physician, archivist] = await Promise.all([
      house.person("physician", ["physician"]),
      house.person("archivist", ["records-office"]),
    ]);
    const findHer = async (page: Page) => {
      for (const text of ["ros ad", "N-4711", "0550123456", ada]) {
        await page.keyboard.press("/");
        await page.fill("#patient-search", text);
        await page.waitForSelector("#patient-search-list li:has-text('Ada Rossi')");
        await page.keyboard.press("Escape");
      }
    };
    await Promise.all([nurse, clerk, physician, archivist].map(findHer));
  });
});
