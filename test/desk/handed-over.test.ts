/** The hand-over list: at the change of shift a nurse tells the next one about each patient of the ward, on the screen and on paper. */
import type { Page } from "playwright-core";
import { ownerOf } from "../../federation/owner-contract.ts";
import { readConfig } from "../../mesh/config.ts";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { identity } from "../../services/identity/identity.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { loadServices } from "../../services/systems.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

const HOUR_MS = 3_600_000;
/** Beds of the ward, of which all but one are taken. */
const BEDS = 28;
const POINTS_OF_MM = 72 / 25.4;

describe("the hand-over list of a ward", () => {
  let hospital: Hospital;
  let nurse: Page;
  let ward: string;
  /** Of Ada Rossi in 101 A, Bruno Verdi in 101 B, and Carla Bianchi without a bed. */
  let stays: string[];
  const row = (name: string, text = "") => `tbody tr:has-text("${name}"):has-text("${text}")`;
  const said = (text: string) => nurse.waitForSelector(`.notice:has-text("${text}")`);
  const textOf = async (selector: string) => ((await nurse.textContent(selector)) ?? "").replaceAll(/[\u2066-\u2069]/g, "");
  const create = (owner: string, resource: { resourceType: string; id: string; [element: string]: unknown }) =>
    ownerOf(owner).write(hospital.operator, {
      steps: [{ op: "create", type: resource.resourceType, id: resource.id, text: JSON.stringify(resource) }],
    });

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    const bedNames = (from: number) => Array.from({ length: BEDS / 2 }, (_, index) => String.fromCharCode(from + index));
    const opened = await wards.open(operator, {
      name: "Medicine",
      rooms: [
        { name: "101", beds: bedNames(65) },
        { name: "102", beds: bedNames(65) },
      ],
    });
    ward = opened.location;
    const beds = opened.rooms.flatMap((room) => room.beds.map(({ location }) => location));
    const since = new Date(Date.now() - 40 * HOUR_MS).toISOString();
    const admit = async (family: string, given: string, place: { bed?: string; ward?: string }, more: object = {}) => {
      const known = { family, given: [given], gender: "female" as const, birthDate: "1951-03-08", confirm: "another", ...more };
      const { patient } = await patients.register(operator, known);
      return hospitalizations.admit(operator, { patient, reason: "Anaemia", at: since, lateReason: "power cut", ...place });
    };
    const otherNames = [{ family: "روسي", given: ["آدا"] }];
    const ada = await admit("Rossi", "Ada", { bed: beds[0] ?? "" }, { otherNames });
    const bruno = await admit("Verdi", "Bruno", { bed: beds[1] ?? "" });
    const carla = await admit("Bianchi", "Carla", { ward });
    stays = [ada.stay, bruno.stay, carla.stay];
    for (const [index, bed] of beds.slice(2, -1).entries()) await admit(`Neri${String.fromCharCode(97 + index)}`, "Dora", { bed });
    await create("records", {
      resourceType: "AllergyIntolerance",
      id: "penicillin",
      patient: { reference: ada.patient },
      code: { text: "Penicillin" },
      clinicalStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] },
    });
    const ago = (hours: number) => ({ at: new Date(Date.now() - hours * HOUR_MS).toISOString(), lateReason: "power cut" });
    await hospitalizations.handOver(operator, { stay: ada.stay, text: "slept badly", ...ago(30) });
    await hospitalizations.handOver(operator, { stay: ada.stay, text: "ate nothing", ...ago(20) });
    await hospitalizations.handOver(operator, { stay: bruno.stay, text: "walks alone", ...ago(1) });
    await create("records", {
      resourceType: "Communication",
      id: "mistake",
      status: "entered-in-error",
      category: [{ coding: [{ system: "urn:openward:communication-category", code: "hand-over" }] }],
      subject: { reference: bruno.patient },
      encounter: { reference: bruno.stay },
      sent: new Date().toISOString(),
      payload: [{ contentString: "of another patient" }],
    });
    await create("personnel", { resourceType: "Practitioner", id: "amrani", active: true, name: [{ family: "Amrani", given: ["Nora"] }] });
    const { user } = await hospital.account("nurse", ["nurse"]);
    await identity.setPractitioner(operator, { user: user.id, practitioner: "Practitioner/amrani" });
    nurse = await hospital.signIn("nurse");
  });
  afterAll(() => hospital?.close());

  it("is one click from the ward board, and has each patient with what the next shift must know", async () => {
    await hospital.show(nurse, "ward");
    await nurse.click("a:text-is('Hand-over list')");
    await nurse.waitForSelector("[data-page=hand-over] .number"); // the numbers come from the records of the patients
    for (const note of ["ate nothing", "walks alone", "Nothing was handed over yet."]) {
      await nurse.waitForSelector(`tbody tr:has-text("${note}")`);
    }
    const shown = await nurse.$$eval("tbody tr", (rows) => rows.map((one) => (one.textContent ?? "").replaceAll(/[\u2066-\u2069]/g, "")));
    expect(shown).toHaveLength(BEDS);
    for (const part of ["101\u00a0· A", "Ada Rossi", "آدا روسي", "8 Mar 1951", "day ", "Anaemia", "Physician: nobody yet", "Penicillin"]) {
      expect(shown[0]).toContain(part);
    }
    expect(await nurse.textContent(`${row("Ada Rossi")} bdi[lang=ar]`)).toContain("آدا روسي"); // a voice for Latin letters cannot read it
    expect(await nurse.locator(`${row("Bruno Verdi")} [lang]`).count()).toBe(0);
    expect(shown[0]).toMatch(/ate nothing.*more than 12 hours old/s);
    expect(shown[0]).not.toContain("slept badly");
    expect(shown[1]).toMatch(/101\u00a0· B.*Bruno Verdi.*No allergy is recorded.*walks alone/s);
    expect(shown[1]).not.toMatch(/hours old|of another patient/);
    expect(shown[2]).toContain("Nothing was handed over yet.");
    expect(shown.at(-1)).toMatch(/no bed.*Carla Bianchi/s);
    expect(await barriers(nurse)).toEqual([]);
  });

  it("is written in row by row, without losing the place, and shows what a colleague writes", async () => {
    await nurse.locator(row("Carla Bianchi")).scrollIntoViewIfNeeded();
    const top = () => nurse.evaluate(() => document.scrollingElement?.scrollTop ?? 0);
    const before = await top();
    expect(before).toBeGreaterThan(0);
    await hospital.step("hand over the next patient of the ward, in its list", nurse, async () => {
      await nurse.click(`${row("Carla Bianchi")} button`);
      await nurse.fill("#field-hand-over", "waits for a bed");
      await nurse.press("#field-hand-over", "Enter");
      await said("The hand-over about Carla Bianchi is written.");
    });
    await nurse.waitForSelector(row("Carla Bianchi", "waits for a bed"));
    expect(await textOf(row("Carla Bianchi"))).toContain("Nora Amrani");
    expect(Math.abs((await top()) - before)).toBeLessThan(50); // by the line that the note adds
    const hasFocus = (name: string) => nurse.evaluate((who) => document.activeElement?.closest("tr")?.textContent?.includes(who), name);
    expect(await hasFocus("Carla Bianchi")).toBe(true);
    await nurse.keyboard.press("Enter"); // what is typed is kept until it is sent
    await nurse.fill("#field-hand-over", "has a bed from six");
    await nurse.reload();
    await nurse.click(`${row("Carla Bianchi")} button`);
    expect(await nurse.inputValue("#field-hand-over")).toBe("has a bed from six");
    expect(await barriers(nurse)).toEqual([]);
    await nurse.keyboard.press("Escape");
    await nurse.click(`${row("Bruno Verdi")} button`);
    await nurse.waitForSelector("dialog li:has-text('walks alone')");
    expect(await nurse.textContent("dialog")).not.toContain("of another patient");
    await nurse.keyboard.press("Escape");
    const colleague = await hospital.person("samira.kaci", ["nurse"]); // who is not linked to a Practitioner
    await hospital.show(colleague, `hand-over/${ward.split("/")[1]}`);
    await colleague.click(`${row("Bruno Verdi")} button`);
    await colleague.fill("#field-hand-over", "fell in the corridor");
    await colleague.press("#field-hand-over", "Enter");
    await nurse.waitForSelector(row("Bruno Verdi", "fell in the corridor"));
    expect(await textOf(row("Bruno Verdi"))).toContain("samira.kaci");
    await colleague.context().close();
    expect(await textOf(row("Bruno Verdi"))).not.toContain("walks alone");
  });

  it("finds the latest note about each patient, however much was written since about another", async () => {
    const steps = Array.from({ length: 250 }, (_, index) => {
      const note = {
        resourceType: "Communication",
        id: `many-${index}`,
        status: "completed",
        category: [{ coding: [{ system: "urn:openward:communication-category", code: "hand-over" }] }],
        encounter: { reference: stays[0] },
        sent: new Date().toISOString(),
        payload: [{ contentString: `pressure ${index}` }],
      };
      return { op: "create" as const, type: "Communication", id: note.id, text: JSON.stringify(note) };
    });
    await ownerOf("records").write(hospital.operator, { steps });
    await nurse.waitForSelector(row("Ada Rossi", "pressure"));
    expect(await textOf(row("Bruno Verdi"))).toContain("fell in the corridor");
    expect(await textOf(row("Neria"))).toContain("Nothing was handed over yet.");
  });

  it("is printed on A4 with its head on each sheet, each patient whole, who printed it, and nothing to press", async () => {
    await hospital.show(nurse, `hand-over/${ward.split("/")[1]}`);
    await nurse.emulateMedia({ media: "print" });
    const head = await textOf("thead .on-paper");
    for (const part of ["Medicine", `${BEDS} patients`, "Printed", "nurse"]) expect(head).toContain(part);
    const look = (selector: string, property: string) =>
      nurse.$eval(selector, (one, name) => getComputedStyle(one).getPropertyValue(name), property);
    expect(await Promise.all([look("thead", "display"), look("tbody tr", "break-inside"), look("thead .on-paper", "display")])).toEqual([
      "table-header-group",
      "avoid",
      "table-row",
    ]);
    expect(await nurse.locator(":is(button, select, .ward-bar):visible").count()).toBe(0);
    const pdf = (await nurse.pdf({ preferCSSPageSize: true })).toString("latin1");
    const sheets = [...pdf.matchAll(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g)].map(([, ...size]) =>
      size.map((points) => Math.round(Number(points) / POINTS_OF_MM)),
    );
    expect(sheets.length).toBeGreaterThan(1);
    expect(sheets.length).toBeLessThan(5);
    expect(new Set(sheets.map(String))).toEqual(new Set(["210,297"]));
    await nurse.emulateMedia({ media: "screen" });
    await wards.open(hospital.operator, { name: "Surgery", rooms: [{ name: "201", beds: ["A"] }] });
    await nurse.reload();
    await nurse.selectOption("#hand-over-ward", { label: "Surgery" });
    await nurse.waitForSelector("main:has-text('Nobody is in this ward.')");
    expect(await nurse.locator("main button").count()).toBe(0);
    await nurse.selectOption("#hand-over-ward", { label: "Medicine" });
    await nurse.waitForSelector("tbody");
    expect(await nurse.locator("thead .on-paper").isVisible()).toBe(false);
    expect(hospital.complaints).toEqual([]);
  });

  it("shows a role without the right to notes and allergies who lies where, and says that the rest is not known to it", async () => {
    const clerk = await hospital.person("clerk", ["front-desk"]);
    await hospital.show(clerk, "hand-over");
    const first = (await clerk.textContent(row("Ada Rossi"))) ?? "";
    expect(first.replaceAll(/[\u2066-\u2069]/g, "")).toMatch(/allergies.*not known/);
    expect(first).not.toMatch(/Penicillin|ate nothing|No allergy is recorded|Nothing was handed over/);
    await clerk.waitForSelector(".not-known:has-text('Your role does not allow this.')");
    expect(await clerk.locator("tbody button").count()).toBe(0);
    expect(hospital.complaints).toEqual([]); // what is not offered is not asked for
    await clerk.context().close();
  });

  it("does not say that nothing was handed over while the service with the notes is silent", async () => {
    const { caller } = hospital.mesh;
    await caller.destroyService(caller.getLocalService("records"));
    try {
      await hospital.show(nurse, "home");
      await hospital.show(nurse, "hand-over");
      await nurse.waitForSelector(row("Bruno Verdi", "not known"));
      const shown = await textOf("tbody");
      expect(shown).not.toMatch(/Nothing was handed over|No allergy is recorded/);
      expect(shown).toContain("Anaemia");
    } finally {
      for (const schema of await loadServices({ ...readConfig(), services: ["records"] })) caller.createService(schema);
      await caller.waitForServices("records");
    }
    await nurse.waitForSelector(row("Bruno Verdi", "fell in the corridor"));
  });
});
