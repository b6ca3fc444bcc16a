/** Whoever changes what somebody else has changed meanwhile has both versions before them, in each form that changes a record; nothing that was typed is lost. */
import type { Page } from "playwright-core";
import { identity } from "../../services/identity/identity.contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

type Record = { id: string; [member: string]: unknown };

/** What another writes, by FHIR, with the token of this page's person. @returns the resource as it is stored */
const write = (page: Page, method: "POST" | "PUT", resource: object): Promise<Record> =>
  page.evaluate(
    async ([how, text = ""]) => {
      const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string };
      const { resourceType, id } = JSON.parse(text) as { resourceType: string; id?: string };
      const headers = { Authorization: `Bearer ${access}`, "Content-Type": "application/fhir+json" };
      const path = id === undefined ? resourceType : `${resourceType}/${id}`;
      const answer = await fetch(`/fhir/${path}`, { method: how ?? "", headers, body: text });
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
      return answer.json() as Promise<Record>;
    },
    [method, JSON.stringify(resource)],
  );

const HAEMOGLOBIN = { system: "http://loinc.org", code: "718-7", display: "Hemoglobin" };
const concept = (of: string, code: string) => ({ coding: [{ system: `http://terminology.hl7.org/CodeSystem/condition-${of}`, code }] });

