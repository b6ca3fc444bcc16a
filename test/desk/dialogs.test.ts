/**
 * Each dialog of each page at the widths of a phone, a tablet and a desk, twice as large too, in three languages: nothing is cut off or moved sideways,
 * axe finds nothing on a phone, light or dark, and no control is too small to be touched.
 */
import type { Page, Route } from "playwright-core";
import { LANGUAGES } from "../../services/desk/files/messages.ts";
import { isUnkeyed } from "../../services/desk/pages/platform/unkeyed-actions.ts";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { ROLES } from "../../services/identity/identity.contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { barriers, Hospital, PAGES, placeOf, tooSmall, wrongWhenSettled } from "./pages-hospital.ts";

/** CSS pixels: a phone, a tablet at 200 %, a desk at 200 %, a tablet, a desk. */
const WIDTHS = [360, 384, 640, 768, 1280];
const MEDICATION = {
  system: "http://www.nlm.nih.gov/research/umls/rxnorm",
  code: "313782",
  display: "Hydrochlorothiazide 12.5 MG / Lisinopril 20 MG / Potassium Chloride 600 MG Oral Tablet",
};
const LONG = { family: "Abdelouahab-Benmohammed-Bouchareb", given: ["Marie-Antoinette", "Fatima-Zohra"] };
const WITH_DIALOGS = ["administration", "beds", "bench", "cash", "chart", "desk", "dispensary", "hand-over", "places", "round", "ward"];

/** What is wider than the dialog, or than its own place, and by how much. */
const tooWide = (page: Page): Promise<string[]> =>
  wrongWhenSettled(page, () => {
    const dialog = document.querySelector("dialog[open]") as HTMLElement;
    const found: string[] = [];
    const of = dialog.getBoundingClientRect();
    if (dialog.scrollWidth > dialog.clientWidth) found.push(`the dialog, by ${dialog.scrollWidth - dialog.clientWidth}`);
    if (of.left < 0 || of.right > document.documentElement.clientWidth) found.push("the dialog over the page");
    for (const one of dialog.querySelectorAll<HTMLElement>("*")) {
      if (one.closest(".visually-hidden, thead, [popover], [hidden], svg, datalist, option")) continue;
      const own = one.getBoundingClientRect();
      const over = Math.max(own.right - of.right, of.left - own.left);
      const text = `${one.tagName} ${one.textContent?.trim().slice(0, 30)}`;
      if (own.width > 0 && over > 1) found.push(`${text}, over the dialog by ${Math.round(over)}`);
      const isScrolled = one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0 && getComputedStyle(one).overflowX !== "visible";
      if (isScrolled && !one.matches("input, select, textarea")) found.push(`${text}, cut by ${one.scrollWidth - one.clientWidth}`);
    }
    return found;
  });

/** Buttons that are told apart by what the eye reads on them. */
const buttonsOf = (page: Page): Promise<{ index: number; text: string }[]> =>
  page.evaluate(() => {
    const seen = new Map<string, number>();
    const all = [...document.querySelectorAll<HTMLButtonElement>("main button")];
    for (const [index, button] of all.entries()) {
      if (!button.checkVisibility() || button.disabled || button.closest("[popover]")) continue;
      const copy = button.cloneNode(true) as HTMLElement;
      for (const hidden of copy.querySelectorAll(".visually-hidden")) hidden.remove();
      const text = `${button.className} ${button.matches(".bed") ? "" : copy.textContent?.trim()}`.replaceAll(/\d+/g, "");
      if (!seen.has(text)) seen.set(text, index);
    }
    return [...seen].map(([text, index]) => ({ text, index }));
  });

