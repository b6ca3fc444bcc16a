/** Days that are typed or chosen: read as people say them, shown in the page's language, whatever the browser's is. */
import type { Page } from "playwright-core";
import { barriers, House } from "./pages-house.ts";

/** The browser's own fields would be of this one: the month first. */
const AMERICAN = { locale: "en-US", timezoneId: "America/Los_Angeles" };

describe("a day", () => {
  let house: House;
  let page: Page;

  beforeAll(async () => {
    house = await House.open();
    page = await house.person("everybody", ["front-desk", "pharmacist", "administrator"], AMERICAN);
  }, 90_000);
  afterAll(() => house?.close());

  const hint = (field: string, text: string) => page.waitForSelector(`.field:has(#field-${field}) .hint:has-text("${text}")`);

  it.each([
    ["en", "8 March 2027", "Monday", "08/03/2027"],
    ["fr", "8/3/27", "lundi", "08/03/2027"],
    ["ar", "٨ مارس ٢٠٢٧", "الاثنين", "08/03/2027"],
  ])("in %s, typed as “%s”, is understood", async (language, typed, weekday, shown) => {
    await page.selectOption("#language", language);
    await house.show(page, "desk");
    await page.fill("#field-appointments-day", typed);
    await hint("appointments-day", weekday);
    await hint("appointments-day", "2027");
    await page.selectOption("#language", "en"); // redrawn, it is the same day
    await hint("appointments-day", "Monday, 8 Mar 2027");
    await house.show(page, "home");
    await house.show(page, "desk");
    await page.fill("#field-appointments-day", shown);
    await hint("appointments-day", "Monday, 8 Mar 2027");
  });

  it("is chosen in a calendar by keyboard, in the direction of the page, and the focus comes back", async () => {
    for (const [language, forward, month] of [
      ["en", "ArrowRight", "April 2027"],
      ["ar", "ArrowLeft", "أبريل 2027"],
    ] as const) {
      await page.selectOption("#language", language);
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
    await page.selectOption("#language", "en");
  });

  it("that is none, or is out of bounds, is said to be so, and what it stands in is not sent", async () => {
    await house.show(page, "dispensary");
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

    await house.show(page, "census");
    await page.fill("#field-census-to", "1/1/2099");
    await hint("census-to", "At the latest");
    await page.press("#field-census-to", "Tab");
    await page.waitForSelector("#field-census-to-fault");
    expect(house.complaints).toEqual([]);
  });
});
