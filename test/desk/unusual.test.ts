/** What is unusual, and yet in hospitals: prescriptions without a quantity, rooms with names, addresses that lead to nothing. */
import type { Page } from "playwright-core";
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
  }, 60_000);
  afterAll(() => hospital?.close());

  /** Stores a resource by the page's own token. */
  const store = (page: Page, resource: object) =>
    page.evaluate(async (body) => {
      const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string };
      const headers = { Authorization: `Bearer ${access}`, "Content-Type": "application/fhir+json" };
      return (await fetch("/fhir/MedicationRequest", { method: "POST", headers, body: JSON.stringify(body) })).status;
    }, resource);

  it("a prescription without a quantity is handed out in the quantity that is typed; that there is none is said, and not that 0 are left", async () => {
    const pharmacist = await hospital.person("pharmacist", ["pharmacist", "system"]);
    const request = { resourceType: "MedicationRequest", status: "active", intent: "order", subject: { reference: patient } };
    const authoredOn = new Date().toISOString();
    expect(await store(pharmacist, { ...request, authoredOn, medicationCodeableConcept: { coding: [PARACETAMOL] } })).toBe(201);
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

  it("a Latin name that is longer than its place in a list is seen from its beginning, on a page in Arabic too", async () => {
    const nurse = await hospital.person("nurse-in-arabic", ["nurse"], { locale: "ar-DZ", viewport: { width: 360, height: 740 } });
    await hospital.show(nurse, "ward");
    const long = "medicine, geriatrics and palliative care, Ibn Sina building, the";
    const wide = await nurse.evaluate(
      (names) => {
        const choice = document.querySelector("#ward") as HTMLSelectElement;
        choice.replaceChildren(...names.map((name) => new Option(name, name)));
        return choice.getBoundingClientRect().width;
      },
      [`Internal ${long} third floor`, `Internal ${long} fourth floor`, `External ${long} third floor`],
    );
    expect(wide).toBeLessThan(340);
    const seen: string[] = [];
    for (const index of [0, 1, 2]) {
      await nurse.evaluate((at) => {
        (document.querySelector("#ward") as HTMLSelectElement).selectedIndex = at;
      }, index);
      seen.push((await nurse.locator("#ward").screenshot()).toString("base64"));
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
