/** Each page, and the status page, at the widths of a phone, a tablet and desks, in three languages: nothing is cut off or moved sideways to be read. */
import type { Page } from "playwright-core";
import { LANGUAGES } from "../../services/desk/files/messages.ts";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { ROLES } from "../../services/identity/identity.contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { barriers, Hospital, PAGES, placeOf, speak, tooSmall, wrongWhenSettled } from "./pages-hospital.ts";

/** From a phone's to a desk's, in small steps: what fits at two widths may not between them. */
const WIDTHS = Array.from({ length: 28 }, (_, index) => 360 + 40 * index);
/** Those of phones, upright and on their side, and of tablets. */
const TOUCHED = [360, 720, 760, 1040];
const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG Oral Tablet" };

/** What is wider than its place, and by how much. */
const tooWide = (page: Page): Promise<string[]> =>
  wrongWhenSettled(page, () => {
    const of = document.documentElement;
    const found = of.scrollWidth > of.clientWidth ? [`the page, by ${of.scrollWidth - of.clientWidth}`] : [];
    for (const one of document.querySelectorAll("main .wide")) {
      if (one.scrollWidth > one.clientWidth + 1) found.push(`${one.textContent?.slice(0, 30)}, by ${one.scrollWidth - one.clientWidth}`);
    }
    for (const one of document.querySelectorAll("main :is(button, a, p, li, td, th, label, input:not([type=checkbox]), select)")) {
      if (one.closest(".visually-hidden, thead, [popover], .parts-menu > *")) continue;
      const [own, panel] = [one.getBoundingClientRect(), (one.closest(".panel, .banner") ?? of).getBoundingClientRect()];
      const over = Math.max(own.right - panel.right, panel.left - own.left);
      if (own.width > 0 && over > 1) found.push(`${one.tagName} ${one.textContent?.slice(0, 30)}, over its panel by ${over}`);
    }
    return found;
  });

/** What is pressed or typed into, and is on the paper all the same; a bed of the board says who lies in it. */
const pressedOnPaper = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const pressed = [...document.querySelectorAll<HTMLElement>("button:not(.bed), input, textarea, form, [role=combobox]")];
    return pressed.filter((one) => one.getClientRects().length > 0).map((one) => one.outerHTML.slice(0, 80));
  });

