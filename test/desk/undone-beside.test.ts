/** What is taken back while something else is open leaves that as it is: who undoes is in the middle of the next piece of work. */
import type { Page } from "playwright-core";
import { ownerOf } from "../../federation/owner-contract.ts";
import { identity } from "../../services/identity/identity.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { Hospital } from "./pages-hospital.ts";

const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };

describe("what is undone while something else is open", () => {
  let hospital: Hospital;
  let patient: string;
  const undo = async (page: Page) => {
    await page.keyboard.press("Alt+z");
    await page.waitForSelector('.notice:has-text("It is undone.")');
  };
  /** It is there after the undo, as it was typed. */
  const stays = async (page: Page, field: string, text: string) => {
    await page.fill(field, text);
    await undo(page);
    expect(await page.inputValue(field)).toBe(text);
  };

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    ({ patient } = await patients.register(operator, { family: "Rossi", given: ["Ada"], gender: "female", birthDate: "1951-03-08" }));
    const { patient: other } = await patients.register(operator, { family: "Verdi", given: ["Bruno"], gender: "male" });
    for (const one of [patient, other]) await visits.open(operator, { patient: one, reason: "Fever" });
    await patients.register(operator, { family: "Neri", given: ["Carla"], gender: "female", birthDate: "1980-01-01" });
    await wards.open(operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A"] }] });
    const had = { resourceType: "Medication", id: "had", status: "active", code: { coding: [PARACETAMOL] } };
    await ownerOf("pharmacy").write(operator, { steps: [{ op: "create", type: "Medication", id: "had", text: JSON.stringify(had) }] });
    for (const lot of ["FIRST", "SECOND"]) {
      await pharmacy.receive(operator, { medication: PARACETAMOL, quantity: 100, lot, expires: "2099-01-01" });
    }
    for (const login of ["nurse", "clerk"]) {
      await identity.createUser(operator, { login: `${login}-of-old`, name: login, roles: ["nurse"], isForTrying: true });
    }
  });
  afterAll(() => hospital?.close());

  it("keeps the patient at the front desk, and the reason for cancelling another visit", async () => {
    const clerk = await hospital.person("clerk", ["front-desk"]);
    await hospital.show(clerk, "desk");
    const cancel = (name: string) => clerk.click(`#part-queue li:has-text('${name}') button:has-text('Cancel')`);
    await cancel("Ada Rossi");
    await clerk.fill("#field-cancel-reason", "the wrong line");
    await clerk.press("#field-cancel-reason", "Enter");
    await clerk.waitForSelector("#part-queue li:has-text('Ada Rossi')", { state: "detached" });
    await cancel("Bruno Verdi");
    await stays(clerk, "#field-cancel-reason", "has gone home");
    await clerk.keyboard.press("Escape");

    await clerk.reload();
    await hospital.show(clerk, "desk");
    const pick = async (name: string) => {
      await clerk.fill("#desk-search", name);
      await clerk.click(`[role=option]:has-text('${name}')`);
      await clerk.waitForSelector("#field-reason");
    };
    await pick("Neri");
    await clerk.fill("#field-reason", "by mistake");
    await clerk.press("#field-reason", "Enter");
    await clerk.waitForSelector(".notice:has-text('A visit of Carla Neri is open.')");
    await pick("Rossi");
    await stays(clerk, "#field-reason", "Cough");
  });

  it("keeps another account's roles, a role that is being described, and a link that is shown once", async () => {
    const chief = await hospital.person("chief", ["administrator"]);
    await hospital.show(chief, "administration");
    const change = (login: string) => chief.click(`section[aria-label='Accounts'] tr:has-text('${login}') button:has-text('Change')`);
    const midwife = "dialog .choice:has-text('midwife') input";
    const make = async (login: string) => {
      await change(login);
      await chief.check(midwife);
      await chief.click("dialog button:text-is('Store')");
      await chief.waitForSelector("dialog", { state: "detached" });
    };
    await make("nurse-of-old");
    await change("clerk-of-old");
    await chief.check("dialog .choice:has-text('pharmacist') input");
    await undo(chief);
    expect(await chief.isChecked("dialog .choice:has-text('pharmacist') input")).toBe(true);
    await chief.keyboard.press("Escape");
    await chief.reload();
    await hospital.show(chief, "administration");
    await make("nurse-of-old");
    await change("clerk-of-old");
    await chief.click("dialog button:has-text('password')");
    await chief.waitForSelector("dialog code.link");
    await chief.click("dialog .notice:has-text('nurse-of-old') button:has-text('Undo')"); // the key means the last step, which is none to undo
    await chief.waitForSelector('.notice:has-text("It is undone.")');
    expect(await chief.locator("dialog code.link").count()).toBe(1);
    await chief.keyboard.press("Escape");

    await chief.reload();
    await hospital.show(chief, "administration");
    await chief.click("section[aria-label='Roles'] tr:has-text('midwife') button");
    await chief.fill("#field-role-says", "Attends births.");
    await chief.fill("#field-role-reason", "a better sentence");
    await chief.click("dialog button:text-is('Store')");
    await chief.waitForSelector("dialog", { state: "detached" });
    await chief.click("section[aria-label='Roles'] tr:has-text('pharmacist') button");
    await stays(chief, "#field-role-reason", "another reason");
  });

  it("keeps the count of another lot, and a delivery", async () => {
    const pharmacist = await hospital.person("pharmacist", ["pharmacist"]);
    await hospital.show(pharmacist, "dispensary");
    await pharmacist.click("#part-shelf button.name");
    const count = (lot: string) => pharmacist.click(`dialog tr:has-text('${lot}') button:has-text('Count')`);
    await count("FIRST");
    await pharmacist.fill("#field-count-quantity", "90");
    await pharmacist.press("#field-count-quantity", "Enter");
    await pharmacist.waitForSelector("#field-count-quantity", { state: "detached" });
    await count("SECOND");
    await stays(pharmacist, "#field-count-quantity", "80");
    await pharmacist.keyboard.press("Escape");

    await pharmacist.reload();
    await hospital.show(pharmacist, "dispensary");
    const deliver = async (quantity: string) => {
      await pharmacist.click("#part-shelf button:has-text('Delivery')");
      await pharmacist.fill("#field-delivery-medication", PARACETAMOL.display);
      await pharmacist.fill("#field-delivery-quantity", quantity);
    };
    await deliver("5");
    await pharmacist.press("#field-delivery-quantity", "Enter");
    await pharmacist.waitForSelector("dialog", { state: "detached" });
    await deliver("7");
    await stays(pharmacist, "#field-delivery-lot", "THIRD");
  });

  it("keeps a note that is being amended", async () => {
    const physician = await hospital.person("physician", ["physician"]);
    await hospital.show(physician, `chart/${patient.split("/")[1]}`);
    for (const text of ["First.", "By mistake."]) {
      await physician.fill("#field-note", text);
      await physician.press("#field-note", "Control+Enter");
      await physician.waitForSelector(`article:has-text("${text}")`);
    }
    await physician.click("article:has-text('First.') button:has-text('Edit')");
    await stays(physician, "#field-note", "First, and more.");
    expect(hospital.complaints).toEqual([]);
  });
});
