/** Vital signs among the results of a chart: in a group of their own, with their times, and both blood pressures as curves. */
import type { Page } from "playwright-core";
import { patients } from "../../services/patients/patients.contract.ts";
import { Hospital, speak } from "./pages-hospital.ts";

const LOINC = "http://loinc.org";
const MINUTE_MS = 60_000;

describe("in a chart", () => {
  let hospital: Hospital;
  let physician: Page;

  beforeAll(async () => {
    hospital = await Hospital.open();
    physician = await hospital.person("physician", ["physician", "system"]);
  });
  afterAll(() => hospital?.close());

  const kind = (code: string) => ({
    category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code }] }],
  });
  const mmHg = (code: string, value: number) => ({ code: { coding: [{ system: LOINC, code }] }, valueQuantity: { value, unit: "mmHg" } });
  const pressure = (at: string, systolic: number, diastolic: number) =>
    observation("85354-9", "Blood pressure", {
      ...kind("vital-signs"),
      ...measuredAt(at),
      component: [mmHg("8480-6", systolic), mmHg("8462-4", diastolic)],
    });
  const measuredAt = (effectiveDateTime: string) => ({ effectiveDateTime });
  const observation = (code: string, display: string, more: object) => ({
    resourceType: "Observation",
    status: "final",
    code: { coding: [{ system: LOINC, code, display }], text: display },
    ...more,
  });
  const agoIso = (minutes: number) => new Date(Date.now() - minutes * MINUTE_MS).toISOString();

  /** A new patient with these results, whose chart is shown. */
  const shown = async (family: string, observations: object[]) => {
    const { patient } = await patients.register(hospital.operator, { family, given: ["Ada"], gender: "female", birthDate: "1951-03-08" });
    const all = observations.map((one) => ({ ...one, subject: { reference: patient } }));
    const stored = await physician.evaluate(async (resources) => {
      const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string };
      const headers = { Authorization: `Bearer ${access}`, "Content-Type": "application/fhir+json" };
      const send = (one: object) => fetch("/fhir/Observation", { method: "POST", headers, body: JSON.stringify(one) });
      return (await Promise.all(resources.map(send))).map(({ status }) => status);
    }, all);
    expect(new Set(stored)).toEqual(new Set([201]));
    await hospital.show(physician, `chart/${patient.split("/")[1]}`);
  };
  const names = () => physician.locator("#part-results tbody th").allTextContents();

  it("vital signs stand before the laboratory's results, and those before all others, each under its heading", async () => {
    await shown("Rossi", [
      observation("72166-2", "Tobacco smoking status", { ...measuredAt(agoIso(1)), valueString: "never" }),
      observation("718-7", "Hemoglobin", { ...kind("laboratory"), ...measuredAt(agoIso(2)), valueQuantity: { value: 9.8, unit: "g/dL" } }),
      observation("8867-4", "Heart rate", { ...kind("vital-signs"), ...measuredAt(agoIso(3)), valueQuantity: { value: 72, unit: "/min" } }),
    ]);
    expect(await names()).toEqual([
      "Vital signs",
      "Pulse",
      "Laboratory",
      "Hemoglobin [Mass/volume] in Blood",
      "Other findings",
      "Tobacco smoking status",
    ]);
    await speak(physician, "fr");
    await physician.waitForSelector("#part-results .group:has-text('Signes vitaux')");
    await speak(physician, "en");
  });

  it("results of one kind have no heading, and those of today and yesterday have their time", async () => {
    await shown("Verdi", [
      observation("718-7", "Hemoglobin", { ...kind("laboratory"), ...measuredAt(agoIso(5)), valueQuantity: { value: 9.8, unit: "g/dL" } }),
      observation("777-3", "Platelets", {
        ...kind("laboratory"),
        ...measuredAt("2026-01-01T12:00:00Z"),
        valueQuantity: { value: 230, unit: "/nL" },
      }),
    ]);
    expect((await names()).length).toBe(2);
    const when = (await physician.locator("#part-results tbody td.nowrap").allTextContents()).map((text) => /\d\d:\d\d/.test(text));
    expect(when).toEqual([true, false]);
  });

  it("several blood pressures are a curve of both, and a table", async () => {
    await shown("Neri", [pressure("2026-01-01T08:00:00Z", 150, 92), pressure("2026-01-02T08:00:00Z", 140, 85)]);
    await physician.click("#part-results tr:has-text('140/85') button");
    await physician.waitForSelector("dialog .curve canvas");
    const label = await physician.getAttribute("dialog .curve", "aria-label");
    expect([label, await physician.locator("dialog tbody tr").count()]).toEqual(["Blood pressure", 2]);
    await physician.keyboard.press("Escape");
  });

  it("vital signs that were measured earlier are noted with their time, others with the present one", async () => {
    await shown("Galli", [pressure("2026-01-01T08:00:00Z", 150, 92)]);
    const note = async (name: string, value: string, time: string) => {
      await physician.click("button:has-text('Note vital signs')");
      await physician.fill(`#field-vital-${name}`, value);
      await physician.fill("#field-vital-time", time);
      await physician.press("#field-vital-time", "Enter");
      await physician.waitForSelector("dialog[open]", { state: "detached" });
    };
    await note("8310-5", "38.5", "0001");
    await physician.waitForSelector("#part-results tr:has-text('38.5'):has-text('00:01')");
    await note("8867-4", "72", "");
    expect(await physician.textContent("#part-results tr:has-text('Pulse') td.nowrap")).toMatch(/\d\d:\d\d/);
  });

  it("the labels of a curve over years do not overlap, in the language with the longest months", async () => {
    await shown(
      "Bianchi",
      [2012, 2018, 2021].map((year) => pressure(`${year}-02-20T08:00:00Z`, 150, 92)),
    );
    await speak(physician, "fr");
    await physician.evaluate(() => {
      const drawn: { text: string; x: number; y: number; width: number }[] = [];
      const { fillText } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.fillText = function (this: CanvasRenderingContext2D, text, x, y, most) {
        drawn.push({ text, x, y, width: this.measureText(text).width });
        fillText.call(this, text, x, y, most);
      };
      Object.assign(globalThis, { drawn });
    });
    await physician.click("#part-results tr:has-text('150/92') button");
    await physician.waitForSelector("dialog .curve canvas");
    const labels = await physician.evaluate(() => (globalThis as unknown as { drawn: { text: string; x: number; width: number }[] }).drawn);
    const months = labels.filter(({ text }) => /\d{4}$/.test(text)).sort((a, b) => a.x - b.x);
    expect(months.length).toBeGreaterThan(2);
    const overlapping = months.filter(({ x, width }, index) => {
      const next = months[index + 1];
      return next !== undefined && next.text !== months[index]?.text && x + width / 2 + 4 > next.x - next.width / 2;
    });
    expect(overlapping).toEqual([]);
    await physician.keyboard.press("Escape");
    // On a phone there are labels of years too.
    const { width, height } = physician.viewportSize() ?? { width: 1280, height: 800 };
    await physician.setViewportSize({ width: 330, height: 740 });
    await physician.evaluate(() => {
      (globalThis as unknown as { drawn: unknown[] }).drawn.length = 0;
    });
    await physician.click("#part-results tr:has-text('150/92') button");
    await physician.waitForSelector("dialog .curve canvas");
    const few = await physician.evaluate(() => (globalThis as unknown as { drawn: { text: string }[] }).drawn.map(({ text }) => text));
    expect(few.filter((text) => /^\d\d:\d\d$/.test(text))).toEqual([]);
    expect(few.filter((text) => /20\d\d$/.test(text)).length).toBeGreaterThan(1);
    await physician.keyboard.press("Escape");
    await physician.setViewportSize({ width, height });
    await speak(physician, "en");
  });

  it("what happened stands below what happened, whatever the length of its time", async () => {
    await shown("Conti", [pressure("2026-01-01T08:00:00Z", 150, 92), pressure("2025-12-30T18:30:00Z", 140, 85)]);
    const lefts = await physician.$$eval("#part-timeline .what", (all) => all.map((one) => one.getBoundingClientRect().left));
    expect(lefts.length).toBeGreaterThan(1);
    expect(new Set(lefts).size).toBe(1);
  });
});
