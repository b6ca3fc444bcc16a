/** What a patient takes at home stands beside what the hospital prescribes, and of each it is decided on admission whether it goes on. */
import type { Page } from "playwright-core";
import { ownerOf } from "../../federation/owner-contract.ts";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };

describe("what is taken at home", () => {
  let hospital: Hospital;
  let patient: string;
  let nurse: Page;
  let physician: Page;
  const said = (page: Page, text: string) => page.waitForSelector(`.notice:has-text("${text}")`);
  const panel = "section[aria-label='Taken at home']";
  const row = (what: string) => `${panel} li:has-text("${what}")`;
  /** All MedicationStatements, or prescriptions, as the physician is shown them. */
  const all = (type: string) =>
    physician.evaluate(async (path) => {
      const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string };
      const answer = await fetch(`/fhir/${path}?_sort=_lastUpdated`, { headers: { Authorization: `Bearer ${access}` } });
      const { entry = [] } = (await answer.json()) as { entry?: { resource: Record<string, unknown> }[] };
      return entry.map(({ resource }) => resource);
    }, type);

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    ({ patient } = await patients.register(operator, { family: "Rossi", given: ["Ada"], gender: "female", birthDate: "1951-03-08" }));
    const { rooms } = await wards.open(operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A"] }] });
    const had = { resourceType: "Medication", id: "had", status: "active", code: { coding: [PARACETAMOL] } };
    await ownerOf("pharmacy").write(operator, { steps: [{ op: "create", type: "Medication", id: "had", text: JSON.stringify(had) }] });
    await hospitalizations.admit(operator, { patient, bed: rooms[0]?.beds[0]?.location ?? "", reason: "Anaemia" });
    [nurse, physician] = await Promise.all([hospital.person("nurse", ["nurse"]), hospital.person("physician", ["physician"])]);
    const chart = `chart/${patient.split("/")[1]}`;
    await Promise.all([hospital.show(nurse, chart), hospital.show(physician, chart)]);
  });
  afterAll(() => hospital?.close());

  it("the nurse records it on admission, by its code if the hospital stocks it, and the physician sees at once what to decide", async () => {
    await nurse.click(`${panel} button:has-text('Note what is taken')`);
    await nurse.waitForSelector("#field-taken-what:focus");
    expect(await barriers(nurse)).toEqual([]);
    await nurse.keyboard.press("Escape");
    await hospital.step("note a home medication of a patient", nurse, async () => {
      await nurse.click(`${panel} button:has-text('Note what is taken')`);
      await nurse.fill("#field-taken-what", PARACETAMOL.display);
      await nurse.fill("#field-taken-dosage", "1 tablet in the evening");
      await nurse.fill("#field-taken-dose", "٣٢٥ mg");
      await nurse.fill("#field-taken-often", "1");
      await nurse.fill("#field-taken-since", "2019");
      await nurse.press("#field-taken-since", "Enter");
      await said(nurse, "Acetaminophen 325 MG is noted as taken at home.");
    });
    await nurse.click(`${panel} button:has-text('Note what is taken')`);
    await nurse.fill("#field-taken-what", "Digoxin");
    await nurse.fill("#field-taken-dose", "0،125 mg");
    await nurse.fill("#field-taken-often", "2");
    await nurse.press("#field-taken-often", "Enter");
    await nurse.waitForSelector(`${row("Digoxin")}:has-text("0.125"):has-text("2 times a day")`); // in numbers only, it is read all the same
    await nurse.click(`${row("Digoxin")} button:has-text('Change')`);
    await nurse.fill("#field-taken-since", "2020"); // nobody has to say the dosage for that
    await nurse.press("#field-taken-since", "Enter");
    await nurse.waitForSelector(`${row("Digoxin")}:has-text("2020"):has-text("0.125")`);
    await nurse.click(`${row("Digoxin")} button:has-text('Change')`);
    await nurse.click("dialog button:text-is('Entered in error')");
    await nurse.waitForSelector(row("Digoxin"), { state: "detached" });
    for (const what of ["Metformin of another hospital", "A mistake"]) {
      await nurse.click(`${panel} button:has-text('Note what is taken')`);
      await nurse.fill("#field-taken-what", what);
      await nurse.press("#field-taken-what", "Enter");
      await said(nurse, `${what} is noted`);
    }
    await nurse.keyboard.press("Alt+z");
    await nurse.waitForSelector(row("A mistake"), { state: "detached" });
    await physician.waitForSelector(`${row("Metformin")} .tag:text-is("not decided yet")`);
    await physician.waitForSelector(`${panel} [role=status]:has-text("Of 2 medications it is not decided yet")`);
    expect(await all("MedicationStatement")).toMatchObject([
      { status: "active", medicationCodeableConcept: { coding: [PARACETAMOL] }, effectivePeriod: { start: "2019" } },
      { status: "entered-in-error", medicationCodeableConcept: { text: "Digoxin" }, effectivePeriod: { start: "2020" } },
      { status: "active", medicationCodeableConcept: { text: "Metformin of another hospital" } },
      { status: "entered-in-error" },
    ]);
    // A nurse notes, and does not prescribe.
    expect(await nurse.locator(`${panel} button:has-text('Continue')`).count()).toBe(0);
  });

  it("the physician continues one as a prescription that refers to it, and pauses another; both are undone by a key", async () => {
    const undecided = `${row("Acetaminophen")} .tag:text-is("not decided yet")`;
    const goOn = async () => {
      await physician.click(`${row("Acetaminophen")} button:has-text('Continue')`);
      await physician.fill("#field-quantity", "10"); // all else is as it was taken
      await physician.press("#field-quantity", "Enter");
      await said(physician, "Acetaminophen 325 MG is prescribed.");
    };
    await hospital.step("continue a home medication as a prescription", physician, goOn);
    await physician.waitForSelector(`${row("Acetaminophen")} .tag:text-is("continued here")`);
    await physician.waitForSelector("section[aria-label='Medication'] li:has-text('Acetaminophen')");
    const [statement] = await all("MedicationStatement");
    const supportingInformation = [{ reference: `MedicationStatement/${statement?.["id"]}` }];
    const dosageInstruction = [
      {
        text: "1 tablet in the evening",
        timing: { repeat: { frequency: 1, period: 1, periodUnit: "d" } },
        doseAndRate: [{ doseQuantity: { value: 325, unit: "mg" } }],
      },
    ];
    expect(await all("MedicationRequest")).toMatchObject([{ status: "active", supportingInformation, dosageInstruction }]);
    await physician.keyboard.press("Alt+z");
    await physician.waitForSelector(undecided);
    await goOn();
    await physician.click("section[aria-label='Medication'] li:has-text('Acetaminophen'):has-text('active') button:has-text('Stop')");
    await physician.fill("#field-stop-reason", "no pain");
    await physician.press("#field-stop-reason", "Enter");
    await physician.waitForSelector(`${row("Acetaminophen")} .tag:text-is("stopped here")`); // it is not given any more, and can be again
    await goOn();
    await physician.waitForSelector(`${row("Acetaminophen")} .tag:text-is("continued here")`);

    await hospital.step("pause a home medication during the stay", physician, () =>
      physician.click(`${row("Metformin")} button:has-text('Pause')`),
    );
    await physician.waitForSelector(`${row("Metformin")} .tag:text-is("paused")`);
    await nurse.waitForSelector(`${row("Metformin")} .tag:text-is("paused")`);
    await physician.waitForSelector(`${panel}:not(:has-text("not decided yet"))`);
    await physician.keyboard.press("Alt+z");
    await physician.waitForSelector(`${row("Metformin")} .tag:text-is("not decided yet")`);
    expect(await barriers(physician)).toEqual([]);
  });

  it("medication that the hospital does not stock is continued by one that it stocks", async () => {
    await physician.click(`${row("Metformin")} button:has-text('Continue')`);
    await physician.waitForSelector("dialog .hint:has-text('Metformin of another hospital')");
    await physician.waitForSelector("#field-medication:focus");
    expect(await physician.inputValue("#field-medication")).toBe("");
    await physician.keyboard.press("Escape");
  });

  it("medication no longer taken is stopped, corrected or marked as an error, each undone by a key", async () => {
    const change = () => nurse.click(`${row("Metformin")} button:has-text('Change')`);
    await change();
    await nurse.waitForSelector("#field-taken-dosage:focus"); // a key pressed twice stops nothing
    await nurse.fill("#field-taken-dosage", "half a tablet");
    await nurse.press("#field-taken-dosage", "Enter");
    await nurse.waitForSelector(`${row("Metformin")}:has-text("half a tablet")`);
    await change();
    expect(await barriers(nurse)).toEqual([]);
    await nurse.click("dialog button:text-is('Not taken any more')");
    await nurse.waitForSelector(`${row("Metformin")} .tag:text-is("not taken any more")`);
    const metformin = async () => (await all("MedicationStatement")).find(({ status }) => status === "stopped");
    expect(await metformin()).toMatchObject({ dosage: [{ text: "half a tablet" }], effectivePeriod: { end: expect.any(String) } });
    await nurse.click(`${row("Metformin")} button:has-text('Taken again')`);
    await nurse.waitForSelector(`${row("Metformin")} .tag:text-is("not decided yet")`);
    expect(await metformin()).toBe(undefined);
    await change();
    await nurse.click("dialog button:text-is('Entered in error')");
    await nurse.waitForSelector(row("Metformin"), { state: "detached" });
    await nurse.keyboard.press("Alt+z");
    await nurse.waitForSelector(`${row("Metformin")}:has-text("half a tablet")`);
    expect(hospital.complaints).toEqual([]);
  });

  it("the discharge asks about medication that was paused for the stay; undoing the discharge restores it", async () => {
    const paused = `${row("Metformin")} .tag:text-is("paused")`;
    // Anew: what the nurse has done last may not have been heard yet, and what was undone before is not said any more.
    await physician.reload();
    await hospital.show(physician, `chart/${patient.split("/")[1]}`);
    await physician.click(`${row("Metformin")} button:has-text('Pause')`);
    await physician.waitForSelector(paused);
    const metformin = async () =>
      (await all("MedicationStatement")).find(
        ({ medicationCodeableConcept: of }) => (of as { text: string }).text === "Metformin of another hospital",
      );
    await hospital.show(physician, "ward");
    await physician.click("button.bed:has-text('Ada Rossi')");
    await physician.waitForSelector("dialog fieldset:has-text('Paused for the stay'):has-text('half a tablet')");
    expect(await physician.locator("dialog fieldset select").count()).toBe(1); // what goes on here is not paused
    await physician.click("dialog button:has-text('Discharge')");
    await physician.waitForSelector("dialog fieldset select:focus"); // nobody goes home without an answer
    expect((await wards.board(hospital.operator, {})).wards[0]?.rooms[0]?.beds[0]?.status).toBe("taken");
    expect(await barriers(physician)).toEqual([]);
    await physician.selectOption("dialog fieldset select", "again");
    await physician.click("dialog button:has-text('Discharge')");
    await said(physician, "Ada Rossi is discharged.");
    expect(await metformin()).toMatchObject({ status: "active" });
    await physician.route("**/fhir/MedicationStatement/*", (route) => route.fulfill({ status: 503, body: "{}" }));
    await physician.keyboard.press("Alt+z");
    await physician.waitForSelector(".notice.fault"); // half of it is undone: the rest is offered still
    await physician.unroute("**/fhir/MedicationStatement/*");
    hospital.complaints.length = 0; // the browser tells of refusals as of errors
    await physician.keyboard.press("Alt+z");
    await said(physician, "It is undone.");
    expect(await metformin()).toMatchObject({ status: "on-hold" });
    await physician.click("button.bed:has-text('Ada Rossi')");
    await physician.selectOption("dialog fieldset select", "later");
    await physician.click("dialog button:has-text('Discharge')");
    await said(physician, "Ada Rossi is discharged.");
    expect(await metformin()).toMatchObject({ status: "on-hold" });
    expect(hospital.complaints).toEqual([]);
  });

  it("it is not shown to a clerk, and the server refuses the request", async () => {
    const clerk = await hospital.person("clerk", ["front-desk"]);
    await hospital.show(clerk, `chart/${patient.split("/")[1]}`);
    expect(await clerk.locator(panel).count()).toBe(0);
    const status = await clerk.evaluate(async () => {
      const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string };
      return (await fetch("/fhir/MedicationStatement", { headers: { Authorization: `Bearer ${access}` } })).status;
    });
    expect(status).toBe(403);
  });
});