describe("the pages at any width", () => {
  let hospital: Hospital;
  let page: Page;
  /** One of each language: they wait for their frames side by side. */
  const pages: [language: string, page: Page][] = [];
  let patient: string;

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    // Names longer than any place for them.
    const { rooms } = await wards.open(operator, {
      name: "Internal medicine, geriatrics and palliative care – Ibn Sina building, third floor, east wing",
      rooms: [{ name: "101, the double room at the end of the corridor", beds: ["A, beside the window to the garden", "B"] }],
    });
    ({ patient } = await patients.register(operator, {
      family: "Wolfeschlegelsteinhausenbergerdorff-Verdi",
      given: ["Ada", "Maria"],
      birthDate: "1951-03-08",
      gender: "female",
    }));
    const { stay } = await hospitalizations.admit(operator, { patient, bed: rooms[0]?.beds[0]?.location ?? "", reason: "Anaemia" });
    for (const code of ["24320-4", "58410-2"]) {
      const { panels } = await lab.listCatalogue(operator, {});
      const tests = panels.find((one) => one.code === code)?.tests ?? [];
      for (const value of [12.25, 1250.5]) {
        const { order } = await lab.orderPanel(operator, { patient, encounter: stay, code });
        await lab.enter(operator, { order, results: tests.map((test) => ({ code: test, value })) });
        await lab.release(operator, { order });
      }
      await lab.orderPanel(operator, { patient, encounter: stay, code, priority: "urgent" });
    }
    await pharmacy.receive(operator, { medication: PARACETAMOL, quantity: 1_000, lot: "LOT-2027-0815", expires: "2027-08-15" });
    const timing = { frequency: 2, period: 1, periodUnit: "d" as const, from: new Date().toISOString() }; // due on the round
    await pharmacy.prescribe(operator, { patient, encounter: stay, medication: PARACETAMOL, quantity: 20, dosage: "1 tablet", timing });
    page = await hospital.person("everybody-of-the-house", [...ROLES]);
    for (const language of LANGUAGES) {
      const spoken = await hospital.signIn("everybody-of-the-house");
      await speak(spoken, language);
      pages.push([language, spoken]);
    }
  });
  afterAll(() => hospital?.close());

  it.each(PAGES)("%s shows everything", async (name) => {
    const looks = pages.map(async ([language, spoken]) => {
      await hospital.show(spoken, placeOf(name, patient));
      for (const width of WIDTHS) {
        await spoken.setViewportSize({ width, height: 900 });
        expect([language, width, await tooWide(spoken)]).toEqual([language, width, []]);
        if (TOUCHED.includes(width)) expect([language, await tooSmall(spoken)]).toEqual([language, []]);
      }
    });
    await Promise.all(looks);
  });

  it.each(["nurse", "physician"] as const)(
    "menu, search and account of a %s stand in one line on a screen of 1280 pixels",
    async (role) => {
      const own = await hospital.person(`trial-${role}`, [role], { viewport: { width: 1280, height: 800 } });
      for (const language of LANGUAGES) {
        await speak(own, language);
        const placed = ["nav .pages", "#patient-search", "#language", ".sign-out"].map((what) =>
          own.locator(`header ${what}`).boundingBox(),
        );
        const boxes = (await Promise.all(placed)).map((box) => box ?? { y: Number.NaN, height: 0 });
        const middles = boxes.map(({ y, height }) => y + height / 2);
        expect([language, Math.max(...middles) - Math.min(...middles) < 8]).toEqual([language, true]);
      }
      expect(await own.getByRole("button", { name: "تسجيل الخروج" }).count()).toBe(1); // a sign, and a word for screen readers
      await own.context().close();
    },
  );

  it("in Arabic all texts of a line run from right to left, even if the first is Latin", async () => {
    await page.setViewportSize({ width: 1280, height: 900 });
    await speak(page, "ar");
    await hospital.show(page, `chart/${patient.split("/")[1]}`);
    const line = page.locator("li bdi:has-text('1 tablet')").first();
    const [first, second] = await line.evaluate((one) => {
      const text = one.firstChild as Text;
      const at = text.data.indexOf("\u00a0· ");
      const leftOf = (from: number, to: number) => {
        const range = new Range();
        range.setStart(text, from);
        range.setEnd(text, to);
        return range.getBoundingClientRect().left;
      };
      return [leftOf(text.data.indexOf("1"), at), leftOf(at + 3, text.length)];
    });
    expect(first).toBeGreaterThan(second ?? Number.NaN);
  });

  it.each(LANGUAGES)("the status page is in %s, and shows everything", async (language) => {
    const context = await hospital.browser.newContext({ locale: language });
    const status = await context.newPage();
    const node = "provider-ed8aba9dbc4f2b35";
    const services = ["hospitalizations", "ledger"].map((name) => ({
      name,
      nodes: [node],
      documents: 1_234_567,
      bytes: 9.9e9,
      requestsPerSecond: 1_234.5,
    }));
    const down = { name: "lab", nodes: [], documents: null, bytes: null, requestsPerSecond: null };
    const json = { services: [...services, down], nodes: [{ id: node, isAlive: true }], requestsPerSecond: 2_469, isOpen: true };
    await status.route("**/console.json", (route) => route.fulfill({ json }));
    await status.goto(hospital.mesh.base);
    await status.waitForSelector("#services tr");
    expect(await status.evaluate(() => [document.documentElement.lang, document.documentElement.dir])).toEqual([
      language,
      language === "ar" ? "rtl" : "ltr",
    ]);
    const english = language === "en" ? [] : ["What runs where", "All services are up", "Down", "Requests", "Sign in", "Calls"];
    const shown = await status.evaluate(() => document.body.textContent ?? "");
    expect(english.filter((text) => shown.includes(text))).toEqual([]);
    for (const width of WIDTHS) {
      await status.setViewportSize({ width, height: 900 });
      const over = await status.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect([width, over]).toEqual([width, 0]);
    }
    expect(await barriers(status)).toEqual([]);
    await context.close();
  });

  it.each(PAGES)("%s is printed without controls, and with its content", async (name) => {
    await hospital.show(page, placeOf(name, patient));
    await page.emulateMedia({ media: "print" });
    expect(await pressedOnPaper(page)).toEqual([]);
    expect((await page.locator("main").boundingBox())?.height).toBeGreaterThan(50);
    await page.emulateMedia({ media: "screen" });
  });
});
