/** Where admitted patients lie, for those who come to them, send something there, or call: the dispensary and the laboratory. */
import type { Page } from "playwright-core";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };
const POTASSIUM = { system: "http://loinc.org", code: "2823-3", display: "Potassium" };

describe("the bed of an admitted patient", () => {
  let hospital: Hospital;
  let stay: string;
  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    const { rooms } = await wards.open(operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A", "B"] }] });
    const person = async (family: string) =>
      (await patients.register(operator, { family, given: ["Ada"], gender: "female", birthDate: "1951" })).patient;
    const [inside, outside] = [await person("Rossi"), await person("Verdi")];
    ({ stay } = await hospitalizations.admit(operator, { patient: inside, bed: rooms[0]?.beds[1]?.location ?? "" }));
    for (const patient of [inside, outside]) {
      await pharmacy.prescribe(operator, { patient, medication: PARACETAMOL, dosage: "one a day", quantity: 3 });
      await lab.order(operator, { patient, test: POTASSIUM });
    }
  });
  afterAll(() => hospital?.close());

  const placeIn = (page: Page, row: string) => page.locator(`main ${row} bdi.tag`).allTextContents();

  it("stands at a prescription to prepare; a patient who is not admitted has none", async () => {
    const pharmacist = await hospital.person("pharmacist", ["pharmacist"]);
    await hospital.show(pharmacist, "dispensary");
    await pharmacist.waitForSelector("main li:has-text('Ada Rossi') bdi.tag:text-is('Medicine, 101, B')");
    await pharmacist.waitForSelector("main li:has-text('Ada Verdi')");
    expect(await placeIn(pharmacist, "li:has-text('Ada Verdi')")).toEqual([]);
    expect(await barriers(pharmacist)).toEqual([]);
  });

  it("stands at an order to collect, which is found by the ward; at a critical value it is where the laboratory calls", async () => {
    const technician = await hospital.person("technician", ["lab-technician"]);
    await hospital.show(technician, "bench");
    await technician.waitForSelector("main tr:has-text('Ada Verdi')");
    await technician.fill("#field-bench-find", "medicine");
    await technician.waitForSelector("main tr:has-text('Ada Verdi')", { state: "detached" });
    await technician.waitForSelector("main tr:has-text('Ada Rossi') bdi.tag:text-is('Medicine, 101, B')");
    await technician.click("main tr:has-text('Ada Rossi') button:has-text('Collect')");
    await technician.waitForSelector("dialog bdi.tag:text-is('Medicine, 101, B')");
    await technician.click("dialog form button[type=submit]");
    await technician.waitForSelector("dialog .print.label");
    await technician.click("dialog button[aria-label=Close]");
    await technician.click("main tr:has-text('Ada Rossi') button:has-text('Enter')");
    await technician.fill("dialog input", "7.4");
    await technician.click("dialog form button[type=submit]");
    await technician.click("dialog button:has-text('Release')");
    await technician.click("#part-critical li:has-text('Medicine, 101, B') button");
    await technician.waitForSelector("dialog bdi.tag:text-is('Medicine, 101, B')");
    expect(await barriers(technician)).toEqual([]);
  });

  it("is gone with the discharge", async () => {
    await hospitalizations.discharge(hospital.operator, { stay });
    const pharmacist = await hospital.signIn("pharmacist");
    await hospital.show(pharmacist, "dispensary");
    await pharmacist.waitForSelector("main li:has-text('Ada Rossi')");
    expect(await placeIn(pharmacist, "li:has-text('Ada Rossi')")).toEqual([]);
    expect(hospital.complaints).toEqual([]);
  });
});
