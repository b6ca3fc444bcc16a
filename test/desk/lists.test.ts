/** Lists that people work from: the orders of a station of the laboratory, a patient's problems and allergies. */
import type { Page } from "playwright-core";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { barriers, House } from "./pages-house.ts";

const BLOOD_COUNT = "58410-2";
const POTASSIUM = "2823-3";
const FERRITIN = { system: "http://loinc.org", code: "2276-4", display: "Ferritin" };

describe("lists that people work from", () => {
  let house: House;
  let patient: string;

  beforeAll(async () => {
    house = await House.open();
    ({ patient } = await patients.register(house.operator, {
      family: "Rossi",
      given: ["Ada"],
      gender: "female",
      birthDate: "1951-03-08",
    }));
  }, 90_000);
  afterAll(() => house?.close());

  const rows = (page: Page, count: number) => page.waitForFunction((n) => document.querySelectorAll("main tbody tr").length === n, count);

  it("the bench shows the orders of the station that a person has chosen by keyboard, until they choose another", async () => {
    const { operator } = house;
    for (const code of [BLOOD_COUNT, POTASSIUM]) await lab.orderPanel(operator, { patient, code });
    const { order } = await lab.order(operator, { patient, test: FERRITIN }); // the catalogue does not have it
    const { accession } = await lab.collect(operator, { orders: [order] });
    const technician = await house.person("technician", ["lab-technician"]);
    await house.show(technician, "bench");
    await rows(technician, 3);
    await technician.focus("#field-bench-find");
    await technician.keyboard.press("Tab");
    expect(await technician.evaluate(() => document.activeElement?.id)).toBe("field-bench-station");
    await technician.keyboard.type("Haem");
    await technician.waitForSelector("tbody tr:has-text('CBC panel')");
    await rows(technician, 1);
    expect(await technician.locator("#field-bench-station option").allTextContents()).toEqual([
      "all stations (3)",
      "Haematology (1)",
      "Chemistry (1)",
      "no station (1)",
    ]);
    expect(await technician.textContent(".tabs")).toContain("all 1");
    expect(await barriers(technician)).toEqual([]);

    await technician.reload();
    await technician.waitForSelector(".who");
    await rows(technician, 1);
    await technician.selectOption("#language", "fr");
    await technician.waitForSelector("#field-bench-station option:checked:has-text('Hématologie')", { state: "attached" });
    await technician.fill("#field-bench-find", accession); // a tube that is scanned is meant, whichever station is shown
    await technician.press("#field-bench-find", "Enter");
    await technician.waitForSelector("dialog h2:has-text('Ferritin')");
    await technician.keyboard.press("Escape");

    await house.person("another", ["lab-technician"]);
    await technician.selectOption("#language", "en");
    await technician.click("button:has-text('Sign out')");
    await technician.click('button[name="logout"][value="yes"]');
    await technician.click("main.sign-in button.main");
    await house.enter(technician, "another"); // at the same machine
    await house.show(technician, "bench");
    await rows(technician, 3);
    expect(house.complaints).toEqual([]);
  });
});
