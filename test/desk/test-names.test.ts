/** Laboratory tests by their names in the reader's language, and by those that the hospital gives them. */
import type { Page } from "playwright-core";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { barriers, Hospital, speak } from "./pages-hospital.ts";

describe("laboratory tests", () => {
  let hospital: Hospital;
  let technician: Page;
  let physician: Page;
  let patient: string;

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    patient = (await patients.register(operator, { family: "Rossi", given: ["Ada"], gender: "female", birthDate: "1951-03-08" })).patient;
    const { order } = await lab.orderPanel(operator, { patient, code: "24320-4" });
    await lab.enter(operator, { order, results: [{ code: "2823-3", value: 6.9 }] });
    await lab.release(operator, { order, missingReason: "the rest tomorrow" });
    await lab.orderPanel(operator, { patient, code: "58410-2" });
    [technician, physician] = await Promise.all([
      hospital.person("technician", ["lab-technician"], { locale: "fr-FR" }),
      hospital.person("physician", ["physician"], { locale: "ar-DZ" }),
    ]);
  });
  afterAll(() => hospital?.close());

  it("are ordered, entered and printed in French at the bench", async () => {
    await hospital.show(technician, "bench");
    await technician.waitForSelector("tr:has-text('Numération sanguine')");
    await technician.waitForSelector("li:has-text('Potassium')"); // critical
    expect(await technician.textContent("main")).not.toMatch(/CBC panel|in Serum/);
    await technician.fill("#field-bench-find", "numération");
    await technician.click("tr:has-text('Ada Rossi') button:has-text('Prélever')");
    await technician.click("dialog button.main");
    await technician.waitForSelector("dialog .print:has-text('Sang (EDTA)')");
    await technician.keyboard.press("Escape");
    await technician.press("#field-bench-find", "Enter");
    await technician.waitForSelector("dialog h2:has-text('Numération sanguine')");
    expect(await technician.locator("dialog .fault").count()).toBe(0); // the key that opened it has sent nothing
    await technician.press("#field-value-6690-2", "Enter");
    await technician.waitForSelector("#field-value-6690-2-fault:has-text('valeur')");
    await technician.fill("label:has-text('Hémoglobine') >> nth=0", "5.2");
    await technician.keyboard.press("Enter");
    await technician.waitForSelector("dialog tr:has-text('Hémoglobine'):has-text('5,2')");
    expect(await technician.textContent("dialog")).not.toMatch(/Hemoglobin|Blood/);
    expect(await barriers(technician)).toEqual([]);
    await technician.keyboard.press("Escape");
  });

  it("are shown and ordered in Arabic in the chart, including earlier results", async () => {
    await hospital.show(physician, `chart/${patient.split("/")[1]}`);
    await physician.waitForSelector("tr:has-text('البوتاسيوم')");
    await physician.waitForSelector("li:has-text('تعداد الدم الكامل')");
    await physician.fill("#field-test", "الهيموغلوبين");
    await physician.press("#field-test", "Enter");
    await physician.waitForSelector(".notice:has-text('الهيموغلوبين')");
    expect(await physician.textContent("main")).not.toMatch(/Hemoglobin|Potassium|CBC/);
    await speak(physician, "fr");
    await physician.waitForSelector("li:has-text('Numération sanguine')");
  });

  it("have names of the hospital's own, which the administrator sets and removes", async () => {
    const chief = await hospital.person("chief", ["administrator"]);
    await hospital.show(chief, "administration");
    await hospital.step("give a laboratory test the hospital's own name", chief, async () => {
      await chief.fill("#field-named-test", "718-7");
      await chief.fill("#field-test-name-fr", "Taux d’Hb");
      await chief.press("#field-test-name-fr", "Enter");
      await chief.waitForSelector(".notice:has-text('the name is stored')");
    });
    expect(await barriers(chief)).toEqual([]);
    await chief.fill("#field-named-test", "nothing of this kind");
    await chief.press("#field-named-test", "Enter");
    await chief.waitForSelector("#field-named-test-fault:has-text('Choose one from the list')");
    await physician.reload();
    await physician.waitForSelector("li:has-text('Taux d’Hb')");
    await chief.keyboard.press("Alt+z");
    await chief.waitForSelector(".notice:has-text('Undone'), .notice:has-text('undone')");
    await physician.reload();
    await physician.waitForSelector("li:has-text('Hémoglobine')");
    expect(hospital.complaints.filter((text) => !/status of 409/.test(text))).toEqual([]);
  });

  it("keep both names that two administrators give at once: the other one's is shown beside one's own", async () => {
    const chief = await hospital.signIn("chief");
    await hospital.show(chief, "administration");
    await chief.fill("#field-named-test", "718-7");
    await chief.fill("#field-test-name-fr", "Taux d’Hb");
    await chief.fill("#field-test-name-en", "Hb level");
    await lab.nameTest(hospital.operator, { code: "718-7", language: "fr", name: "Hémoglobine du sang" });
    await lab.nameTest(hospital.operator, { code: "718-7", language: "ar", name: "خضاب الدم" });
    await chief.press("#field-test-name-fr", "Enter");
    await chief.waitForSelector("tr:has-text('Hémoglobine du sang'):has-text('Taux d’Hb')");
    expect(await chief.locator("[name='merge-ar']").count()).toBe(2); // only the other has changed it: chosen already
    expect(await barriers(chief)).toEqual([]);
    // Named once more while one chooses, in a language that did not differ before: of each something is ticked.
    await chief.check("tr:has-text('Hémoglobine du sang') td:nth-of-type(1) input");
    await lab.nameTest(hospital.operator, { code: "718-7", language: "fr", name: "Hémoglobine" });
    await lab.nameTest(hospital.operator, { code: "718-7", language: "en", name: "Hemoglobin of the blood" });
    await chief.click("button:text-is('Store') >> nth=0");
    await chief.waitForSelector("tr:has-text('Hb level'):has-text('Hemoglobin of the blood') td:nth-of-type(2) input:checked");
    await chief.waitForSelector("tr:has-text('Taux d’Hb'):has-text('Hémoglobine') td:nth-of-type(1) input:checked");
    await chief.click("button:text-is('Store') >> nth=0");
    await chief.waitForSelector(".notice:has-text('the name is stored')");
    const names = async () => {
      const { tests } = await lab.listCatalogue(hospital.operator, {});
      const { designation = [] } = tests.find(({ code }) => code === "718-7") ?? {};
      return Object.fromEntries(designation.map(({ language, value }) => [language, value]));
    };
    expect(await names()).toMatchObject({ en: "Hemoglobin of the blood", fr: "Taux d’Hb", ar: "خضاب الدم" });
  });

  describe("that are named in several languages", () => {
    let chief: Page;
    const names = async () => {
      const { tests } = await lab.listCatalogue(hospital.operator, {});
      const { designation = [] } = tests.find(({ code }) => code === "2951-2") ?? {};
      return Object.fromEntries(designation.map(({ language, value }) => [language, value]));
    };
    const give = async (wanted: Record<string, string>) => {
      await chief.fill("#field-named-test", "2951-2");
      for (const [language, name] of Object.entries(wanted)) await chief.fill(`#field-test-name-${language}`, name);
      await chief.press("#field-test-name-fr", "Enter");
    };
    const stored = () => chief.waitForSelector(".notice:has-text('the name is stored')");
    const undo = async () => {
      await chief.keyboard.press("Alt+z");
      await chief.waitForSelector(".notice:has-text('undone')");
    };
    beforeEach(async () => {
      chief ??= await hospital.signIn("chief");
      await chief.reload(); // without what was said before
      await hospital.show(chief, "administration");
    });

    it("get all names back, including those stored before the others were chosen", async () => {
      const before = await names();
      await lab.nameTest(hospital.operator, { code: "2951-2", language: "ar", name: "صوديوم الدم" });
      await give({ en: "Na", fr: "Natrémie" });
      await stored();
      await lab.nameTest(hospital.operator, { code: "2951-2", language: "ar", name: "الصوديوم في الدم" });
      await undo(); // what another has named since in one language is theirs
      expect(await names()).toEqual({ ...before, ar: "الصوديوم في الدم" });

      await chief.reload();
      await chief.fill("#field-named-test", "2951-2");
      await chief.fill("#field-test-name-en", "Na");
      await lab.nameTest(hospital.operator, { code: "2951-2", language: "fr", name: "Sodium du sang" });
      await chief.fill("#field-test-name-fr", "Natrémie");
      await chief.press("#field-test-name-fr", "Enter"); // English is stored, French is another's
      await chief.waitForSelector("[role=alert]:focus");
      await chief.check("tr:has-text('Natrémie') td:nth-of-type(1) input");
      await chief.click("button:text-is('Store') >> nth=0");
      await stored();
      expect(await names()).toMatchObject({ en: "Na", fr: "Natrémie" });
      await undo();
      expect(await names()).toMatchObject({ fr: "Sodium du sang", ar: "الصوديوم في الدم" });
      expect((await names())["en"] ?? "").toBe(before["en"] ?? "");
    });

    it("get back a removed name for which the catalogue has one of its own", async () => {
      await lab.nameTest(hospital.operator, { code: "2951-2", language: "fr", name: "Natrémie" });
      await chief.reload();
      await give({ fr: "" });
      await stored();
      expect((await names())["fr"]).toBe("Sodium");
      await undo();
      expect((await names())["fr"]).toBe("Natrémie");
    });

    it("continue after an interruption, and stay unchanged if one does not want to choose", async () => {
      let asked = 0;
      await chief.route("**/api/lab/nameTest", (route) => {
        asked += 1;
        return asked === 2 ? route.fulfill({ status: 422, json: { error: { type: "VALIDATION_ERROR", message: "" } } }) : route.fallback();
      });
      await give({ en: "Natrium", fr: "Natrium sanguin" });
      await chief.waitForSelector("form .fault");
      await chief.press("#field-test-name-fr", "Enter");
      await stored();
      expect(await names()).toMatchObject({ en: "Natrium", fr: "Natrium sanguin" });
      await undo();
      expect((await names())["fr"]).toBe("Natrémie");
      expect((await names())["en"]).not.toBe("Natrium");
      await chief.fill("#field-named-test", "2951-2");
      await chief.fill("#field-test-name-fr", "Na");
      await lab.nameTest(hospital.operator, { code: "2951-2", language: "fr", name: "Sodium du sang" });
      await chief.press("#field-test-name-fr", "Enter");
      await chief.click("button:text-is('Cancel') >> nth=0");
      await chief.waitForSelector("#field-named-test");
      expect((await names())["fr"]).toBe("Sodium du sang");
    });
  });
});
