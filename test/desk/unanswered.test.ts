/** What is not answered, or half-way, is no answer: it is asked for again, or said with all that was typed, and no page stands still. */
import type { Page } from "playwright-core";
import { patients } from "../../services/patients/patients.contract.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

describe("what is not answered", () => {
  let hospital: Hospital;
  let page: Page;
  const problems = (name: string) => page.locator("section[aria-label='Problems'] li").filter({ hasText: name });
  const add = async (name: string) => {
    await page.fill("#field-problem", name);
    await page.press("#field-problem", "Enter");
  };

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { patient } = await patients.register(hospital.operator, { family: "Rossi", given: ["Ada"], gender: "female" });
    page = await hospital.person("physician", ["physician"]);
    await hospital.show(page, `chart/${patient.split("/")[1]}`);
  });
  afterAll(() => hospital?.close());

  it("because sign-in is down when a token expires ends no session: it is reported, and the next try stores the typed text", async () => {
    await page.route("**/auth/token", (route) => route.fulfill({ status: 503, json: { error: "temporarily_unavailable" } }));
    await page.route("**/fhir/Condition", (route) => route.fulfill({ status: 401, json: {} }));
    await add("Anaemia");
    await page.waitForSelector(".fault:has-text('The server does not answer')");
    expect(await page.inputValue("#field-problem")).toBe("Anaemia");
    await page.unroute("**/fhir/Condition");
    await page.unroute("**/auth/token");
    await page.press("#field-problem", "Enter");
    await problems("Anaemia").waitFor();
    expect(await page.locator(".interruptions p").count()).toBe(0);
  });

  it("after its first half is sent again with the same key, and takes effect once", async () => {
    await page.evaluate(() => {
      const real = window.fetch;
      window.fetch = async (input, init) => {
        const answer = await real(input, init);
        if (init?.method !== "POST" || !String(input).endsWith("/fhir/Condition")) return answer;
        window.fetch = real;
        const half = (await answer.text()).slice(0, 40);
        const breaksOff = new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode(half)),
          pull: (controller) => controller.error(new TypeError("network error")),
        });
        return new Response(breaksOff, { status: answer.status, headers: answer.headers });
      };
    });
    await add("Fever");
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>("#field-problem")?.value === "");
    await problems("Fever").waitFor();
    expect(await problems("Fever").count()).toBe(1);
    await page.keyboard.press("Alt+z"); // its id has come, too
    await problems("Fever").waitFor({ state: "detached" });
  });

  it("is reported once, however often it is tried", async () => {
    await page.route("**/fhir/DocumentReference/*", (route) => route.fulfill({ status: 503, json: {} }));
    await page.fill("#field-note", "Slept well.");
    await page.click("button:text-is('Store as a draft')");
    await page.waitForSelector("article.note:has-text('Slept well.')");
    const stored = page.locator(".notice:has-text('The note is stored')");
    for (let tries = 0; tries < 2; tries += 1) {
      await Promise.all([stored.waitFor({ state: "detached" }), stored.getByRole("button", { name: "Undo" }).click()]);
      await stored.waitFor(); // to be tried again
    }
    expect(await page.locator(".notice.fault:has-text('The server does not answer')").count()).toBe(1);
    await page.unroute("**/fhir/DocumentReference/*");
    await page.click(".notice.fault button");
  });

  it("in time is requested again if it only reads: a search does not report an error", async () => {
    let tries = 0;
    await page.route("**/fhir/Patient?*", (route) => {
      tries += 1;
      return tries === 1 ? route.fulfill({ status: 504, json: {} }) : route.fallback();
    });
    await page.fill("#patient-search", "Rossi");
    await page.waitForSelector("[role=option]:has-text('Ada Rossi')");
    expect(tries).toBe(2);
    await page.unroute("**/fhir/Patient?*");
  });

  it("because the pages were updated meanwhile is said at each door, with a button that brings the new ones; what was typed is there again", async () => {
    await page.fill("#field-problem", "Headache");
    const place = page.url();
    const [files, documents] = [/\/desk\/f\/(note-allergy|fr|bench)\./, /\/desk\/$/];
    const loseFiles = () => page.route(files, (route) => route.fulfill({ status: 404, json: {} }));
    const update = () =>
      page.route(documents, async (route) => {
        const document = await (await route.fetch()).text();
        await route.fulfill({ contentType: "text/html", body: document.replaceAll(/\/f\/main\.[\w-]+\.js/g, "/f/main.another.js") });
      });
    // A file that is missing, of a version that is the newest there is, is a fault like others.
    await loseFiles();
    await page.selectOption("#language", "fr");
    await page.waitForSelector(".interruptions p:has-text('A part of the pages could not be loaded. What you typed is kept.')");
    expect(await page.inputValue("#language")).toBe("en");

    const doors = [
      () => page.click("button:text-is('Note an allergy')"),
      () => page.selectOption("#language", "fr"),
      () => page.evaluate(() => location.assign("#/bench")),
    ];
    for (const open of doors) {
      await page.goto(place);
      await page.reload(); // what could not be loaded once is not asked for again in the same document
      await page.waitForSelector("#field-problem");
      await loseFiles();
      await update();
      await open();
      await page.waitForSelector(".interruptions p:has-text('A new version of the pages is here. What you typed is kept.')");
      expect(await page.locator(".notice, main .fault").count()).toBe(0); // said once
      await page.unrouteAll({ behavior: "wait" });
      await page.click(".interruptions button:text-is('Reload')");
      await page.waitForSelector(".interruptions p", { state: "detached" });
    }
    await page.goto(place);
    await page.waitForSelector("#field-problem");
    expect(await page.inputValue("#field-problem")).toBe("Headache");
  });

  it("when a page or a dialog is opened is said until the page is loaded again, by a button: browsers do not try a module twice", async () => {
    const doors = [() => page.click("button:text-is('Note an allergy')"), () => page.evaluate(() => location.assign("#/bench"))];
    const place = page.url();
    for (const open of doors) {
      await page.goto(place);
      await page.reload();
      await page.waitForSelector("#field-problem");
      await page.route(/\/desk\/f\/(note-allergy|bench)\./, (route) => route.abort("internetdisconnected"));
      await open();
      await page.waitForSelector(".interruptions p:has-text('A part of the pages could not be loaded.')");
      await page.unrouteAll({ behavior: "wait" });
      await page.waitForFunction(() => !document.querySelector("dialog, .notice, main [aria-busy=true]"));
      expect(await barriers(page)).toEqual([]);
      await page.click(".interruptions button:text-is('Reload')");
      await page.waitForSelector(".interruptions p", { state: "detached" });
    }
    await page.waitForSelector("[data-page=bench]");
  });

  it("at the start of the pages is said in each language, with a link that tries again; at once, if the texts are what is missing", async () => {
    for (const [file, isKnown] of [
      [/\/desk\/f\/en\./, true],
      [/\/desk\/f\/html\./, false],
    ] as const) {
      await page.route(file, (route) => route.abort("internetdisconnected"));
      await page.goto("about:blank");
      await page.goto(`${hospital.mesh.base}/desk/`);
      await page.waitForSelector("#not-started", { state: "attached" });
      if (!isKnown) expect(await page.isVisible("#not-started")).toBe(false); // they usually start before it could be read
      await page.waitForSelector("#not-started");
      expect(await page.locator("#not-started p").allTextContents()).toEqual([
        "The pages are not loaded. Reload",
        "Les pages ne sont pas chargées. Recharger",
        "لم تُحمَّل الصفحات. إعادة التحميل",
      ]);
      expect(await barriers(page)).toEqual([]);
      await page.unroute(file);
      await page.click("#not-started a:text-is('Recharger')");
      await page.waitForSelector("[data-page=home]");
      expect(await page.isVisible("#not-started")).toBe(false);
    }
  });
});
