/** The pages by which somebody signs in and looks after the account: at any width, in three languages, by keyboard, without scripts, and with a fault that is found. */
import type { Page } from "playwright-core";
import { identity } from "../../services/identity/identity.contract.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

const LANGUAGES = ["en-GB", "fr-FR", "ar-DZ"];
/** CSS pixels: a phone, a desk at 200 %, a desk. */
const WIDTHS = [320, 640, 1280];

const tooWide = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** What is wrong, as who reads by ear is told at the field that has the focus. */
const toldAtFocus = (page: Page) =>
  page.evaluate(() => {
    const field = document.activeElement;
    const ids = (field?.getAttribute("aria-describedby") ?? "").split(" ");
    return [field?.id, field?.getAttribute("aria-invalid"), ids.includes("fault") && document.getElementById("fault") !== null];
  });

describe("the pages of a sign-in", () => {
  let hospital: Hospital;
  beforeAll(async () => {
    hospital = await Hospital.open();
  });
  afterAll(() => hospital?.close());

  const lookAt = async (page: Page, colors: "none" | "active") => {
    await page.emulateMedia({ forcedColors: colors });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 700 });
      expect([width, await tooWide(page)]).toEqual([width, 0]);
    }
    expect(await barriers(page)).toEqual([]);
  };

  it.each(LANGUAGES)("report errors at the field, keep the login name, and are complete at every width (%s)", async (locale) => {
    const login = `nurse-${locale.slice(0, 2)}`;
    const page = await hospital.person(login, ["nurse"], { locale });
    await page.click(".top button:not([aria-label])"); // signs out
    await page.waitForURL(/\/auth\//);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#login:focus");
    for (const colors of ["none", "active"] as const) await lookAt(page, colors);
    await page.keyboard.type(login);
    await page.keyboard.press("Tab");
    await page.keyboard.type("not the password");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#password[aria-invalid=true]:focus");
    expect([await page.inputValue("#login"), await toldAtFocus(page)]).toEqual([login, ["password", "true", true]]);
    for (const colors of ["none", "active"] as const) await lookAt(page, colors);
    await hospital.enter(page, login);

    // The account's page without scripts: all of it is forms.
    const cookies = await page.context().storageState();
    const plain = await hospital.browser.newContext({ locale, storageState: cookies, javaScriptEnabled: false });
    const account = await plain.newPage();
    const address = new URL("/auth/account", page.url()).href;
    await account.goto(address);
    await account.fill("#current", "not the password");
    await account.fill("#new", "another long password");
    await account.fill("#repeat", "another long password");
    await account.click("button[value=password]");
    await account.waitForSelector("#current[aria-invalid=true][aria-describedby=fault]");
    await plain.close();

    await page.goto(address);
    await lookAt(page, "none");
    await page.click("button[value=start]");
    await page.waitForSelector("code");
    await lookAt(page, "active");
    await page.fill("#current", "not the password");
    await page.fill("#code", "000000");
    await page.click("button[value=confirm]");
    await page.waitForSelector("#current[aria-invalid=true]");
    expect(await toldAtFocus(page)).toEqual(["current", "true", true]);
    await lookAt(page, "none");
  });

  it("give what one person has typed to nobody else who signs in there, but to that person again", async () => {
    const page = await hospital.person("clerk", ["front-desk"]);
    await hospital.account("colleague", ["front-desk"]);
    const signInAnew = async (login: string) => {
      await page.context().clearCookies();
      await identity.endSessions(hospital.operator, { user: "clerk" });
      await page.evaluate(() => location.reload());
      await page.waitForURL(/\/auth\//);
      await hospital.enter(page, login);
      await hospital.show(page, "desk");
      return page.inputValue("#field-family");
    };
    await hospital.show(page, "desk");
    await page.fill("#field-family", "Portillo");
    expect(await signInAnew("clerk")).toBe("Portillo");
    expect(await signInAnew("colleague")).toBe("");
  });
});
