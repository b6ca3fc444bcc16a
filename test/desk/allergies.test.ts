/** What is asked of each patient first: the allergies, or that none is known. */
import { patients } from "../../services/patients/patients.contract.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

describe("the allergies of a patient", () => {
  let hospital: Hospital;
  beforeAll(async () => {
    hospital = await Hospital.open();
  });
  afterAll(() => hospital?.close());

  it("are none: that is noted by a click, and is no longer so once one is known; taking that back brings it back", async () => {
    const { patient: other } = await patients.register(hospital.operator, { family: "Neri", given: ["Ugo"], gender: "male" });
    const nurse = await hospital.person("ward-nurse", ["nurse"]);
    await hospital.show(nurse, `chart/${other.split("/")[1]}`);
    await nurse.waitForSelector(".banner:has-text('No allergy is recorded.')");
    await nurse.click("button:text-is('Note an allergy')");
    await nurse.click("dialog button:text-is('No allergies known')");
    await nurse.waitForSelector(".banner:has-text('No allergies known')");
    await nurse.click("button:text-is('Note an allergy')");
    await nurse.waitForSelector("dialog li:has-text('No allergies known')");
    expect(await nurse.locator("dialog button:text-is('No allergies known')").count()).toBe(0);
    expect(await barriers(nurse)).toEqual([]);
    await nurse.fill("#field-allergy", "Latex");
    await nurse.press("#field-allergy", "Enter");
    await nurse.waitForSelector(".banner .alert:has-text('Latex')");
    await nurse.click("button:text-is('Note an allergy')");
    await nurse.waitForSelector("dialog li:has-text('No allergies known') .tag:text-is('ruled out')");
    await nurse.keyboard.press("Escape");
    await nurse.keyboard.press("Alt+z");
    await nurse.waitForSelector(".banner:has-text('No allergies known')");
    await nurse.keyboard.press("Alt+z");
    await nurse.waitForSelector(".banner:has-text('No allergy is recorded.')");
    await nurse.close();
  });
});
