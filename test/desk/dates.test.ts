/** Days that are typed or chosen: read as people say them, shown in the page's language, whatever the browser's is. */
import type { Page } from "playwright-core";
import { patients } from "../../services/patients/patients.contract.ts";
import { contentOf } from "../kit/map.ts";
import { barriers, Hospital, speak } from "./pages-hospital.ts";

/** The browser's own fields would be of this one: the month first. */
const AMERICAN = { locale: "en-US", timezoneId: "America/Los_Angeles" };

/** A text of the pages. */
const textIn = (language: string, key: string) =>
  (JSON.parse(contentOf(`services/desk/messages/${language}.json`)) as Record<string, string>)[key];

describe("a day", () => {
  let hospital: Hospital;
  let page: Page;
  let patient: string;
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);

  beforeAll(async () => {
    hospital = await Hospital.open();
    const registration = { family: "Rossi", given: ["Ada"], gender: "female" as const, birthDate: "1951-03-08" };
    ({ patient } = await patients.register(hospital.operator, registration));
    await (await hospital.person("nurse", ["nurse"])).close();
    page = await hospital.person("everybody", ["front-desk", "pharmacist", "administrator"], AMERICAN);
  });
  afterAll(() => hospital?.close());

  const hint = (field: string, text: string) => page.waitForSelector(`.field:has(#field-${field}) .hint:has-text("${text}")`);

  it.each([
    ["en", "8 March 2027", "Monday", "08/03/2027"],
    ["fr", "8/3/27", "lundi", "08/03/2027"],
    ["ar", "٨ مارس ٢٠٢٧", "الاثنين", "08/03/2027"],
  ])("in %s, typed as “%s”, is understood", async (language, typed, weekday, shown) => {
    await speak(page, language);
    await hospital.show(page, "desk");
    await page.fill("#field-appointments-day", typed);
    await hint("appointments-day", weekday);
    await hint("appointments-day", "2027");
    await speak(page, "en"); // redrawn, it is the same day
    await hint("appointments-day", "Monday, 8 Mar 2027");
    await hospital.show(page, "home");
    await hospital.show(page, "desk");
    await page.fill("#field-appointments-day", shown);
    await hint("appointments-day", "Monday, 8 Mar 2027");
  });

  it("is chosen in a calendar by keyboard, in the page's direction, and the focus returns", async () => {
    for (const [language, forward, month] of [
      ["en", "ArrowRight", "April 2027"],
      ["ar", "ArrowLeft", "أبريل 2027"],
    ] as const) {
      await speak(page, language);
      await page.fill("#field-appointments-day", "8/3/2027");
      await hint("appointments-day", "2027");
      await page.focus("#field-appointments-day");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.waitForSelector(".calendar [tabindex='0']:focus:text-is('8')");
      await page.keyboard.press("PageDown");
      await page.waitForSelector(`.calendar strong:has-text("${month}")`);
      await page.keyboard.press(forward);
      await page.keyboard.press("ArrowDown");
      await page.waitForSelector(".calendar [tabindex='0']:focus:text-is('16')");
      expect([language, await barriers(page)]).toEqual([language, []]);
      await page.keyboard.press("Enter");
      await page.waitForSelector(".calendar", { state: "detached" });
      expect(await page.inputValue("#field-appointments-day")).toBe("16/04/2027");
      await page.waitForSelector('[aria-expanded="false"]:focus');
    }
    await speak(page, "en");
  });

  it("that does not exist, or is out of range, is reported, and its form is not sent", async () => {
    await hospital.show(page, "dispensary");
    await page.click("button:has-text('Delivery')");
    const sent: string[] = [];
    page.on("request", (request) => request.url().endsWith("/api/pharmacy/receive") && sent.push(request.postData() ?? ""));
    for (const text of ["31/2/2027", "soon"]) {
      await page.fill("#field-delivery-expires", text);
      await page.press("#field-delivery-expires", "Tab");
      await page.waitForSelector("#field-delivery-expires-fault:has-text('This is no day')");
    }
    await page.fill("#field-delivery-medication", "Acetaminophen");
    await page.fill("#field-delivery-quantity", "10");
    await page.press("#field-delivery-quantity", "Enter");
    await page.waitForSelector("#field-delivery-expires:focus");
    expect(sent).toEqual([]);
    await page.keyboard.press("Escape");

    await hospital.show(page, "census");
    await page.fill("#field-census-to", "1/1/2099");
    await hint("census-to", "At the latest");
    await page.press("#field-census-to", "Tab");
    await page.waitForSelector("#field-census-to-fault");
    expect(hospital.complaints).toEqual([]);
  });

  it.each([
    ["en", "830", "8:30 tomorrow"],
    ["fr", "8h30", "demain"],
    ["ar", "٨:٣٠", "غدًا"],
  ])("in %s has a time typed as “%s”, which no browser reads in its own way", async (language, typed, reason) => {
    await speak(page, language);
    await hospital.show(page, "desk");
    await page.fill("#desk-search", "Rossi");
    await page.waitForSelector("#desk-search-list li");
    await page.press("#desk-search", "Enter");
    await page.click(`main button:text-is("${textIn(language, "appointment.book")}")`);
    await page.fill("#field-book-time", "25:00");
    await page.press("#field-book-time", "Tab");
    await page.waitForSelector("#field-book-time-fault");
    expect(await barriers(page)).toEqual([]);
    await page.fill("#field-book-time", typed);
    await hint("book-time", "08:30");
    await page.fill("#field-book-day", tomorrow);
    await page.fill("#field-book-reason", reason);
    const sent = page.waitForRequest((request) => request.url().endsWith("/fhir/Appointment") && request.method() === "POST");
    await page.press("#field-book-reason", "Enter");
    // By the hospital's clock, an hour before UTC.
    expect(JSON.parse((await sent).postData() ?? "{}")).toMatchObject({ start: `${tomorrow}T07:30:00.000Z`, description: reason });
    await page.waitForSelector("dialog", { state: "detached" });
    await speak(page, "en");
  });

  it("of the appointments is today's, also on a page that stays open over midnight, until another is chosen", async () => {
    const clerk = await hospital.signIn("everybody", { locale: "en-GB" });
    await clerk.clock.install();
    await clerk.reload();
    await hospital.show(clerk, "desk");
    const shown = () => clerk.inputValue("#field-appointments-day");
    const first = await shown();
    await clerk.clock.fastForward("24:00:00");
    await clerk.waitForFunction(
      (before) => (document.querySelector("#field-appointments-day") as HTMLInputElement)?.value !== before,
      first,
    );
    const second = await shown();
    await clerk.fill("#field-appointments-day", first);
    await clerk.clock.fastForward("24:00:00");
    await clerk.waitForSelector("[data-page=desk]");
    expect([await shown(), second]).toEqual([first, expect.not.stringMatching(first)]);
    await clerk.close();
  });

  it.each([
    ["en", "37,2", 37.2],
    ["fr", "37,2", 37.2],
    ["ar", "٣٧٫٢", 37.2],
    ["ar", "۳۷.۲", 37.2],
  ])("in %s a temperature typed as “%s” is what was measured", async (language, typed, value) => {
    const nurse = await hospital.signIn("nurse", AMERICAN);
    await speak(nurse, language);
    await hospital.show(nurse, `chart/${patient.split("/")[1]}`);
    await nurse.click(`main button:text-is("${textIn(language, "vitals.note")}")`);
    // Between Arabic letters the sign would come to stand behind its letter.
    expect(await nurse.textContent("label[for=field-vital-8310-5]")).toContain(language === "ar" ? "(\u2068°C\u2069)" : "(°C)");
    for (const bad of ["372", "37,25", "1,000", "warm"]) {
      await nurse.fill("#field-vital-8310-5", bad);
      await nurse.press("#field-vital-8310-5", "Tab");
      await nurse.waitForSelector("#field-vital-8310-5-fault");
    }
    expect(await barriers(nurse)).toEqual([]);
    await nurse.fill("#field-vital-8310-5", typed);
    const sent = nurse.waitForRequest((request) => request.url().endsWith("/fhir/") && request.method() === "POST");
    await nurse.press("#field-vital-8310-5", "Enter");
    const { entry } = JSON.parse((await sent).postData() ?? "{}") as { entry: { resource: object }[] };
    expect(entry.map(({ resource }) => resource)).toMatchObject([{ valueQuantity: { value, code: "Cel" } }]);
    await nurse.waitForSelector("dialog", { state: "detached" });
    await nurse.close();
  });
});