describe("a change of what somebody else has changed meanwhile", () => {
  let hospital: Hospital;
  let page: Page;
  let other: Page;
  let patient: string;

  beforeAll(async () => {
    hospital = await Hospital.open();
    ({ patient } = await patients.register(hospital.operator, {
      family: "Rossi",
      given: ["Ada"],
      gender: "female",
      birthDate: "1951-03-08",
    }));
    [page, other] = await Promise.all([hospital.person("first", ["physician", "administrator"]), hospital.person("second", ["physician"])]);
  });
  afterAll(() => hospital?.close());

  const problem = {
    resourceType: "Condition",
    clinicalStatus: concept("clinical", "active"),
    verificationStatus: concept("ver-status", "confirmed"),
    code: { text: "Anaemia" },
    onsetDateTime: "2019",
  };
  const taken = {
    resourceType: "MedicationStatement",
    status: "active",
    medicationCodeableConcept: { text: "Metformin" },
    dosage: [{ text: "in the morning" }],
    effectivePeriod: { start: "2019" },
  };

  /** Forms of the chart: what each is about, what another makes of it, what one types, and what is shown of both. */
  const forms = [
    {
      name: "a problem",
      made: problem,
      theirs: { onsetDateTime: "2021" },
      field: "#field-problem-text",
      typed: "Iron deficiency",
      end: "Resolved",
      row: "section[aria-label='Problems'] li",
      now: { code: { text: "Iron deficiency" }, onsetDateTime: "2021" },
      ended: { clinicalStatus: concept("clinical", "resolved") },
    },
    {
      name: "what is taken at home",
      made: taken,
      theirs: { effectivePeriod: { start: "2021" } },
      field: "#field-taken-dosage",
      typed: "in the evening",
      end: "Not taken any more",
      row: "section[aria-label='Taken at home'] li",
      now: { dosage: [{ text: "in the evening" }], effectivePeriod: { start: "2021" } },
      ended: { status: "stopped" },
    },
  ];

  it.each(forms)(
    "shows both versions of $name, keeps what was typed where it is refused or the dialog is closed, and stores both changes",
    async (form) => {
      const shown = () => page.locator(form.row).first();
      const open = () => shown().getByRole("button", { name: "Change" }).click();
      const made = await write(other, "POST", { ...form.made, subject: { reference: patient } });
      await hospital.show(page, `chart/${patient.split("/")[1]}`);
      await open();
      await page.fill(form.field, form.typed);
      await write(other, "PUT", { ...made, ...form.theirs });
      await shown().filter({ hasText: "2021" }).waitFor(); // the page has heard of it, behind the dialog
      await page.press(form.field, "Enter");
      await page.waitForSelector("dialog [role=alert]:focus");
      expect(await barriers(page)).toEqual([]);
      await page.keyboard.press("Escape");

      await open();
      expect(await page.inputValue(form.field)).toBe(form.typed);
      await page.press(form.field, "Enter");
      await page.waitForSelector("dialog [role=alert]:focus");
      const refuse = async (route: import("playwright-core").Route) => {
        if (route.request().method() !== "PUT") return route.fallback();
        await route.fulfill({ status: 422, json: { resourceType: "OperationOutcome", issue: [{ code: "invalid", diagnostics: "no" }] } });
      };
      await page.route(`**/fhir/${form.made.resourceType}/*`, refuse);
      await page.click("dialog button:has-text('Store')");
      await page.waitForSelector("dialog .fault[role=alert]");
      await page.unroute(`**/fhir/${form.made.resourceType}/*`);
      await page.click("dialog button:has-text('Store')");
      await page.waitForSelector("dialog", { state: "detached" });
      expect(await read(made)).toMatchObject(form.now);

      // A button of the same dialog is a change as well.
      await open();
      const { meta: _, ...now } = await read(made);
      await write(other, "PUT", { ...now, id: made.id, note: [{ text: "seen" }] });
      await page.click(`dialog button:text-is('${form.end}')`);
      await page.waitForSelector("dialog [name='merge-status']");
      await page.click("dialog button:has-text('Store')");
      await page.waitForSelector("dialog", { state: "detached" });
      expect(await read(made)).toMatchObject({ ...form.ended, note: [{ text: "seen" }] });
      hospital.complaints.length = 0; // the browser tells of refusals as of errors
    },
  );

  const read = (of: Record): Promise<Record> =>
    page.evaluate(async (path) => {
      const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string };
      return (await fetch(`/fhir/${path}`, { headers: { Authorization: `Bearer ${access}` } })).json() as Promise<Record>;
    }, `${of["resourceType"]}/${of.id}`);

  it("shows that a prescription was changed meanwhile, and on confirmation stops it with the typed reason", async () => {
    const order = {
      resourceType: "MedicationRequest",
      status: "active",
      intent: "order",
      subject: { reference: patient },
      medicationCodeableConcept: { text: "Amoxicillin" },
    };
    const made = await write(other, "POST", order);
    await hospital.show(page, "home");
    await hospital.show(page, `chart/${patient.split("/")[1]}`);
    await page.click("section[aria-label='Medication'] li:has-text('Amoxicillin') button:has-text('Stop')");
    await page.fill("#field-stop-reason", "a rash");
    await write(other, "PUT", { ...made, note: [{ text: "seen" }] });
    await page.press("#field-stop-reason", "Enter");
    await page.waitForSelector("dialog [name='merge-status']");
    await page.click("dialog button:has-text('Store')");
    await page.waitForSelector("dialog", { state: "detached" });
    expect(await read(made)).toMatchObject({ status: "stopped", statusReason: { text: "a rash" }, note: [{ text: "seen" }] });
    hospital.complaints.length = 0; // the browser tells of refusals as of errors
  });

  it("shows how somebody else corrected a result meanwhile, keeps the typed reason, and on confirmation corrects it again", async () => {
    const { order } = await lab.order(hospital.operator, { patient, test: HAEMOGLOBIN });
    const { observation } = await lab.enterResult(hospital.operator, { order, finding: { value: 132, unit: "g/dL" } });
    const now = async () => {
      const [, id = ""] = observation.split("/");
      const { valueQuantity, note, meta } = await read({ resourceType: "Observation", id });
      return { value: (valueQuantity as { value: number }).value, notes: (note as { text: string }[]).map(({ text }) => text), meta };
    };
    const correct = (value: number, reason: string) =>
      lab.correctResult(hospital.operator, { observation, finding: { value, unit: "g/dL" }, reason });
    const bench = await hospital.person("technician", ["lab-technician"]);
    await hospital.show(bench, "bench");
    const open = () => bench.click("section[aria-label='Issued lately'] tr:has-text('Ada Rossi') button:has-text('Correct')");
    await open();
    await bench.fill("#field-correct-value", "13.4");
    await bench.fill("#field-correct-reason", "read again");
    await correct(13.2, "slip of the comma");
    await bench.press("#field-correct-reason", "Enter");
    await bench.waitForSelector("dialog [role=alert]:focus");
    await bench.waitForSelector("dialog tr:has-text('13.4'):has-text('13.2')");
    expect(await barriers(bench)).toEqual([]);
    expect(await now()).toMatchObject({ value: 13.2, notes: ["slip of the comma"] });
    await bench.click("dialog button:has-text('Store')");
    await bench.waitForSelector("dialog", { state: "detached" });
    expect(await now()).toMatchObject({ value: 13.4, notes: ["slip of the comma", "read again"] });

    // What the other has corrected is right: it is left as it is.
    await bench.waitForSelector("section[aria-label='Issued lately'] tr:has-text('13.4')");
    await open();
    await bench.fill("#field-correct-value", "13.6");
    await bench.fill("#field-correct-reason", "once more");
    await correct(13.5, "second tube");
    await bench.press("#field-correct-reason", "Enter");
    await bench.check("dialog tr:has-text('13.5') td:last-child input");
    await bench.click("dialog button:has-text('Store')");
    await bench.waitForSelector("dialog", { state: "detached" });
    expect(await now()).toMatchObject({ value: 13.5, meta: { versionId: "4" } });
    hospital.complaints.length = 0; // the browser tells of refusals as of errors
  });

  it("shows the reorder level that somebody else has set meanwhile, and on confirmation sets one's own", async () => {
    const medication = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };
    await pharmacy.receive(hospital.operator, { medication, quantity: 100 });
    const level = async () => (await pharmacy.listReorderLevels(hospital.operator, {})).map((one) => one.level);
    const shelf = await hospital.person("pharmacist", ["pharmacist"]);
    await hospital.show(shelf, "dispensary");
    await shelf.click("section[aria-label='Shelf'] button.name");
    await shelf.click("dialog button:has-text('Set minimum')");
    await shelf.fill("#field-reorder-level", "40");
    await pharmacy.setReorderLevel(hospital.operator, { medication, level: 20 });
    await shelf.press("#field-reorder-level", "Enter");
    await shelf.waitForSelector("dialog tr:has-text('40'):has-text('20')");
    expect(await barriers(shelf)).toEqual([]);
    expect(await level()).toEqual([20]);
    await shelf.click("dialog button:has-text('Store')");
    await shelf.waitForSelector("dialog li:has-text('order from 40 down')");
    expect(await level()).toEqual([40]);
    // An undo takes back one's own, and no other's.
    await pharmacy.setReorderLevel(hospital.operator, { medication, level: 30 });
    await shelf.keyboard.press("Alt+z");
    await shelf.waitForSelector(".notice.fault");
    expect(await level()).toEqual([30]);
    hospital.complaints.length = 0; // the browser tells of refusals as of errors
  });

  it("shows both versions of a role, right by right, and stores both changes with the typed reason", async () => {
    const roleNow = async () => (await identity.listRoles(hospital.operator, {})).find(({ role }) => role === "porter");
    const content = { role: "porter", reason: "new", types: { Location: "rs" }, actions: [], onBehalf: false, secondFactor: false };
    await identity.changeRole(hospital.operator, { ...content, version: 0, says: "Brings patients." });
    await hospital.show(page, "administration");
    await page.click("button:has-text('porter')");
    await page.check("input[aria-label='Location: update']");
    await page.fill("#field-role-reason", "they move beds");
    const { version = 0 } = (await roleNow()) ?? {};
    await identity.changeRole(hospital.operator, { ...content, version, says: "Brings patients and beds." });
    await page.click("dialog button:has-text('Store')");
    await page.waitForSelector("dialog [role=alert]:focus");
    expect(await barriers(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.reload();
    await hospital.show(page, "administration");
    await page.click("button:has-text('porter')");
    expect(await page.isChecked("input[aria-label='Location: update']")).toBe(true); // what was chosen is kept as what was typed is
    await page.click("dialog button:has-text('Store')");
    await page.waitForSelector("dialog [role=alert]:focus");
    await page.click("dialog button:has-text('Store')");
    await page.waitForSelector("dialog", { state: "detached" });
    expect(await roleNow()).toMatchObject({ says: "Brings patients and beds.", types: { Location: "rus" } });
  });
});
