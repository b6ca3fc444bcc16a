/** What is unusual, and yet in hospitals: prescriptions without a quantity, rooms with names, addresses that lead to nothing. */
import type { Page } from "playwright-core";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { identity } from "../../services/identity/identity.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { Hospital } from "./pages-hospital.ts";

const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };

describe("what is unusual", () => {
  let hospital: Hospital;
  let patient: string;

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    patient = (await patients.register(operator, { family: "Rossi", given: ["Ada"], gender: "female", birthDate: "1951-03-08" })).patient;
    await pharmacy.receive(operator, { medication: PARACETAMOL, quantity: 80, lot: "L1", expires: "2031-12-31" });
    const rooms = ["301", "B12", "Chambre double", "Box 4", "قاعة الولادة"].map((name) => ({ name, beds: ["A"] }));
    await wards.open(operator, { name: "Medicine", rooms });
  });
  afterAll(() => hospital?.close());

  /** Stores a resource by the page's own token. @returns its id; "" if it was refused */
  const store = (page: Page, resource: object) =>
    page.evaluate(
      async (body) => {
        const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string };
        const headers = { Authorization: `Bearer ${access}`, "Content-Type": "application/fhir+json" };
        const answer = await fetch(`/fhir/${body.resourceType}`, { method: "POST", headers, body: JSON.stringify(body) });
        return answer.status === 201 ? ((await answer.json()) as { id: string }).id : "";
      },
      resource as { resourceType: string },
    );

  it("a prescription without a quantity is handed out in the quantity that is typed; that there is none is said, and not that 0 are left", async () => {
    const pharmacist = await hospital.person("pharmacist", ["pharmacist", "system"]);
    const request = { resourceType: "MedicationRequest", status: "active", intent: "order", subject: { reference: patient } };
    const authoredOn = new Date().toISOString();
    expect(await store(pharmacist, { ...request, authoredOn, medicationCodeableConcept: { coding: [PARACETAMOL] } })).not.toBe("");
    await hospital.show(pharmacist, "dispensary");
    await pharmacist.click("li:has-text('Ada Rossi') button:has-text('Hand out')");
    await pharmacist.waitForSelector("dialog:has-text('80 on the shelf; the prescription names no quantity')");
    expect(await pharmacist.inputValue("#field-dispense-quantity")).toBe("");
    await pharmacist.fill("#field-dispense-quantity", "6");
    await pharmacist.press("#field-dispense-quantity", "Enter");
    await pharmacist.waitForSelector("tr:has-text('Acetaminophen'):has-text('74 units')");
    await pharmacist.context().close();
  });

  it("the number of a room stands after the word, a name that is a word by itself does not", async () => {
    const nurse = await hospital.person("nurse", ["nurse"], { locale: "fr-FR" });
    await hospital.show(nurse, "ward");
    await nurse.waitForSelector("section.room");
    const called = await nurse.locator("section.room h2").allInnerTexts();
    expect(called).toEqual(["Chambre 301", "Chambre B12", "Chambre double", "Box 4", "قاعة الولادة"]);
    await nurse.context().close();
  });

  it("thirty allergies of one patient are all there, within the width of each page that shows them", async () => {
    const { operator } = hospital;
    const clerk = await hospital.person("clerk", ["physician", "system"]);
    const practitioner = `Practitioner/${await store(clerk, { resourceType: "Practitioner", name: [{ text: "Verdi" }] })}`;
    await hospital.account("verdi", ["physician"]);
    await identity.setPractitioner(operator, { user: "verdi", practitioner });
    const physician = await hospital.signIn("verdi");
    const { rooms } = await wards.open(operator, { name: "Surgery", rooms: [{ name: "201", beds: ["A"] }] });
    const { stay, version } = await hospitalizations.admit(operator, {
      patient,
      bed: rooms[0]?.beds[0]?.location ?? "",
      reason: "Anaemia",
    });
    const of = { resourceType: "AllergyIntolerance", patient: { reference: patient } };
    const active = { system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" };
    for (let index = 1; index <= 30; index += 1) {
      expect(await store(clerk, { ...of, clinicalStatus: { coding: [active] }, code: { text: `Allergen number ${index}` } })).not.toBe("");
    }
    const timing = { frequency: 2, period: 1, periodUnit: "d" as const, from: new Date().toISOString() };
    await pharmacy.prescribe(operator, { patient, medication: PARACETAMOL, quantity: 9, dosage: "1 tablet", timing });
    await hospitalizations.setPhysician(operator, { stay, version, physician: practitioner });
    const [, id = ""] = patient.split("/");
    for (const place of ["mine", "ward", "round", `chart/${id}`]) {
      await hospital.show(physician, place);
      if (place === "ward") await physician.selectOption("#ward", { label: "Surgery" });
      if (place === "round") await physician.selectOption("#round-ward", { label: "Surgery" });
      for (const width of [1280, 320]) {
        await physician.setViewportSize({ width, height: 740 });
        await physician.waitForSelector(":text('Allergen number 30')");
        const over = await physician.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect([place, width, over]).toEqual([place, width, 0]);
      }
    }
    await Promise.all([physician, clerk].map((page) => page.context().close()));
  });

  it("a Latin name that is longer than its place in a list is seen from its beginning, on a page in Arabic too", async () => {
    const nurse = await hospital.person("nurse-in-arabic", ["nurse"], { locale: "ar-DZ", viewport: { width: 360, height: 740 } });
    await hospital.show(nurse, "ward");
    const long = "medicine, geriatrics and palliative care, Ibn Sina building, the";
    await nurse.evaluate(
      (names) => {
        const choice = document.createElement("select");
        choice.id = "long-names";
        choice.style.cssText = "position: fixed; inset: 0 auto auto 0; z-index: 9; width: 300px";
        choice.append(...names.map((name) => new Option(name, name)));
        document.body.append(choice); // of its own, so that nothing else changes it
      },
      [`Internal ${long} third floor`, `Internal ${long} fourth floor`, `External ${long} third floor`],
    );
    const seen: string[] = [];
    for (const index of [0, 1, 2]) {
      await nurse.evaluate((at) => {
        (document.querySelector("#long-names") as HTMLSelectElement).selectedIndex = at;
      }, index);
      seen.push((await nurse.locator("#long-names").screenshot()).toString("base64"));
    }
    expect([seen[1] === seen[0], seen[2] === seen[0]]).toEqual([true, false]); // the floor is cut off, "Internal" is not
    await nurse.context().close();
  });

  it.each(["..", ".", "a/b", "%2E%2E", "x?_summary=true", "none"])("the address of no record, #/chart/%s, shows none", async (address) => {
    const physician = await hospital.person(`physician-${address.length}-${address.codePointAt(0)}`, ["physician"]);
    await physician.evaluate((to) => location.assign(to), `#/chart/${address}`);
    await physician.waitForSelector(".not-known:has-text('It is not there any more')");
    expect(await physician.locator(".banner").count()).toBe(0);
    await physician.context().close();
  });
});
