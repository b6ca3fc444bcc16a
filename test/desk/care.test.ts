/** Care that must not go wrong: the rights of a dose, numbers that can be read in two ways, critical values, who lies where. */
import type { Page } from "playwright-core";
import { ownerOf } from "../../federation/owner-contract.ts";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

const RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm";
const PARACETAMOL = { system: RXNORM, code: "313782", display: "Acetaminophen 325 MG" };
const POTASSIUM = { system: "http://loinc.org", code: "2823-3", display: "Potassium [Moles/volume] in Serum or Plasma" };

describe("care", () => {
  let hospital: Hospital;
  let nurse: Page;
  let physician: Page;
  let technician: Page;
  let patient: string;
  let number: string;
  const HOUR_MS = 3_600_000;
  const lies = (name: string, bed: string) => nurse.waitForSelector(`button.bed:has(.bed-name:text-is("${bed}")):has-text("${name}")`);
  const said = (page: Page, text: string) => page.waitForSelector(`.notice:has-text("${text}")`);

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    const registered = await patients.register(operator, { family: "Rossi", given: ["Ada"], gender: "female", birthDate: "1951-03-08" });
    ({ patient } = registered);
    const { patient: other } = await patients.register(operator, { family: "Verdi", given: ["Bruno"], gender: "male" });
    const { rooms } = await wards.open(operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A", "B"] }] });
    const [a, b] = rooms[0]?.beds ?? [];
    await hospitalizations.admit(operator, { patient, bed: a?.location ?? "", reason: "Anaemia" });
    await hospitalizations.admit(operator, { patient: other, bed: b?.location ?? "", reason: "Fever" });
    const timing = { frequency: 2, period: 1, periodUnit: "d" as const, from: new Date(Date.now() + HOUR_MS / 2).toISOString() };
    const dose = { value: 325, unit: "mg" };
    await pharmacy.receive(operator, { medication: PARACETAMOL, quantity: 100, lot: "L", expires: "2099-01-01" });
    await pharmacy.prescribe(operator, { patient, medication: PARACETAMOL, quantity: 40, dosage: "1 tablet", timing, dose });
    [nurse, physician, technician] = await Promise.all([
      hospital.person("nurse", ["nurse"]),
      hospital.person("physician", ["physician"]),
      hospital.person("technician", ["lab-technician"]),
    ]);
    await hospital.show(physician, `chart/${patient.split("/")[1]}`);
    number = (await physician.textContent(".banner .number"))?.trim() ?? "";
  });
  afterAll(() => hospital?.close());

  it("a dose is given once, to the right patient, of the prescribed medication", async () => {
    await hospital.show(nurse, "round");
    const scan = async (wristband: string, packed: string) => {
      await nurse.fill("#field-wristband", wristband);
      await nurse.fill("#field-packed", packed);
      await nurse.press("#field-packed", "Enter");
    };
    await nurse.click("li:has-text('Acetaminophen') button:has-text('Note')");
    await nurse.press("#field-packed", "Enter"); // nothing is scanned
    await nurse.waitForSelector("#field-why-fault:has-text('Scan wristband and package')");
    await scan("another", PARACETAMOL.code);
    await nurse.waitForSelector("#field-wristband-fault:has-text('another patient')");
    await nurse.waitForSelector("#field-wristband:focus");
    await nurse.keyboard.press("Escape");
    await nurse.click("li:has-text('Acetaminophen') button:has-text('Note')");
    await scan(number, "999999");
    await nurse.waitForSelector("#field-packed-fault:has-text('another medication')");
    await nurse.fill("#field-dose-given", "1,000 mg");
    await scan(number, PARACETAMOL.code);
    await nurse.waitForSelector("#field-dose-fault, #field-dose-given-fault:has-text('two ways')");
    await nurse.fill("#field-dose-given", "650 mg");
    await scan(number, PARACETAMOL.code);
    await nurse.waitForSelector("#field-why-fault:has-text('differ from the prescription')");
    await nurse.fill("#field-dose-given", "325 mg");
    const [due] = await pharmacy.due(hospital.operator, {
      ward: (await wards.board(hospital.operator, {})).wards[0]?.location ?? "",
      aheadMinutes: 60,
    });
    const given = { prescription: due?.prescription ?? "", outcome: "given" as const, due: due?.dueAt ?? "" };
    const scanned = { scanned: { patient: number, medication: PARACETAMOL.code } };
    await pharmacy.administer(hospital.operator, { ...given, ...scanned, ...(due?.dose && { dose: due.dose }) });
    await scan(number, PARACETAMOL.code); // while a colleague has given it
    await nurse.waitForSelector("dialog .fault:has-text('noted already')");
    await nurse.keyboard.press("Escape");
    await nurse.waitForSelector("text=No dose is due within the hour.");
    hospital.complaints.length = 0; // the browser tells of refusals as of errors
  });

  it("a dose that could mean a thousand or one cannot be prescribed", async () => {
    await physician.click("button:has-text('Prescribe')");
    for (const [field, text] of Object.entries({
      medication: PARACETAMOL.display,
      dosage: "1 tablet",
      dose: "1,000 mg",
      often: "2",
      quantity: "10",
    })) {
      await physician.fill(`#field-${field}`, text);
    }
    await physician.press("#field-quantity", "Enter");
    await physician.waitForSelector("#field-dose-fault:has-text('two ways')");
    await physician.waitForSelector("#field-dose:focus");
    await physician.fill("#field-dose", "١٠٠٠ mg");
    await physician.press("#field-dose", "Enter");
    await said(physician, "is prescribed.");
    const due = await pharmacy.due(hospital.operator, {
      ward: (await wards.board(hospital.operator, {})).wards[0]?.location ?? "",
      aheadMinutes: 1_440,
    });
    expect(due.map(({ dose }) => dose)).toContainEqual({ value: 1000, unit: "mg" });
  });

  it("a second prescription of what a patient is given already is warned of, as soon as its medication is chosen", async () => {
    await physician.click("button:has-text('Prescribe')");
    await physician.fill("#field-medication", PARACETAMOL.display);
    await physician.waitForSelector("dialog .alert:has-text('Already prescribed'):has-text('1 tablet')");
    expect(await barriers(physician)).toEqual([]);
    await physician.fill("#field-medication", "another");
    await physician.waitForSelector("dialog .alert:has-text('Already prescribed')", { state: "detached" });
    await physician.click("dialog button:text-is('Cancel')");
  });

  it("choosing another medication after an allergy warning needs no reason, and overrides nothing", async () => {
    const codes = [
      ["308182", "Amoxicillin 250 MG Oral Capsule"],
      ["248656", "Azithromycin 500 MG Oral Tablet"],
    ];
    const [amoxicillin, azithromycin] = codes.map(([code = "", display = ""]) => ({ system: RXNORM, code, display }));
    for (const one of [amoxicillin, azithromycin]) {
      const had = { resourceType: "Medication", id: one?.code, status: "active", code: { coding: [one] } };
      await ownerOf("pharmacy").write(hospital.operator, {
        steps: [{ op: "create", type: "Medication", id: one?.code ?? "", text: JSON.stringify(had) }],
      });
    }
    await physician.reload();
    await physician.click("button:text-is('Note an allergy')");
    await physician.fill("#field-allergy", amoxicillin?.display ?? "");
    await physician.check("dialog input[type=checkbox]"); // severe
    await physician.press("#field-allergy", "Enter");
    await physician.waitForSelector(".banner .alert:has-text('Amoxicillin')");
    await physician.click("button:text-is('Prescribe')");
    // The dialog covers the banner, on a phone the whole page.
    await physician.waitForSelector("dialog .whose:has-text('Ada Rossi')");
    await physician.waitForSelector("dialog .alert:has-text('Amoxicillin')");
    const given = { medication: amoxicillin?.display ?? "", dosage: "1 capsule", dose: "250 mg", often: "3", quantity: "21" };
    for (const [field, text] of Object.entries(given)) await physician.fill(`#field-${field}`, text);
    await physician.press("#field-quantity", "Enter");
    await physician.waitForSelector("#field-override-fault");
    await physician.fill("#field-override", "she took it last year");
    await physician.fill("#field-medication", azithromycin?.display ?? "");
    await physician.fill("#field-dose", "500 mg");
    await physician.press("#field-dose", "Enter");
    await said(physician, "Azithromycin 500 MG Oral Tablet is prescribed.");
    await physician.waitForSelector(
      "section[aria-label='Medication'] li:has-text('Azithromycin'):has-text('500 mg'):has-text('3 times a day')",
    );
    const prescribed = await physician.evaluate(async () => {
      const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string };
      const answer = await fetch("/fhir/MedicationRequest?code=248656", { headers: { Authorization: `Bearer ${access}` } });
      return answer.text();
    });
    expect(prescribed).toContain("Azithromycin");
    expect(prescribed).not.toContain("last year");
    hospital.complaints.length = 0; // the browser tells of refusals as of errors
  });

  it("the answer that somebody is a different person holds for the description at that time: after a change of it, the question comes again", async () => {
    const clerk = await hospital.person("clerk", ["front-desk"]);
    await hospital.show(clerk, "desk");
    for (const [field, text] of Object.entries({ family: "Rosi", given: "Ada", birthDate: "8/3/1951" })) {
      await clerk.fill(`#field-${field}`, text);
    }
    await clerk.selectOption("#field-gender", "female");
    await clerk.press("#field-given", "Enter");
    await clerk.waitForSelector("#field-confirm-fault");
    await clerk.fill("#field-confirm", "her cousin");
    await clerk.fill("#field-family", "Rossi");
    await clerk.waitForSelector("#field-confirm", { state: "detached" });
    await clerk.press("#field-given", "Enter");
    await clerk.waitForSelector("#field-confirm-fault");
    expect(await clerk.inputValue("#field-confirm")).toBe("");
    await clerk.fill("#field-confirm", "her cousin of the same name");
    await clerk.press("#field-confirm", "Enter");
    await said(clerk, "registered");
    hospital.complaints.length = 0; // the browser tells of refusals as of errors
  });

  it("a critical value is shown until it is acknowledged; if it is unknown whether there are any, the page does not say that there are none", async () => {
    const release = async (typed: string) => {
      const { order } = await lab.order(hospital.operator, { patient, test: POTASSIUM });
      await lab.collect(hospital.operator, { orders: [order] });
      await technician.click("tr:has-text('Potassium') button:has-text('Enter result')");
      await technician.fill("#field-value-2823-3", typed);
      await technician.press("#field-value-2823-3", "Enter");
      await technician.waitForSelector("dialog .tag:has-text('critically high')");
      await technician.click("dialog button:has-text('Release')");
      await said(technician, "The result is issued.");
      return order;
    };
    const notes = (order: string) =>
      physician.evaluate(async (path) => {
        const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string };
        const answer = await fetch(`/fhir/Observation?based-on=${path}`, { headers: { Authorization: `Bearer ${access}` } });
        const { entry = [] } = (await answer.json()) as { entry?: { resource: { note?: { text: string }[] } }[] };
        return entry.flatMap(({ resource }) => resource.note?.map(({ text }) => text) ?? []);
      }, order);
    await hospital.show(technician, "bench");
    const order = await release("٧،٢"); // with the comma of an Arabic keyboard
    await physician.waitForSelector("#part-critical li:has-text('7.2 mmol/L')");
    // At the bench nobody takes notice of it for the ward: who tells it by telephone says whom.
    await technician.waitForSelector("#part-critical li:has-text('7.2 mmol/L')");
    expect(await technician.locator("#part-critical button:has-text('I have taken notice')").count()).toBe(0);
    await hospital.step("note who was informed of a critical value by telephone", technician, async () => {
      await technician.click("#part-critical button:has-text('Reported by telephone')");
      await technician.fill("#field-told-who", "Dr Neri, Medicine");
      await technician.press("#field-told-who", "Enter");
      await said(technician, "It is noted that Dr Neri, Medicine was informed.");
    });
    await physician.waitForSelector("#part-critical", { state: "detached" });
    expect(await notes(order)).toEqual([expect.stringContaining("reported to Dr Neri, Medicine by telephone, read back")]);
    await release("٧٫٢");
    await physician.waitForSelector("#part-critical li:has-text('7.2 mmol/L')");
    await physician.route("**/api/lab/listCritical*", (route) => route.fulfill({ status: 503, body: "{}" }));
    await physician.reload();
    await physician.waitForSelector("section[aria-label='Critical values'] .not-known");
    await physician.unroute("**/api/lab/listCritical*");
    await physician.click("#part-critical button:has-text('I have taken notice')");
    await physician.waitForSelector("#part-critical", { state: "detached" });
    expect(await lab.listCritical(hospital.operator, { patient })).toEqual([]);
  });

  it("a value below the measurable range is a result, with its range and without a false flag", async () => {
    const { order } = await lab.order(hospital.operator, { patient, test: POTASSIUM });
    await lab.collect(hospital.operator, { orders: [order] });
    await technician.click("tr:has-text('Potassium') button:has-text('Enter result')");
    await technician.fill("#field-value-2823-3", "0.0004"); // what is reviewed is what was typed, not zero
    await technician.press("#field-value-2823-3", "Enter");
    await technician.waitForSelector("dialog td:has-text('0.0004 mmol/L')");
    await technician.fill("#field-value-2823-3", "<9");
    await technician.press("#field-value-2823-3", "Enter");
    await technician.waitForSelector("dialog td:has-text('<9 mmol/L'):not(:has(.tag))");
    await technician.click("dialog button:has-text('Release')");
    await physician.waitForSelector(".of-tests td:has-text('<9')");
  });

  it("two patients swap beds by drag and drop, one goes on leave and returns, and a ward with patients cannot be closed", async () => {
    await hospital.show(nurse, "ward");
    await nurse.dragAndDrop("button.bed:has-text('Ada Rossi')", "button.bed:has-text('Bruno Verdi')");
    await said(nurse, "Ada Rossi and Bruno Verdi have changed beds.");
    await Promise.all([lies("Ada Rossi", "B"), lies("Bruno Verdi", "A")]);
    await nurse.click("button.bed:has-text('Ada Rossi')");
    await nurse.click("dialog button:has-text('Leave')");
    await said(nurse, "Ada Rossi is on leave.");
    await nurse.click("button.bed:has-text('Ada Rossi'):has-text('on leave')");
    const today = await nurse.evaluate(() =>
      new Date().toLocaleDateString("en-GB", { timeZone: "Africa/Algiers", month: "short", day: "numeric" }),
    );
    await nurse.waitForSelector(`dialog dd:right-of(dt:has-text('on leave')):has-text('${today}')`); // it may have been yesterday
    await nurse.click("dialog button:has-text('back')");
    await said(nurse, "Ada Rossi is back.");
    const administrator = await hospital.person("chief", ["administrator"]);
    await hospital.show(administrator, "places");
    await administrator.click("main button:text-is('Close') >> nth=0");
    await administrator.fill("#field-close-reason", "painters");
    await administrator.press("#field-close-reason", "Enter");
    await administrator.waitForSelector("dialog .fault:has-text('first')");
    await nurse.waitForSelector("button.bed:has-text('Bruno Verdi')");
  });

  it("a dialog about a patient stays one about that patient, whatever others do, and says what is not known", async () => {
    const board = await wards.board(hospital.operator, {});
    const beds = board.wards.flatMap(({ rooms }) => rooms.flatMap((room) => room.beds));
    const [ada, bruno] = ["Ada Rossi", "Bruno Verdi"].map((name) => beds.find((bed) => bed.stay?.name === name)?.stay?.stay ?? "");
    await nurse.click("button.bed:has-text('Ada Rossi')");
    await nurse.waitForSelector("dialog h2:has-text('B'):has-text('Ada Rossi')");
    await hospitalizations.swap(hospital.operator, { stay: ada ?? "", with: bruno ?? "" }); // by a colleague
    await nurse.waitForSelector("dialog h2:has-text('A'):has-text('Ada Rossi')");
    await nurse.route(/wards\/board(?!\/)/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({
        response,
        json: { ...((await response.json()) as object), unknown: ["allergies", "stays"], isComplete: false },
      });
    });
    await hospitalizations.handOver(hospital.operator, { stay: ada ?? "", text: "seen" });
    await hospitalizations.swap(hospital.operator, { stay: ada ?? "", with: bruno ?? "" });
    await nurse.waitForSelector("dialog .not-known:has-text('allergies')");
    expect(await nurse.textContent("#part-waiting")).not.toContain("Nobody waits");
    await nurse.unrouteAll({ behavior: "wait" }); // an answer on its way is still the changed one
    await nurse.fill("#field-hand-over", "walks with help");
    await hospitalizations.discharge(hospital.operator, { stay: ada ?? "" });
    await nurse.waitForSelector("dialog [role=status]:has-text('Ada Rossi is no longer in a bed of this ward.')");
    expect(await nurse.locator("dialog button:has-text('Discharge')").count()).toBe(0);
    // What was being typed for those who take over is still there, and can be sent if the stay goes on.
    expect(await nurse.inputValue("#field-hand-over")).toBe("walks with help");
    await hospitalizations.cancelDischarge(hospital.operator, { stay: ada ?? "", reason: "another patient" });
    await nurse.waitForSelector("dialog h2:has-text('Ada Rossi') >> nth=0");
    await nurse.press("#field-hand-over", "Enter");
    await said(nurse, "The hand-over about Ada Rossi is written.");
    await hospitalizations.discharge(hospital.operator, { stay: ada ?? "" });
  });

  it("an open visit that cannot be asked for does not keep a patient from a bed, and allergies are said to be of earlier", async () => {
    const { patient: third } = await patients.register(hospital.operator, { family: "Kaci", given: ["Dalila"], gender: "female" });
    const down = { status: 503, body: "{}" };
    await nurse.route(/Encounter\?.*class=AMB/, (route) => route.fulfill(down));
    const free = (await wards.listBeds(hospital.operator, { status: "free" }))[0]?.location ?? "";
    // A bed that cannot be chosen says why, and the patient stays picked up; the own bed puts the patient back.
    await wards.setCleaning(hospital.operator, { bed: free, cleaning: "dirty" });
    await nurse.waitForSelector("button.bed.closed:has-text('to be cleaned')");
    await nurse.focus("button.bed:has-text('Bruno Verdi')");
    await nurse.keyboard.press("m");
    await nurse.click("button.bed.closed");
    await said(nurse, "to be cleaned. Choose another bed.");
    await nurse.click("button.bed:has-text('Bruno Verdi')");
    await nurse.waitForSelector(".moving", { state: "detached" });
    expect(await nurse.locator("dialog").count()).toBe(0);
    for (const cleaning of ["cleaning", "clean"] as const) await wards.setCleaning(hospital.operator, { bed: free, cleaning });
    await nurse.click("button.bed.free");
    await nurse.fill("#admit-search", "Kaci");
    await nurse.waitForSelector("#admit-search-list li");
    await nurse.press("#admit-search", "Enter");
    await nurse.waitForSelector("dialog .not-known");
    await nurse.fill("#field-admit-reason", "Fall");
    await nurse.press("#field-admit-reason", "Enter");
    await said(nurse, "Dalila Kaci is admitted");
    await hospital.show(physician, `chart/${third.split("/")[1]}`);
    await physician.waitForSelector(".banner:has-text('No allergy is recorded')");
    await physician.route(/AllergyIntolerance/, (route) => route.fulfill(down));
    const allergy = { resourceType: "AllergyIntolerance", patient: { reference: third }, code: { text: "Latex" } };
    const clinicalStatus = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] };
    const text = JSON.stringify({ ...allergy, clinicalStatus });
    await ownerOf("records").write(hospital.operator, {
      steps: [{ op: "create", type: "AllergyIntolerance", id: crypto.randomUUID(), text }],
    });
    await physician.waitForSelector(".banner .not-known:has-text('as of')");
    await physician.unroute(/AllergyIntolerance/);
    await physician.waitForSelector(".banner .alert:has-text('Latex')");
  });
});
