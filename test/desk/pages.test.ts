/** Each page of `desk` in a real browser: in three languages, light and dark, wide and narrow. */
import type { Page } from "playwright-core";
import { LANGUAGES, type Language, messagesOf } from "../../services/desk/files/messages.ts";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { identity, ROLES } from "../../services/identity/identity.contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { barriers, Hospital, PAGES, placeOf, speak } from "./pages-hospital.ts";

const HAEMOGLOBIN = { system: "http://loinc.org", code: "718-7", display: "Hemoglobin" };
const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };

/** Longer than any place for it. */
const LONG = "Wolfeschlegelsteinhausenbergerdorff";

describe("the pages of the hospital", () => {
  let hospital: Hospital;
  let page: Page;
  let patient: string;

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    const { rooms } = await wards.open(operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A", "B"] }] });
    const bed = rooms[0]?.beds[0]?.location ?? "";
    const register = async (family: string) =>
      (await patients.register(operator, { family, given: ["Ada"], birthDate: "1951-03-08", gender: "female", confirm: "another" }))
        .patient;
    patient = await register("Rossi");
    await visits.open(operator, { patient: await register(LONG), reason: "Fever" });
    await hospitalizations.admit(operator, { patient: await register(`${LONG}-Verdi`), bed: rooms[0]?.beds[1]?.location ?? "" });
    const { stay } = await hospitalizations.admit(operator, { patient, bed, reason: "Anaemia" });
    for (const value of [9.8, 10.4]) {
      const { order } = await lab.order(operator, { patient, encounter: stay, test: HAEMOGLOBIN });
      await lab.enterResult(operator, { order, finding: { value, unit: "g/dL" } });
    }
    await lab.order(operator, { patient, test: HAEMOGLOBIN });
    await pharmacy.receive(operator, { medication: PARACETAMOL, quantity: 100 });
    await pharmacy.prescribe(operator, { patient, encounter: stay, medication: PARACETAMOL, quantity: 20, dosage: "1 tablet" });
    page = await hospital.person("everybody", [...ROLES]);
  });
  afterAll(() => hospital?.close());

  /** What stands on the page, each text of an element by itself. */
  const textsOf = () =>
    page.evaluate(() => {
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const texts: string[] = [];
      while (walker.nextNode()) {
        if (!walker.currentNode.parentElement?.closest('[translate="no"]')) texts.push(walker.currentNode.textContent?.trim() ?? "");
      }
      return texts.filter(Boolean);
    });
  /** Names of texts, and texts of English that this language has another for. */
  function untranslated(language: Language): Set<string> {
    const [english, own] = [messagesOf("en"), messagesOf(language)];
    const foreign = Object.entries(english).filter(
      ([key, text]) => text !== own[key] && !text.includes("{") && !Object.values(own).includes(text),
    );
    return new Set([
      ...Object.keys(english).filter((key) => key.includes(".")),
      ...(language === "en" ? [] : foreign.map(([, text]) => text)),
    ]);
  }

  it.each(PAGES)("%s speaks each language and has no barrier, light on a wide screen and dark on a narrow one", async (name) => {
    for (const language of LANGUAGES) {
      await speak(page, language);
      await page.setViewportSize(language === "ar" ? { width: 360, height: 740 } : { width: 1280, height: 800 });
      await page.emulateMedia({ colorScheme: language === "ar" ? "dark" : "light" });
      await hospital.show(page, placeOf(name, patient));
      const strange = untranslated(language);
      expect([language, (await textsOf()).filter((text) => strange.has(text))]).toEqual([language, []]);
      expect(await page.evaluate(() => document.documentElement.dir)).toBe(language === "ar" ? "rtl" : "ltr");
      if (language !== "fr") expect([language, await barriers(page)]).toEqual([language, []]);
      // Nothing is wider than the window: nobody has to scroll in two directions.
      expect([language, await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)]).toEqual([
        language,
        0,
      ]);
    }
    expect(hospital.complaints).toEqual([]);
  });

  it("print a report alone, on white, from the top of the sheet", async () => {
    await speak(page, "en");
    await page.setViewportSize({ width: 794, height: 1123 });
    await page.emulateMedia({ colorScheme: "dark" });
    await hospital.show(page, "bench");
    await page.click("section[aria-label='Issued lately'] button:has-text('Print')");
    await page.waitForSelector(".print.report[aria-busy=false] td:has-text('g/dL')");
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    await page.emulateMedia({ media: "print" });
    expect(await page.locator("#paper > .print.report").boundingBox()).toMatchObject({ x: 0, y: 0, width: 794 });
    expect(await Promise.all([".top", "h1", "dialog"].map((one) => page.locator(one).first().isVisible()))).toEqual([false, false, false]);
    expect(await page.evaluate(() => getComputedStyle(document.querySelector("#paper > .print") as Element).backgroundColor)).toBe(
      "rgb(255, 255, 255)",
    );
    await page.emulateMedia({ media: "screen" });
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    expect(await page.locator("#paper").count()).toBe(0);
    await page.keyboard.press("Escape");
  });

  it("let an administrator create a role, and the widest rights wait for a second person", async () => {
    await speak(page, "en");
    await page.setViewportSize({ width: 1280, height: 800 });
    await hospital.show(page, "administration");
    await hospital.step("make a role", page, async () => {
      await page.click("button:has-text('New role')");
      await page.fill("#field-role-name", "porter");
      await page.fill("#field-role-says", "Brings patients.");
      await page.fill("#field-role-type", "Location");
      await page.click("dialog button:has-text('Add')");
      await page.check("input[aria-label='Location: update']");
      await page.fill("#field-role-reason", "we have porters now");
      await page.click("dialog button:has-text('Store')");
      await page.waitForSelector("tr:has-text('porter')");
    });
    const roles = await identity.listRoles(hospital.operator, {});
    expect(roles.find(({ role }) => role === "porter")).toMatchObject({ version: 1, types: { Location: "rus" }, actions: [] });

    await page.click("button:has-text('porter')");
    await page.fill("#field-role-type", "*");
    await page.click("dialog button:has-text('Add')");
    await page.fill("#field-role-reason", "they see all");
    await page.fill("#field-role-actions", "wards.listBed");
    await page.click("dialog button:has-text('Store')");
    const fault = await page.waitForSelector(".fault:has-text('No service has this action')");
    expect(((await fault.textContent()) ?? "").replace(/[\u2066-\u2069]/g, "")).toContain("wards.listBed. It may be: wards.listBeds.");
    expect(await page.locator("#field-role-actions").getAttribute("aria-invalid")).toBe("true");
    await page.fill("#field-role-actions", "wards.listBeds");
    await page.click("dialog button:has-text('Store')");
    await page.click("button:has-text('Confirm')");
    await page.waitForSelector("text=Another administrator must confirm this change.");
    await identity.confirmRole(hospital.operator, { role: "porter", version: 2 });
    expect(await barriers(page)).toEqual([]);
    hospital.complaints.splice(0); // the browser tells of a refusal as of an error
  });

  it("stay signed in when a token expires, and no longer after a sign-out", async () => {
    await speak(page, "en");
    const end = () => {
      const kept = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string; until: number };
      sessionStorage.setItem("desk.tokens", JSON.stringify({ ...kept, until: 0 }));
      return kept.access;
    };
    const before = await page.evaluate(end);
    await page.reload();
    await page.waitForSelector(".who");
    expect(await page.evaluate(end)).not.toBe(before);

    await page.click("button:has-text('Sign out')");
    await page.click('button[name="logout"][value="yes"]');
    await page.waitForSelector("#login"); // for the next person
    expect(await page.evaluate(() => Object.keys(sessionStorage))).toEqual(["desk.sign-in"]);
    expect(hospital.complaints).toEqual([]);
  });
});
