/** What must be seen before something is done is in sight, and what is pressed is not covered, on a phone too. */
import type { Page } from "playwright-core";
import { ownerOf } from "../../federation/owner-contract.ts";
import { LANGUAGES } from "../../services/desk/files/messages.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { barriers, Hospital, speak } from "./pages-hospital.ts";

const PHONE = { width: 360, height: 740 };
const DESK = { width: 1280, height: 800 };
const ACTIVE = {
  clinicalStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] },
};
const ADA = { family: "Rossi", given: ["Ada"], birthDate: "1951-03-08", gender: "female" as const };

/** Runs in the page: controls of the dialog that are covered when they have the focus. */
function coveredControls(): string[] {
  const controls = document.querySelectorAll<HTMLElement>("dialog[open] :is(input, select, textarea, button)");
  return [...controls].flatMap((control) => {
    control.focus();
    const { left, top, width, height } = control.getBoundingClientRect();
    const seen = document.elementFromPoint(left + width / 2, top + height / 2);
    return seen && (control.contains(seen) || seen.contains(control)) ? [] : [control.outerHTML.slice(0, 80)];
  });
}

describe("on a phone and on a desk", () => {
  let hospital: Hospital;
  let page: Page;

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { patient } = await patients.register(hospital.operator, ADA);
    await visits.open(hospital.operator, { patient, reason: "Fever" });
    await lab.orderPanel(hospital.operator, { patient, code: "58410-2" });
    page = await hospital.person("clerk", ["front-desk", "lab-technician"]);
  });
  afterAll(() => hospital?.close());

  const inSight = (selector: string) =>
    page
      .locator(selector)
      .first()
      .evaluate((one) => {
        const { top, bottom } = one.getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight && one.checkVisibility();
      });
  const topOf = (selector: string) =>
    page
      .locator(selector)
      .first()
      .evaluate((one) => one.getBoundingClientRect().top + scrollY);
  const REGISTER = "form[aria-label] button.main";
  const LINK = ".candidates-link button";

  it.each([...LANGUAGES.map((one) => [one, PHONE] as const), ["en", DESK] as const])(
    "a clerk sees similar records before registering, and no button moves (%s, %j)",
    async (code, size) => {
      const [asked, shown] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      await page.setViewportSize(size);
      await speak(page, code);
      await hospital.show(page, "home");
      // Before the page is shown: it asks at once for what is typed already, and not again for the same.
      await page.route("**/api/patients/candidates*", async (route) => {
        asked.resolve();
        await shown.promise;
        await route.continue();
      });
      await hospital.show(page, "desk");
      await page.fill("#field-family", "Rosi");
      await page.fill("#field-given", "Ada");
      await page.fill("#field-birthDate", "1951-03-08");
      await asked.promise;
      const before = await topOf(REGISTER);
      shown.resolve();
      await page.waitForSelector("#candidates");
      await page.unroute("**/api/patients/candidates*");
      expect(await topOf(REGISTER)).toBe(before);
      await page.locator(REGISTER).first().scrollIntoViewIfNeeded();
      if (size === DESK) {
        expect([await page.locator(LINK).isVisible(), await inSight("#candidates")]).toEqual([false, true]);
        return;
      }
      expect([await inSight(LINK), (await topOf(LINK)) < before]).toEqual([true, true]);
      expect(await barriers(page)).toEqual([]);
      await page.click(LINK);
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("candidates");
      expect([await inSight("#candidates"), await inSight("#candidates ~ ul button")]).toEqual([true, true]);
    },
  );

  it.each(LANGUAGES)("notices cover no control of the next dialog (%s)", async (code) => {
    await speak(page, code);
    await page.setViewportSize(PHONE);
    await hospital.show(page, "desk");
    await page.locator("#part-queue li button").first().click();
    await page.waitForSelector(".notice button");
    await hospital.show(page, "bench");
    await page.locator("main tbody tr button:not(.quiet)").first().click();
    await page.waitForSelector("dialog[open] .notice");
    for (const size of [PHONE, { width: 360, height: 400 }, { width: 820, height: 500 }]) {
      await page.setViewportSize(size);
      expect([size, await page.evaluate(coveredControls)]).toEqual([size, []]);
    }
    expect(await barriers(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Alt+z");
    await hospital.show(page, "desk");
    await page.waitForSelector("#part-queue li button");
  });

  it("what was just done is over a long banner, which leaves room for the record in a low window", async () => {
    const { patient } = await patients.register(hospital.operator, { family: "Verdi", given: ["Ida"], gender: "female" });
    const steps = Array.from({ length: 24 }, (_, index) => {
      const code = { text: `Preparation of the hospital's pharmacy, number ${index}` };
      const one = { resourceType: "AllergyIntolerance", id: `allergy-${index}`, patient: { reference: patient }, code, ...ACTIVE };
      return { op: "create" as const, type: one.resourceType, id: one.id, text: JSON.stringify(one) };
    });
    await ownerOf("records").write(hospital.operator, { steps });
    const nurse = await hospital.person("nurse", ["nurse"], { viewport: { width: 320, height: 256 } }); // 400 % zoom
    await hospital.show(nurse, `chart/${patient.split("/")[1]}`);
    await nurse.click("button:text-is('Note an allergy')");
    await nurse.fill("#field-allergy", "Latex");
    await nurse.press("#field-allergy", "Enter");
    const undo = nurse.locator(".notice:has-text('Latex') button:has-text('Undo')");
    await nurse.waitForSelector("dialog", { state: "detached" });
    const isCovered = await undo.evaluate((one) => {
      const { left, top, width, height } = one.getBoundingClientRect();
      return !one.contains(document.elementFromPoint(left + width / 2, top + height / 2));
    });
    expect(isCovered).toBe(false);
    await nurse.setViewportSize({ width: 1280, height: 500 });
    await nurse.evaluate(() => scrollTo(0, document.body.scrollHeight));
    expect((await nurse.locator(".banner").boundingBox())?.y).toBeLessThan(0);
    await nurse.context().close();
  });

  it("the start moves nothing, and a banner that comes late hardly moves what is below it", async () => {
    const { patient } = await patients.register(hospital.operator, {
      family: "Neri",
      given: ["Ugo"],
      gender: "male",
      birthDate: "1960-01-01",
    });
    const reader = await hospital.person("reader", ["nurse"], { viewport: PHONE });
    await hospital.show(reader, `chart/${patient.split("/")[1]}`);
    const come = Promise.withResolvers<void>();
    await reader.route("**/fhir/Patient/*", async (route) => {
      await come.promise;
      await route.fallback();
    });
    await reader.reload();
    const problems = () => reader.locator("#part-problems").evaluate((one) => one.getBoundingClientRect().top + scrollY);
    const before = await problems();
    come.resolve();
    await reader.waitForSelector(".banner-name");
    expect(Math.abs((await problems()) - before)).toBeLessThan(100);
    const moved = await reader.evaluate(async () => {
      type Shift = PerformanceEntry & { sources: { node?: Node }[] };
      const shifts = await new Promise<Shift[]>((resolve) => {
        const observer = new PerformanceObserver((list) => resolve(list.getEntries() as Shift[]));
        observer.observe({ type: "layout-shift", buffered: true });
        setTimeout(() => resolve([]), 1_000); // nothing has moved
      });
      return shifts.flatMap(({ sources }) => sources.flatMap(({ node }) => node?.nodeName ?? []));
    });
    expect(moved).not.toContain("BODY");
    await reader.context().close();
  });

  it("there were no errors in the browser", () => {
    expect(hospital.complaints).toEqual([]);
  });
});