describe("the dialogs at any width", () => {
  let hospital: Hospital;
  let page: Page;
  let patient: string;

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    const { rooms } = await wards.open(operator, { name: "Internal medicine and geriatrics", rooms: [{ name: "101", beds: ["A", "B"] }] });
    await wards.open(operator, { name: "Surgery", rooms: [{ name: "201", beds: ["A"] }] });
    ({ patient } = await patients.register(operator, {
      ...LONG,
      birthDate: "1951-03-08",
      gender: "female",
      otherNames: [{ family: "عبد الوهاب بن محمد", given: ["فاطمة الزهراء"] }],
    }));
    const { patient: other } = await patients.register(operator, { ...LONG, given: ["Bruno"], gender: "male", birthDate: "1960-01-01" });
    await visits.open(operator, { patient: other, reason: "Dizziness when getting up in the morning, since three weeks" });
    const { patient: third } = await patients.register(operator, { ...LONG, given: ["Carla"], gender: "female", birthDate: "1970-01-01" });
    await hospitalizations.request(operator, { patient: third, kind: "planned", reason: "Cholecystectomy" });
    const { stay } = await hospitalizations.admit(operator, { patient, bed: rooms[0]?.beds[0]?.location ?? "", reason: "Anaemia" });
    for (const code of ["24320-4", "58410-2"]) {
      const { panels } = await lab.listCatalogue(operator, {});
      const tests = panels.find((one) => one.code === code)?.tests ?? [];
      const { order } = await lab.orderPanel(operator, { patient, encounter: stay, code });
      await lab.enter(operator, { order, results: tests.map((test) => ({ code: test, value: 1250.5 })) });
      await lab.release(operator, { order });
      await lab.orderPanel(operator, { patient, encounter: stay, code, priority: "urgent" });
    }
    await pharmacy.receive(operator, { medication: MEDICATION, quantity: 1_000, lot: "LOT-2027-0815-0042", expires: "2027-08-15" });
    const timing = { frequency: 2, period: 1, periodUnit: "d" as const, from: new Date(Date.now() + 1_800_000).toISOString() };
    const asked = { patient, encounter: stay, medication: MEDICATION, quantity: 20, dosage: "1 tablet in the morning and in the evening" };
    const { prescription } = await pharmacy.prescribe(operator, { ...asked, timing, dose: { value: 12.5, unit: "mg" } });
    await pharmacy.dispense(operator, { prescription, quantity: 10 });
    page = await hospital.person("everybody-of-the-house", [...ROLES]);
    // What is pressed opens dialogs, and changes nothing: what is only read by POST is let through.
    await page.route("**/{api,fhir}/**", (route: Route) => {
      const request = route.request();
      const name = new URL(request.url()).pathname.replace("/api/", "").replace("/", ".");
      const isReading = isUnkeyed(name) && (!name.startsWith("identity.") || name.startsWith("identity.list")) && !name.endsWith("merge");
      if (request.method() === "GET" || isReading) return route.fallback();
      return route.fulfill({ status: 409, json: { error: { type: "HELD_BACK", message: "" } } });
    });
  });
  afterAll(() => hospital?.close());

  const speak = async (language: string) => {
    await page.evaluate((code) => {
      const choice = document.querySelector("#language") as HTMLSelectElement;
      choice.value = code;
      choice.dispatchEvent(new Event("change", { bubbles: true }));
    }, language);
    await page.waitForFunction((code) => document.documentElement.lang === code, language);
  };
  const show = async (name: string) => {
    await page.setViewportSize({ width: 1_280, height: 900 });
    await speak("en");
    await hospital.show(page, name === "home" ? "beds" : "home");
    await hospital.show(page, placeOf(name, patient));
    await page.waitForFunction((loading) => !document.querySelector("main")?.textContent?.includes(loading), "Loading…");
  };

  /** Where the button is now; on a page shown anew, where it is not there after what was pressed before. */
  const indexOf = async (name: string, text: string): Promise<number> => {
    const find = async () => (await buttonsOf(page)).find((one) => one.text === text)?.index;
    const now = await find();
    if (now !== undefined) return now;
    await show(name);
    const anew = await find();
    if (anew === undefined) throw new Error(`${name} has no button “${text}” any more.`);
    return anew;
  };

  /** Whether a dialog opens within as many frames as the browser draws in 0.7 s: on a slow machine it draws fewer. */
  const opensDialog = () =>
    page
      .evaluate(
        (frames) =>
          new Promise<boolean>((resolve) => {
            let drawn = 0;
            const look = () => {
              const isOpen = document.querySelector("dialog[open]") !== null;
              drawn += 1;
              if (isOpen || drawn > frames) resolve(isOpen);
              else requestAnimationFrame(look);
            };
            look();
          }),
        42,
      )
      .catch(() => false); // another page

  const opened: string[] = [];
  it.each(PAGES)("show everything on the page %s", async (name) => {
    await show(name);
    const wrong: string[] = [];
    for (const { text } of await buttonsOf(page)) {
      const index = await indexOf(name, text);
      await page.locator("main button").nth(index).click();
      if (!(await opensDialog())) {
        await show(name); // it has done something else
        continue;
      }
      opened.push(`${name}: ${text}`);
      for (const language of LANGUAGES) {
        await speak(language);
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 600 });
          wrong.push(...(await tooWide(page)).map((what) => `${text} ${language} ${width}: ${what}`));
        }
      }
      await page.setViewportSize({ width: 360, height: 600 });
      await page.emulateMedia({ colorScheme: opened.length % 2 === 0 ? "dark" : "light" });
      wrong.push(...[...(await barriers(page)), ...(await tooSmall(page))].map((what) => `${text}: ${what}`));
      await page.keyboard.press("Escape");
      await page.waitForSelector("dialog[open]", { state: "detached" });
      await page.setViewportSize({ width: 1_280, height: 900 });
      await speak("en");
    }
    if ("tellSeconds" in globalThis) process.stdout.write(`${opened.join("\n")}\n`);
    expect(wrong).toEqual([]);
  });

  it("are found on every page that has any", () => {
    const looked = new Set(opened.map((one) => one.split(":", 1)[0]));
    expect([...looked].sort()).toEqual(WITH_DIALOGS);
    expect(opened.length).toBeGreaterThan(30);
  });
});
