/** Daily work beside the day of test/desk/day.test.ts: appointments, lots on the shelf, the census, and what the administration looks after. */
import type { Page } from "playwright-core";
import { ownerOf } from "../../federation/owner-contract.ts";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { identity } from "../../services/identity/identity.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { heldBack } from "./held-back.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

describe("at work in the hospital,", () => {
  let hospital: Hospital;
  let patient: string;
  let clerk: Page;
  let nurse: Page;
  let freeBed: string;

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    const registration = { family: "Rossi", given: ["Ada"], birthDate: "1951-03-08", gender: "female" as const };
    ({ patient } = await patients.register(operator, registration));
    const { rooms } = await wards.open(operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A", "B"] }] });
    const { patient: other } = await patients.register(operator, { family: "Verdi", given: ["Bruno"], gender: "male" });
    await hospitalizations.admit(operator, { patient: other, bed: rooms[0]?.beds[0]?.location ?? "", reason: "Anaemia" });
    freeBed = rooms[0]?.beds[1]?.location ?? "";
    for (const [lot, days, quantity] of [
      ["OLD", -2, 5],
      ["SOON", 10, 30],
      ["LATER", 400, 100],
    ] as const) {
      await pharmacy.receive(operator, { medication: PARACETAMOL, quantity, lot, expires: inDays(days) });
    }
    await pharmacy.prescribe(operator, { patient, medication: PARACETAMOL, quantity: 40, dosage: "1 tablet" });
  });
  afterAll(() => hospital?.close());

  const said = (page: Page, text: string) => page.waitForSelector(`.notice:has-text("${text}")`);
  const step = (name: string, page: Page, work: () => Promise<unknown>) => hospital.step(name, page, work);

  it("the clerk books an appointment, which becomes a visit on arrival, and a mistake is undone", async () => {
    [clerk, nurse] = await Promise.all([
      hospital.person("clerk", ["front-desk"], { timezoneId: "Asia/Tokyo" }),
      hospital.person("nurse", ["nurse"]),
    ]);
    await Promise.all([hospital.show(clerk, "desk"), hospital.show(nurse, "desk")]);
    await clerk.fill("#desk-search", "Rossi");
    await clerk.waitForSelector("#desk-search-list li");
    await clerk.press("#desk-search", "Enter");
    await clerk.click("button:has-text('Book an appointment')");
    await clerk.waitForSelector("#field-book-time");
    expect(await barriers(clerk)).toEqual([]);
    await clerk.keyboard.press("Escape");
    await step("book an appointment for the person at the desk", clerk, async () => {
      await clerk.click("button:has-text('Book an appointment')");
      await clerk.fill("#field-book-time", "23:30"); // by the hospital's clock, wherever the browser is
      await clerk.fill("#field-book-reason", "Control");
      await clerk.press("#field-book-reason", "Enter");
      await said(clerk, "Ada Rossi has an appointment");
    });
    await nurse.waitForSelector("li:has-text('Ada Rossi'):has-text('23:30'):has-text('Control')");

    const expected = "section[aria-label='Appointments'] li:has-text('Ada Rossi')";
    const queue = "section[aria-label='Waiting'] li:has-text('Ada Rossi')";
    await step("note that an expected patient has come: the visit is open", clerk, async () => {
      await clerk.click(`${expected} button:has-text('Has come')`);
      await said(clerk, "A visit of Ada Rossi is open.");
    });
    await nurse.waitForSelector(`${queue}:has-text('Control')`);
    await clerk.waitForSelector(`${expected} .tag:has-text('has come')`);
    // The button that was pressed is not there any more: the focus stays where it was.
    await clerk.waitForSelector('[aria-label="Appointments"]:focus');
    await clerk.keyboard.press("Alt+z");
    await nurse.waitForSelector(`${expected} button:has-text('Has come')`);
    await nurse.waitForSelector(queue, { state: "detached" });
    expect(await nurse.locator(`${expected} button:has-text('Cancel')`).count()).toBe(0); // a nurse does not
    await clerk.click(`${expected} button:has-text('Has not come')`);
    await nurse.waitForSelector(`${expected} .tag:has-text('has not come')`);
    await clerk.keyboard.press("Alt+z");
    await nurse.waitForSelector(`${expected} button:has-text('Has come')`);
  });

  it("a practitioner is not booked twice: the next free time is one click away, or a reason is needed", async () => {
    const create = (resource: { resourceType: string }, id: string, owner: string) =>
      ownerOf(owner).write(hospital.operator, {
        steps: [{ op: "create", type: resource.resourceType, id, text: JSON.stringify({ ...resource, id }) }],
      });
    await create(
      { resourceType: "Practitioner", active: true, name: [{ text: "Dr Khelifi" }] } as { resourceType: string },
      "khelifi",
      "personnel",
    );
    const day = inDays(2);
    const participant = [{ actor: { reference: "Practitioner/khelifi" }, status: "accepted" }];
    const taken = { resourceType: "Appointment", status: "booked", start: `${day}T09:00:00Z`, end: `${day}T09:15:00Z`, participant };
    await create(taken, "taken", "visits");
    await hospital.show(clerk, "home");
    await hospital.show(clerk, "desk");
    await clerk.fill("#desk-search", "Rossi");
    await clerk.waitForSelector("#desk-search-list li");
    await clerk.press("#desk-search", "Enter");
    await clerk.click("button:has-text('Book an appointment')");
    await clerk.fill("#field-book-day", day);
    await clerk.selectOption("#field-book-practitioner", { label: "Dr Khelifi" });
    await clerk.fill("#field-book-time", "10:05"); // by the hospital's clock
    await clerk.click("dialog button:has-text('Take 10:15')");
    await clerk.waitForSelector("#field-book-override", { state: "detached" });
    await clerk.fill("#field-book-time", "10:05");
    expect(await barriers(clerk)).toEqual([]);
    await clerk.fill("#field-book-override", "an emergency");
    await clerk.press("#field-book-override", "Enter");
    await clerk.waitForSelector("dialog", { state: "detached" }); // the notice may still be that of the appointment before
    await clerk.fill("#field-appointments-day", day);
    await clerk.waitForSelector(
      "section[aria-label='Appointments'] li:has-text('Ada Rossi'):has-text('10:05') .tag:has-text('booked over another')",
    );
  });

  it("the pharmacist takes the lot that expires first, sees expired ones, and blocks a lot", async () => {
    const pharmacist = await hospital.person("pharmacist", ["pharmacist"]);
    await hospital.show(pharmacist, "dispensary");
    const expiring = (lot: string) => `section[aria-label='Expires soon'] tr:has-text('${lot}')`;
    await pharmacist.waitForSelector(`${expiring("OLD")}:has-text('expired')`);
    await pharmacist.waitForSelector(`${expiring("SOON")}:has-text('in ')`);
    expect(await pharmacist.locator(expiring("LATER")).count()).toBe(0);

    await pharmacist.click("li:has-text('Ada Rossi') button:has-text('Hand out')");
    await pharmacist.waitForSelector("dialog li:has-text('30 × SOON')");
    await pharmacist.waitForSelector("dialog li:has-text('10 × LATER')");
    await pharmacist.selectOption("#field-dispense-lot", { index: 2 });
    await pharmacist.fill("#field-dispense-quantity", "20");
    await pharmacist.press("#field-dispense-quantity", "Enter");
    await said(pharmacist, "It is handed out for Ada Rossi.");

    const card = () => pharmacist.click("section[aria-label='Shelf'] button.name");
    await card();
    const lot = (name: string) => `dialog tr:has-text('${name}')`;
    await pharmacist.waitForSelector(`${lot("LATER")}:has-text('80')`);
    expect(await barriers(pharmacist)).toEqual([]);
    await pharmacist.keyboard.press("Escape");
    await step("block a recalled lot", pharmacist, async () => {
      await card();
      await pharmacist.click(`${lot("SOON")} button:has-text('Keep back')`);
      await pharmacist.fill("#field-block-reason", "recalled");
      await pharmacist.press("#field-block-reason", "Enter");
      await pharmacist.waitForSelector(`${lot("SOON")}:has-text('kept back')`);
    });
    await pharmacist.click(`${lot("LATER")} button:has-text('Count')`);
    await pharmacist.fill("#field-count-quantity", "79");
    await pharmacist.press("#field-count-quantity", "Enter");
    await pharmacist.waitForSelector(`${lot("LATER")}:has-text('79')`);
    await step("move a part of a lot to a ward's store", pharmacist, async () => {
      await pharmacist.click(`${lot("LATER")} button:has-text('Move')`);
      await pharmacist.fill("#field-transfer-quantity", "9");
      await pharmacist.selectOption("#field-transfer-place", { label: "Medicine" });
      await pharmacist.press("#field-transfer-quantity", "Enter");
      await pharmacist.waitForSelector(`${lot("LATER")}:has-text('Medicine'):has-text('9')`);
    });
    await step("set its reorder level", pharmacist, async () => {
      await pharmacist.click("dialog li:has-text('dispensary') button:has-text('Set minimum')");
      await pharmacist.fill("#field-reorder-level", "100");
      await pharmacist.press("#field-reorder-level", "Enter");
      await pharmacist.waitForSelector("dialog li:has-text('dispensary'):has-text('to order')");
    });
    await pharmacist.click("dialog button:has-text('What has moved it')");
    await pharmacist.waitForSelector("dialog tr:has-text('moved'):has-text('Medicine'):has-text('+9')");
    await pharmacist.waitForSelector("dialog tr:has-text('corrected'):has-text('-1')");
    expect(await barriers(pharmacist)).toEqual([]);
    await pharmacist.keyboard.press("Escape");
    await pharmacist.waitForSelector("section[aria-label='Shelf'] tr:has-text('to order')");
    await step("receive a medication that is new to the hospital", pharmacist, async () => {
      await pharmacist.click("button:has-text('New medication')");
      await pharmacist.fill("#field-medication-name", "Zinc 20 mg tablet");
      await pharmacist.press("#field-medication-name", "Enter");
      await said(pharmacist, "Zinc 20 mg tablet can be prescribed and delivered.");
      await pharmacist.click("button:has-text('Delivery')");
      await pharmacist.fill("#field-delivery-medication", "Zinc 20 mg tablet");
      await pharmacist.fill("#field-delivery-quantity", "500");
      await pharmacist.press("#field-delivery-quantity", "Enter");
    });
    await pharmacist.waitForSelector("section[aria-label='Shelf'] tr:has-text('Zinc 20 mg tablet'):has-text('500')");
    await pharmacist.click("li:has-text('Ada Rossi') button:has-text('Hand out')");
    await pharmacist.waitForSelector("dialog li:has-text('20 × LATER')");
    const offered = await pharmacist.locator("#field-dispense-lot option").allTextContents();
    expect(offered).toEqual([expect.anything(), expect.stringMatching(/^LATER/), expect.stringMatching(/^LATER.*Medicine$/)]);
  });

  it("the administrator sees the occupancy, and replays an event from the dead letters", async () => {
    const administrator = await hospital.person("chief", ["administrator", "auditor"]);
    await hospital.show(administrator, "census");
    await administrator.waitForSelector("tr:has-text('Medicine'):has-text('50%')");
    await administrator.selectOption("#field-census-ward", { label: "Medicine" });
    await administrator.waitForSelector("canvas");
    expect(await barriers(administrator)).toEqual([]);
    const saved = administrator.waitForEvent("download");
    await step("save the census of a week", administrator, () => administrator.click("button:has-text('Save as CSV')"));
    expect((await saved).suggestedFilename()).toMatch(/^census .*\.csv$/);

    const { visit } = await visits.open(hospital.operator, { patient });
    const [type, id] = visit.split("/");
    const event = {
      id: `${visit}/1`,
      event: "fhir.Encounter",
      key: visit,
      at: Date.now(),
      payload: { type, id, version: 1, method: "create" },
    };
    const letter = { event, reason: { message: "about Ada Rossi", type: "OWNER_DOWN", code: 503 }, tries: 10, at: Date.now() };
    const { store } = hospital.mesh.caller.getLocalService("billing") as unknown as {
      store: { put(key: string, text: string): Promise<void> };
    };
    await store.put(`dead-letter/${event.id}`, JSON.stringify(letter));
    await hospital.show(administrator, "administration");
    const lookInto = async () => {
      await administrator.click(`tr:has-text('${visit}') button:has-text('Look into')`);
      await administrator.waitForSelector("dialog:has-text('OWNER_DOWN 503')");
    };
    await lookInto();
    expect([await administrator.textContent("dialog"), await barriers(administrator)]).toEqual([expect.not.stringContaining("Rossi"), []]);
    await administrator.keyboard.press("Escape");
    await step("have a dead letter handled again", administrator, async () => {
      await lookInto();
      await administrator.click("dialog button:has-text('Handle again')");
      await said(administrator, "fhir.Encounter is handled.");
    });
    await administrator.waitForSelector("section[aria-label='Events set aside']:has-text('No event is set aside.')");

    await hospital.show(administrator, "audit");
    await administrator.fill("#field-audit-who", patient);
    await administrator.press("#field-audit-who", "Enter");
    await administrator.waitForSelector("section li:has-text('clerk')");
  });

  it("text typed while the session ends is not lost: it is in its field after signing in again", async () => {
    const physician = await hospital.person("physician", ["physician"]);
    await hospital.show(physician, `chart/${patient.split("/")[1]}`);
    await physician.fill("#field-note", "Feels better today");
    await identity.endSessions(hospital.operator, { user: "physician" });
    await physician.waitForSelector(".interruptions p:has-text('Your session has ended')"); // who types is told, and not taken away from it
    expect(await barriers(physician)).toEqual([]);
    await physician.fill("#field-problem", "Cough");
    await physician.press("#field-problem", "Enter");
    await hospital.enter(physician, "physician");
    await physician.waitForSelector(".banner:has-text('Ada Rossi')");
    await physician.waitForFunction(
      () => (document.querySelector("#field-note") as HTMLTextAreaElement | null)?.value === "Feels better today",
    );
    await physician.waitForFunction(() => (document.querySelector("#field-problem") as HTMLInputElement | null)?.value === "Cough");
    await physician.press("#field-problem", "Enter");
    await said(physician, "Cough is noted.");
    await step("note an allergy", physician, async () => {
      await physician.click("button:has-text('Note an allergy')");
      await physician.fill("#field-allergy", PARACETAMOL.display);
      await physician.check("input[name='allergy-severe']");
      await physician.press("#field-allergy", "Enter");
      await physician.waitForSelector(`.banner .alert:has-text('${PARACETAMOL.display} (severe)')`);
    });
    await physician.click("button:has-text('Prescribe')");
    await physician.fill("#field-medication", PARACETAMOL.display);
    await physician.fill("#field-dosage", "1 tablet");
    await physician.fill("#field-quantity", "10");
    await physician.press("#field-quantity", "Enter");
    await physician.waitForSelector("#field-override-fault:has-text('severe allergy')");
    expect(await barriers(physician)).toEqual([]);
    await physician.keyboard.press("Escape");
    hospital.complaints.splice(0); // the browser tells of a refusal as of an error
  });

  it("the nurse records vital signs at one time, both pressures or none, and undoes it", async () => {
    await hospital.show(nurse, `chart/${patient.split("/")[1]}`);
    const row = (test: string, value: string) => `section[aria-label='Results'] tr:has(:text-is("${test}")):has-text("${value}")`;
    await nurse.click("button:has-text('Note vital signs')");
    await nurse.waitForSelector("#field-vital-8310-5"); // a key goes to what has the focus, before that to the button
    await nurse.press("#field-vital-8310-5", "Enter");
    await nurse.waitForSelector("#field-vital-8310-5-fault:has-text('at least one value')");
    await nurse.fill("#field-vital-8480-6", "120");
    await nurse.waitForSelector("#field-vital-8462-4[required]");
    expect(await barriers(nurse)).toEqual([]);
    await nurse.fill("#field-vital-8480-6", "");
    await nurse.keyboard.press("Escape");
    await step("note temperature, pulse and blood pressure", nurse, async () => {
      await nurse.click("button:has-text('Note vital signs')");
      await nurse.fill("#field-vital-8310-5", "38.5");
      await nurse.fill("#field-vital-8867-4", "92");
      await nurse.fill("#field-vital-8480-6", "120");
      await nurse.fill("#field-vital-8462-4", "80");
      await nurse.press("#field-vital-8462-4", "Enter");
      await said(nurse, "3 values noted.");
    });
    await nurse.waitForSelector(row("Temperature", "38.5 °C"));
    await nurse.waitForSelector(row("Pulse", "92"));
    await nurse.waitForSelector(row("Blood pressure", "120/80 mmHg"));
    await nurse.keyboard.press("Alt+z");
    await nurse.waitForSelector(row("Pulse", "92"), { state: "detached" });
    await nurse.waitForSelector(row("Blood pressure", "120/80"), { state: "detached" });
  });

  it("the nurse hands over, and requests a place for a newborn beside its mother", async () => {
    await hospital.show(nurse, "ward");
    await step("hand over a patient", nurse, async () => {
      await nurse.click("button.bed:has-text('Bruno Verdi')");
      await nurse.fill("#field-hand-over", "Watch the blood pressure");
      await nurse.press("#field-hand-over", "Enter");
      await said(nurse, "The hand-over about Bruno Verdi is written.");
    });
    await nurse.click("button.bed:has-text('Bruno Verdi')");
    await nurse.waitForSelector("dialog li:has-text('Watch the blood pressure')");
    await nurse.click("dialog button:has-text('Another physician')");
    await nurse.selectOption("#field-physician", { label: "Dr Khelifi" });
    await nurse.click("dialog button:has-text('Store')");
    await nurse.waitForSelector("dialog p:has-text('Physician: Dr Khelifi')");
    expect(await barriers(nurse)).toEqual([]);
    await nurse.keyboard.press("Escape");

    await hospitalizations.admit(hospital.operator, { patient, bed: freeBed });
    const { patient: child } = await patients.registerNewborn(hospital.operator, { mother: patient, gender: "male", birthDate: inDays(0) });
    await hospital.show(nurse, `chart/${child.split("/")[1]}`);
    const release = await heldBack(nurse, /RelatedPerson/);
    await nurse.click("button:has-text('Ask for admission')");
    await nurse.waitForSelector("dialog [role=status]:has-text('Loading')");
    expect(await nurse.locator("dialog button.main").count()).toBe(0); // its mother's stay belongs to the request
    release();
    await nurse.waitForSelector("dialog p:has-text('Mother'):has-text('Ada Rossi')");
    await nurse.check("dialog label:has-text('cot') input");
    await nurse.waitForSelector("dialog .hint:has-text('No free bed fits.')");
    expect(await barriers(nurse)).toEqual([]);
    await nurse.press("#field-admission-reason", "Enter");
    await hospital.show(nurse, "ward");
    await nurse.waitForSelector("aside li:has-text('newborn'):has-text('cot')");

    const lies = (name: string, bed: string) => nurse.waitForSelector(`button.bed:has(.bed-name:text-is("${bed}")):has-text("${name}")`);
    await nurse.focus("button.bed:has-text('Bruno Verdi')");
    await step("change the beds of two patients", nurse, async () => {
      await nurse.keyboard.press("m");
      await nurse.keyboard.press("ArrowRight");
      await nurse.keyboard.press("Enter");
      await said(nurse, "Bruno Verdi and Ada Rossi have changed beds.");
    });
    await Promise.all([lies("Ada Rossi", "A"), lies("Bruno Verdi", "B")]);
    await nurse.keyboard.press("Alt+z");
    await Promise.all([lies("Bruno Verdi", "A"), lies("Ada Rossi", "B")]);
    expect(hospital.complaints).toEqual([]);
  });
});
