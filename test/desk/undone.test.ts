/** What was done by mistake and is taken back: by a key where the rules allow it; where not, the page says so before. */
import type { Page } from "playwright-core";
import { ownerOf } from "../../federation/owner-contract.ts";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { identity } from "../../services/identity/identity.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { Hospital } from "./pages-hospital.ts";

const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };

describe("what was done by mistake", () => {
  let hospital: Hospital;
  let patient: string;
  const said = (page: Page, text: string) => page.waitForSelector(`.notice:has-text("${text}")`);
  const undo = async (page: Page) => {
    // What was undone before is said still: it would be taken for this.
    await page.evaluate(() => {
      for (const notice of document.querySelectorAll(".notice")) {
        if (notice.textContent?.includes("It is undone.")) notice.querySelector<HTMLElement>("button[aria-label='Close']")?.click();
      }
    });
    await page.waitForSelector('.notice:has-text("It is undone.")', { state: "detached" });
    await page.keyboard.press("Alt+z");
    await said(page, "It is undone.");
  };

  beforeAll(async () => {
    hospital = await Hospital.open();
    ({ patient } = await patients.register(hospital.operator, { family: "Rossi", given: ["Ada"], gender: "female" }));
  });
  afterAll(() => hospital?.close());

  it("a denied or admitted request waits again as it was made, or accepted as it was", async () => {
    const { operator } = hospital;
    const { location: ward } = await wards.open(operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A"] }] });
    const { request } = await hospitalizations.request(operator, {
      patient,
      kind: "emergency",
      reason: "Anaemia",
      needs: ["isolation"],
      ward,
    });
    await hospitalizations.accept(operator, { request });
    const nurse = await hospital.person("nurse", ["nurse"]);
    await hospital.show(nurse, "ward");
    await nurse.click("aside button:has-text('Deny')");
    await nurse.fill("#field-deny-reason", "the wrong patient");
    await nurse.press("#field-deny-reason", "Enter");
    await said(nurse, "is denied");
    await nurse.waitForSelector("aside:has-text('Nobody waits')");
    await undo(nurse);
    await nurse.waitForSelector("aside li:has-text('Ada Rossi'):has-text('Anaemia')");
    const asMade = { patient, kind: "emergency", reason: "Anaemia", needs: ["isolation"], ward, status: "accepted" };
    expect((await wards.board(operator, {})).waiting).toMatchObject([asMade]);
    // And so does one that has become a stay in the wrong bed: the patient is not lost with it.
    await nurse.click("aside button:has-text('Give a bed')");
    await nurse.click("button.bed.target");
    await said(nurse, "Ada Rossi is admitted to 101");
    await nurse.waitForSelector("aside:has-text('Nobody waits')");
    await undo(nurse);
    await nurse.waitForSelector("aside li:has-text('Ada Rossi'):has-text('Anaemia')");
    const board = await wards.board(operator, {});
    expect([board.waiting, board.wards[0]?.rooms[0]?.beds[0]?.status]).toMatchObject([[asMade], "free"]);
    // A patient who came from another ward is expected again, as accepted.
    const there = await wards.open(operator, { name: "Surgery", rooms: [{ name: "201", beds: ["A"] }] });
    const { patient: guest } = await patients.register(operator, { family: "Neri", given: ["Carla"], gender: "female" });
    const { stay } = await hospitalizations.admit(operator, { patient: guest, bed: there.rooms[0]?.beds[0]?.location ?? "" });
    await hospitalizations.requestTransfer(operator, { stay, to: ward });
    await hospitalizations.acceptTransfer(operator, { stay });
    await nurse.click("aside li:has-text('Carla Neri') button:has-text('Give a bed')");
    await nurse.click("button.bed.target");
    await said(nurse, "Carla Neri is in 101");
    await undo(nurse);
    await nurse.waitForSelector("aside li:has-text('Carla Neri'):has-text('accepted')");
    expect((await wards.board(operator, { ward })).coming).toMatchObject([{ stay, transfer: { to: ward, status: "accepted" } }]);
    await hospitalizations.discharge(operator, { stay });
  });

  it("a visit during which the admission was requested leaves the queue with it, and is in the queue again without it", async () => {
    const { operator } = hospital;
    await wards.open(operator, { name: "Emergency", rooms: [{ name: "301", beds: ["A"] }] });
    const { patient: fallen } = await patients.register(operator, { family: "Saadi", given: ["Omar"], gender: "male" });
    await visits.open(operator, { patient: fallen, reason: "Fall" });
    await hospitalizations.request(operator, { patient: fallen, kind: "emergency", reason: "Fracture" });
    const clerk = await hospital.person("clerk-of-the-queue", ["front-desk"]);
    await hospital.show(clerk, "desk");
    await clerk.waitForSelector("#part-queue li:has-text('Omar Saadi')");
    const nurse = await hospital.person("nurse-of-the-emergency", ["nurse"]);
    await hospital.show(nurse, "ward");
    await nurse.click("aside li:has-text('Omar Saadi') button:has-text('Give a bed')");
    await nurse.click("button.bed.target >> nth=0");
    await said(nurse, "Omar Saadi is admitted to");
    await clerk.waitForSelector("#part-queue:has-text('Nobody waits')");
    await undo(nurse);
    await clerk.waitForSelector("#part-queue li:has-text('Omar Saadi'):has-text('Fall')");
  });

  it("a step that cannot be undone keeps the key from the one before it, which has a button of its own", async () => {
    const { patient: other } = await patients.register(hospital.operator, { family: "Verdi", given: ["Bruno"], gender: "male" });
    const { visit } = await visits.open(hospital.operator, { patient: other });
    const receptionist = await hospital.person("receptionist", ["front-desk"]);
    await hospital.show(receptionist, "desk");
    await receptionist.click("#part-queue li:has-text('Bruno Verdi') button:has-text('End visit')");
    await said(receptionist, "The visit of Bruno Verdi is closed.");
    await receptionist.click("button:text-is('Unknown person')");
    await receptionist.click("form[aria-label='Unknown person'] button[type=submit]");
    await said(receptionist, "Registered under the number");
    await receptionist.keyboard.press("Alt+z");
    await said(receptionist, "The last step cannot be undone.");
    expect(await visits.close(hospital.operator, { visit }).catch(({ type }: { type: string }) => type)).toBe("VISIT_ALREADY_CLOSED");
    await receptionist.click(".notice:has-text('Bruno Verdi') button:has-text('Undo')");
    await receptionist.waitForSelector("#part-queue li:has-text('Bruno Verdi')");
    await visits.cancel(hospital.operator, { visit, reason: "for trying" });
    await receptionist.context().close();
  });

  it("a cancelled visit continues since its opening, or as its appointment", async () => {
    const { operator } = hospital;
    const { openedAt } = await visits.open(operator, { patient, reason: "Fever", at: new Date(Date.now() - 3_600_000).toISOString() });
    const clerk = await hospital.person("clerk", ["front-desk"]);
    await hospital.show(clerk, "desk");
    await clerk.click("#part-queue li:has-text('Ada Rossi') button:has-text('Cancel')");
    await clerk.fill("#field-cancel-reason", "the wrong line");
    await clerk.press("#field-cancel-reason", "Enter");
    await clerk.waitForSelector("#part-queue li:has-text('Ada Rossi')", { state: "detached" });
    await undo(clerk);
    await clerk.waitForSelector("#part-queue li:has-text('Ada Rossi'):has-text('Fever')");
    expect(await clerk.getAttribute("#part-queue li time", "datetime")).toBe(openedAt);

    const { patient: other } = await patients.register(operator, { family: "Verdi", given: ["Bruno"], gender: "male" });
    const participant = [{ actor: { reference: other }, status: "accepted" }];
    const start = new Date(Date.now() + 600_000).toISOString();
    const booked = { resourceType: "Appointment", id: "booked", status: "booked", start, end: start, participant };
    await ownerOf("visits").write(operator, { steps: [{ op: "create", type: "Appointment", id: "booked", text: JSON.stringify(booked) }] });
    await visits.arrive(operator, { appointment: "Appointment/booked" });
    await clerk.click("#part-queue li:has-text('Bruno Verdi') button:has-text('Cancel')");
    await clerk.fill("#field-cancel-reason", "another of this name");
    await clerk.press("#field-cancel-reason", "Enter");
    await clerk.waitForSelector("#part-queue li:has-text('Bruno Verdi')", { state: "detached" });
    await clerk.keyboard.press("Alt+z");
    await clerk.waitForSelector("#part-queue li:has-text('Bruno Verdi')");
    const state = await clerk.evaluate(async () => {
      const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string };
      const answer = await fetch("/fhir/Appointment/booked", { headers: { Authorization: `Bearer ${access}` } });
      return ((await answer.json()) as { status: string }).status;
    });
    expect(state).toBe("arrived");
  });

  it("medication returned by mistake is with its patient again, and off the shelf, of the same lot", async () => {
    const { operator } = hospital;
    await pharmacy.receive(operator, { medication: PARACETAMOL, quantity: 100, lot: "L", expires: "2099-01-01" });
    await pharmacy.receive(operator, { medication: PARACETAMOL, quantity: 50, lot: "SOONER", expires: "2098-01-01" });
    const { prescription } = await pharmacy.prescribe(operator, { patient, medication: PARACETAMOL, quantity: 20, dosage: "1 tablet" });
    const { dispense } = await pharmacy.dispense(operator, { prescription, quantity: 20, lot: "L" });
    const shelf = async () => (await pharmacy.listLots(operator, {})).map(({ lot, quantity }) => `${lot} ${quantity}`).sort();
    const pharmacist = await hospital.person("pharmacist", ["pharmacist"]);
    await hospital.show(pharmacist, "dispensary");
    await pharmacist.click("li:has-text('Acetaminophen') button:has-text('Take back')");
    await pharmacist.fill("#field-return-quantity", "5");
    await pharmacist.press("#field-return-quantity", "Enter");
    await said(pharmacist, "on the shelf again");
    expect(await shelf()).toEqual(["L 85", "SOONER 50"]);
    await undo(pharmacist);
    expect(await shelf()).toEqual(["L 80", "SOONER 50"]);
    // All of it can be given back: nothing of the first return counts any more.
    expect(await pharmacy.return(operator, { dispense, quantity: 20 })).toMatchObject({ kept: 0 });
  });

  it("a role is as before; that an account is closed for good is said in advance", async () => {
    const administrator = await hospital.person("chief", ["administrator"]);
    await hospital.show(administrator, "administration");
    const now = async () => (await identity.listRoles(hospital.operator, {})).find(({ role }) => role === "midwife");
    const before = await now();
    await administrator.click("tr:has-text('Midwife') button, tr:has-text('midwife') button");
    await administrator.fill("#field-role-says", "Attends births.");
    await administrator.fill("#field-role-reason", "a better sentence");
    await administrator.click("dialog button:text-is('Store')");
    await administrator.waitForSelector("dialog", { state: "detached" });
    await administrator.waitForSelector(".notice");
    const { state } = (await identity.listRoleChanges(hospital.operator, { role: "midwife" }))[0] ?? {};
    await administrator.keyboard.press("Alt+z");
    await said(administrator, "It is undone.");
    const { version: _, ...is } = (await now()) ?? {};
    const { version: __, ...was } = before ?? {};
    expect([state, is]).toEqual(["done", was]);
    await administrator.click("tr:has-text('nurse') button:has-text('Change') >> nth=0");
    await administrator.click("dialog button:text-is('Close for good')");
    await administrator.waitForSelector("dialog [role=group]:has-text('cannot be opened again')");
    expect(hospital.complaints).toEqual([]);
  });

  it("a change of a role that another administrator confirmed, or rejected, is pending again", async () => {
    const chief = await hospital.signIn("chief");
    await hospital.person("second-chief", ["administrator"]);
    const second = await hospital.signIn("second-chief");
    const now = async () => (await identity.listRoles(hospital.operator, {})).find(({ role }) => role === "front-desk");
    const last = async () => (await identity.listRoleChanges(hospital.operator, { role: "front-desk" }))[0]?.state;
    const before = await now();
    const ask = async () => {
      await hospital.show(chief, "home");
      await hospital.show(chief, "administration");
      await chief.click("section[aria-label='Roles'] tr:has(th:has-text('front desk')) button:has-text('Change')");
      await chief.fill("#field-role-type", "*");
      await chief.click("dialog fieldset button:text-is('Add')");
      await chief.waitForSelector("dialog tr:has-text('others') input:checked");
      await chief.fill("#field-role-reason", "the whole record");
      await chief.click("dialog button:text-is('Store')");
      await said(chief, "waits until another administrator");
      await hospital.show(second, "home");
      await hospital.show(second, "administration");
    };
    await ask();
    await second.click(".card button:has-text('Confirm')");
    await said(second, "has changed, everywhere");
    expect((await now())?.types["*"]).toBe("rs");
    await undo(second);
    expect((await now())?.types).toEqual(before?.types);
    await ask();
    await second.click(".card button:has-text('Reject')");
    await said(second, "is rejected");
    expect(await last()).toBe("rejected");
    await undo(second);
    await second.waitForSelector(".card:has-text('the whole record')");
    expect([await last(), (await now())?.types]).toEqual(["waiting", before?.types]);
  });

  it("an account linked to somebody is nobody's again, and rooms added by mistake are gone", async () => {
    const chief = await hospital.signIn("chief");
    await hospital.show(chief, "administration");
    await chief.click("section[aria-label='Accounts'] tr:has(bdi:text-is('clerk')) button:has-text('Change')");
    await chief.click("dialog button:has-text('It is this person')");
    await said(chief, "is a practitioner from");
    const practitioner = async () => (await identity.listUsers(hospital.operator, {})).find(({ login }) => login === "clerk")?.practitioner;
    expect(await practitioner()).toMatch(/^Practitioner\//);
    await undo(chief);
    expect(await practitioner()).toBeUndefined();

    await hospital.show(chief, "places");
    const places = async () => (await wards.listBeds(hospital.operator, {})).map(({ name }) => name);
    const known = await places();
    const added = async (button: string, fields: Record<string, string>) => {
      await chief.click(`main button:has-text('${button}')`);
      for (const [field, text] of Object.entries(fields)) await chief.fill(`#field-places-${field}`, text);
      await chief.click("dialog button:text-is('Add')");
      await chief.waitForSelector("dialog", { state: "detached" });
      expect((await places()).length).toBeGreaterThan(known.length);
      await undo(chief);
      expect(await places()).toEqual(known);
      await chief.click(".notice button[aria-label='Close'] >> nth=-1");
      await hospital.show(chief, "home");
      await hospital.show(chief, "places");
    };
    await added("Add beds", { beds: "7-9" });
    await added("New room", { name: "999", beds: "1-3" });
    await added("New ward", { name: "By mistake", rooms: "1-2", beds: "1-2" });
    // Where somebody lies meanwhile it stays, and that is said.
    await chief.click("main button:has-text('New room')");
    await chief.fill("#field-places-name", "777");
    await chief.fill("#field-places-beds", "1");
    await chief.click("dialog button:text-is('Add')");
    await chief.waitForSelector("section[aria-label='Room 777']");
    const bed = (await wards.listBeds(hospital.operator, {})).find(({ name }) => name.includes("777"))?.location ?? "";
    await hospitalizations.admit(hospital.operator, { patient, bed, reason: "Anaemia" });
    await chief.keyboard.press("Alt+z");
    await chief.waitForSelector(".notice.fault");
    expect(await places()).toHaveLength(known.length + 1);
    expect(hospital.complaints.filter((text) => !/status of (401|404|409|422)/.test(text))).toEqual([]);
  });
});
