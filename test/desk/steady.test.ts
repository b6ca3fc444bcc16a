/** While a part of a page is being loaded, what is on the page stays where it is. */
import type { Page } from "playwright-core";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { heldBack } from "./held-back.ts";
import { Hospital } from "./pages-hospital.ts";

/** What is below the results of a chart. */
const BELOW = "section.panel:is([aria-label='Notes'], [aria-label='Timeline'])";

describe("a part of a page that is being loaded", () => {
  let hospital: Hospital;
  let patient: string;

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    patient = (await patients.register(operator, { family: "Rossi", given: ["Ada"], gender: "female", birthDate: "1951-03-08" })).patient;
    const { panels } = await lab.listCatalogue(operator, {});
    const code = "58410-2";
    const { order } = await lab.orderPanel(operator, { patient, code });
    const tests = panels.find((one) => one.code === code)?.tests ?? [];
    await lab.enter(operator, { order, results: tests.map((test) => ({ code: test, value: 12 })) });
    await lab.release(operator, { order });
    await wards.open(operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A", "B"] }] });
    await wards.open(operator, { name: "Surgery", rooms: [{ name: "201", beds: ["A"] }] });
  });
  afterAll(() => hospital?.close());

  const opacities = (page: Page) => page.$$eval(BELOW, (all) => all.map((one) => getComputedStyle(one).opacity));

  it("is seen before what is below it, which is then where it stays", async () => {
    const physician = await hospital.person("physician", ["physician"]);
    const release = await heldBack(physician, /fhir\/Observation\?/);
    const session = await physician.context().newCDPSession(physician);
    await session.send("Animation.enable");
    await session.send("Animation.setPlaybackRate", { playbackRate: 0 }); // the longest wait does not end
    await physician.evaluate((to) => location.assign(to), `#/chart/${patient.split("/")[1]}`);
    await physician.waitForSelector("section.panel[aria-label='Timeline']");
    // The others have their places by then: only the results are still to come.
    await physician.waitForFunction(() =>
      [...document.querySelectorAll('[aria-busy="true"]')].every((one) => one.getAttribute("aria-label") === "Results"),
    );
    const seen = await opacities(physician);
    expect(seen.length).toBeGreaterThan(1);
    expect(new Set(seen)).toEqual(new Set(["0"]));
    const moved = physician.evaluate(
      () =>
        new Promise<number>((resolve) => {
          let sum = 0;
          const shifts = new PerformanceObserver((list) => {
            for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[]) sum += entry.value;
          });
          shifts.observe({ type: "layout-shift" });
          const look = () => {
            if (document.querySelector('[aria-busy="true"]')) requestAnimationFrame(look);
            else requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
          };
          look();
        }),
    );
    release();
    expect(await moved).toBeLessThan(0.01);
    expect(new Set(await opacities(physician))).toEqual(new Set(["1"]));
    await physician.context().close();
  });

  it("keeps nothing from sight for longer than two seconds", async () => {
    const physician = await hospital.person("another", ["physician"]);
    const release = await heldBack(physician, /fhir\/Observation\?/);
    await physician.evaluate((to) => location.assign(to), `#/chart/${patient.split("/")[1]}`);
    await physician.waitForSelector("section.panel[aria-label='Timeline']");
    const durations = await physician.evaluate(async () => {
      const all = document.getAnimations();
      // One of a part whose turn has come earlier is given up.
      await Promise.allSettled(all.map(({ finished }) => finished));
      return all.map(({ effect }) => effect?.getComputedTiming().duration);
    });
    expect(new Set(durations)).toEqual(new Set([2_000]));
    expect(new Set(await opacities(physician))).toEqual(new Set(["1"]));
    release();
    await physician.context().close();
  });

  it("keeps its height when another content is chosen in it, and what was chosen", async () => {
    const nurse = await hospital.person("nurse", ["nurse"]);
    await hospital.show(nurse, "census");
    const panel = nurse.locator("section.panel:has(table)").first();
    await nurse.selectOption("#field-census-ward", { label: "Surgery" });
    const before = (await panel.boundingBox())?.height ?? 0;
    const release = await heldBack(nurse, /wards\/census/);
    await nurse.fill("#field-census-from", "1/2/2026");
    await nurse.press("#field-census-from", "Tab");
    await nurse.waitForSelector('section.panel[aria-busy="true"]');
    const busy = nurse.locator('section.panel[aria-busy="true"]').first();
    expect((await busy.boundingBox())?.height).toBeCloseTo(before, 0);
    expect(await nurse.locator("#field-census-ward option:checked").textContent()).toBe("Surgery");
    release();
    await nurse.waitForFunction(() => !document.querySelector('[aria-busy="true"]'));
    await nurse.context().close();
  });
});
