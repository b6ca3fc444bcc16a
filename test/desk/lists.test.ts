/** Lists that people work from: the orders of a station of the laboratory, a patient's problems and allergies. */
import type { Page } from "playwright-core";
import { ownerOf } from "../../federation/owner-contract.ts";
import { billing } from "../../services/billing/billing.contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { barriers, Hospital, speak } from "./pages-hospital.ts";

const BLOOD_COUNT = "58410-2";
const POTASSIUM = "2823-3";
const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };
const FERRITIN = { system: "http://loinc.org", code: "2276-4", display: "Ferritin" };

/** A resource as a person is shown it. */
const as = (page: Page, reference: string) =>
  page.evaluate(async (path) => {
    const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string };
    const answer = await fetch(`/fhir/${path}`, { headers: { Authorization: `Bearer ${access}` } });
    return (await answer.json()) as Record<string, unknown>;
  }, reference);

describe("lists that people work from", () => {
  let hospital: Hospital;
  let patient: string;

  beforeAll(async () => {
    hospital = await Hospital.open();
    ({ patient } = await patients.register(hospital.operator, {
      family: "Rossi",
      given: ["Ada"],
      gender: "female",
      birthDate: "1951-03-08",
    }));
  });
  afterAll(() => hospital?.close());

  const rows = (page: Page, count: number) => page.waitForFunction((n) => document.querySelectorAll("main tbody tr").length === n, count);

  it("the bench shows the orders of the station chosen by keyboard, until another is chosen", async () => {
    const { operator } = hospital;
    for (const code of [BLOOD_COUNT, POTASSIUM]) await lab.orderPanel(operator, { patient, code });
    const { order } = await lab.order(operator, { patient, test: FERRITIN }); // the catalogue does not have it
    const { accession } = await lab.collect(operator, { orders: [order] });
    const technician = await hospital.person("technician", ["lab-technician"]);
    await hospital.show(technician, "bench");
    await rows(technician, 3);
    await technician.focus("#field-bench-find");
    await technician.keyboard.press("Tab");
    await technician.waitForSelector("#field-bench-station:focus");
    await technician.keyboard.type("Haem");
    await technician.waitForSelector("tbody tr:has-text('CBC panel')");
    await rows(technician, 1);
    expect(await technician.locator("#field-bench-station option").allTextContents()).toEqual([
      "all stations (3)",
      "Haematology (1)",
      "Chemistry (1)",
      "no station (1)",
    ]);
    expect(await technician.textContent(".tabs")).toContain("all 1");
    expect(await barriers(technician)).toEqual([]);

    await technician.reload();
    await technician.waitForSelector(".who");
    await rows(technician, 1);
    await speak(technician, "fr");
    await technician.waitForSelector("#field-bench-station option:checked:has-text('Hématologie')", { state: "attached" });
    await technician.fill("#field-bench-find", accession); // a tube that is scanned is meant, whichever station is shown
    await technician.press("#field-bench-find", "Enter");
    await technician.waitForSelector("dialog h2:has-text('Ferritin')");
    await technician.keyboard.press("Escape");

    await hospital.person("another", ["lab-technician"]);
    await speak(technician, "en");
    await technician.click("button:has-text('Sign out')");
    await technician.click('button[name="logout"][value="yes"]');
    await hospital.enter(technician, "another"); // at the same machine
    await hospital.show(technician, "bench");
    await rows(technician, 3);
    expect(hospital.complaints).toEqual([]);
  });

  it("the allergies that count stand on the chart and in the dispensary, the severe ones first, whatever codes the hospital adds", async () => {
    const { operator } = hospital;
    const { patient: allergic } = await patients.register(operator, { family: "Verdi", given: ["Ida"], gender: "female" });
    const systemOf = (status: string) => `http://terminology.hl7.org/CodeSystem/allergyintolerance-${status}`;
    const active = { system: systemOf("clinical"), code: "active" };
    const refuted = { coding: [{ system: systemOf("verification"), code: "refuted" }] };
    const ofTheirOwn = { system: "urn:hospital:status", code: "A1" };
    const shock = { manifestation: [{ text: "Shock" }], severity: "severe" };
    const recorded: [string, object][] = [
      ["Dust", { clinicalStatus: { coding: [active] }, criticality: "low" }],
      ["Latex", { clinicalStatus: { coding: [ofTheirOwn, active] }, reaction: [shock] }],
      ["Nuts", { clinicalStatus: { coding: [active] }, verificationStatus: refuted, criticality: "high" }],
    ];
    const steps = recorded.map(([text, more], index) => {
      const id = `allergy-${index}`;
      const one = { resourceType: "AllergyIntolerance", id, patient: { reference: allergic }, code: { text }, ...more };
      return { op: "create" as const, type: "AllergyIntolerance", id, text: JSON.stringify(one) };
    });
    await ownerOf("records").write(operator, { steps });
    const counting = "⚠ Allergies: Latex (severe), Dust";
    const doctor = await hospital.person("doctor", ["physician"]);
    await hospital.show(doctor, `chart/${allergic.split("/")[1]}`);
    expect(await doctor.locator(".banner .alert").allTextContents()).toEqual([counting]);
    await doctor.click("button:text-is('Note an allergy')");
    const nuts = doctor.locator("dialog li:has-text('Nuts')");
    await nuts.locator(".tag:text-is('ruled out')").waitFor();
    await nuts.getByRole("button", { name: "Active again" }).click();
    await doctor.waitForSelector(".banner .alert:has-text('Nuts (severe)')", { state: "attached" });
    await doctor.keyboard.press("Alt+z");
    await doctor.waitForSelector(".banner .alert:not(:has-text('Nuts'))", { state: "attached" });

    await pharmacy.prescribe(operator, { patient: allergic, medication: PARACETAMOL, quantity: 20, dosage: "1 tablet" });
    const pharmacist = await hospital.person("druggist", ["pharmacist"]);
    await hospital.show(pharmacist, "dispensary");
    await pharmacist.click("li:has-text('Ida Verdi') button:has-text('Hand out')");
    await pharmacist.waitForSelector("dialog .alert");
    expect(await pharmacist.locator("dialog .alert").allTextContents()).toEqual([counting]);
    await doctor.context().close();
    await pharmacist.context().close();
  });

  it("a problem is resolved, corrected or marked as an error, each undone by a key", async () => {
    const { operator } = hospital;
    const stored = {
      resourceType: "Condition",
      id: "cough",
      subject: { reference: patient },
      code: { text: "Cough", coding: [{ system: "http://snomed.info/sct", code: "49727002", display: "Cough" }] },
      onsetDateTime: "2019-03",
      note: [{ text: "at night" }],
    };
    await ownerOf("records").write(operator, { steps: [{ op: "create", type: "Condition", id: "cough", text: JSON.stringify(stored) }] });
    const physician = await hospital.person("physician", ["physician"]);
    const now = () => as(physician, "Condition/cough");
    const open = () => physician.click("section[aria-label='Problems'] li:has-text('Cough') button");
    await hospital.show(physician, `chart/${patient.split("/")[1]}`);

    await open();
    expect(await barriers(physician)).toEqual([]);
    await physician.click("dialog button:text-is('Resolved')");
    await physician.waitForSelector("section[aria-label='Problems'] li:has-text('Cough') .tag:text-is('resolved')");
    expect(await now()).toMatchObject({ clinicalStatus: { coding: [{ code: "resolved" }] }, abatementDateTime: expect.any(String) });
    await open();
    await physician.click("dialog button:text-is('Active again')");
    await physician.waitForSelector("section[aria-label='Problems'] li:has-text('Cough') .tag:text-is('active')");
    expect(await now()).not.toHaveProperty("abatementDateTime");

    await open();
    await physician.click("dialog button:text-is('Entered in error')");
    await physician.waitForSelector("section[aria-label='Problems'] li:has-text('Cough')", { state: "detached" });
    expect(await now()).toMatchObject({ verificationStatus: { coding: [{ code: "entered-in-error" }] }, note: stored.note });
    expect(await now()).not.toHaveProperty("clinicalStatus");
    await physician.keyboard.press("Alt+z");
    await physician.waitForSelector("section[aria-label='Problems'] li:has-text('Cough') .tag:text-is('active')");

    await open();
    await physician.fill("#field-problem-since", "2018"); // the name stays, and its code
    await physician.press("#field-problem-since", "Enter");
    await physician.waitForSelector(".notice:has-text('Cough is put right.')");
    expect(await now()).toMatchObject({ code: stored.code, onsetDateTime: "2018" });
    await open();
    await physician.fill("#field-problem-text", "Whooping cough");
    await physician.press("#field-problem-text", "Enter");
    await physician.waitForSelector("section[aria-label='Problems'] li:has-text('Whooping cough')");
    expect((await now())["code"]).toEqual({ text: "Whooping cough" }); // not the code of what it was called before
    await physician.keyboard.press("Alt+z");
    await physician.waitForSelector("section[aria-label='Problems'] li:has-text('Cough'):not(:has-text('Whooping'))");
    expect(await now()).toMatchObject({ code: stored.code, onsetDateTime: "2018", note: stored.note });

    await open();
    const other = { ...(await now()), note: [{ text: "by day" }] };
    await ownerOf("records").write(operator, {
      steps: [{ op: "update", upsert: false, type: "Condition", id: "cough", text: JSON.stringify(other) }],
    });
    await physician.waitForSelector("dialog");
    await physician.click("dialog button:text-is('Resolved')"); // what another has written meanwhile is not written over
    await physician.waitForSelector("dialog [name='merge-status']");
    expect(await now()).toMatchObject({ note: other.note, clinicalStatus: { coding: [{ code: "active" }] } });
    await physician.close();
  });

  it("an allergy that is over, or was recorded by mistake, leaves the banner and returns by a key; a nurse cannot change problems", async () => {
    const nurse = await hospital.person("nurse", ["nurse"]);
    await hospital.show(nurse, `chart/${patient.split("/")[1]}`);
    expect(await nurse.locator("section[aria-label='Problems'] button").count()).toBe(0);
    await nurse.click("button:text-is('Note an allergy')");
    await nurse.fill("#field-allergy", "Latex");
    await nurse.press("#field-allergy", "Enter");
    await nurse.waitForSelector(".banner .alert:has-text('Latex')");
    await nurse.click("button:text-is('Note an allergy')");
    await nurse.click("dialog li:has-text('Latex') button:has-text('It is severe')");
    await nurse.waitForSelector("dialog li:has-text('Latex') .tag.bad");
    expect(await barriers(nurse)).toEqual([]);
    await nurse.click("dialog li:has-text('Latex') button:has-text('It is over')");
    await nurse.waitForSelector("dialog li:has-text('Latex') .tag:text-is('inactive')");
    await nurse.waitForSelector(".banner:has-text('No allergy is recorded.')", { state: "attached" });
    await nurse.click("dialog li:has-text('Latex') button:has-text('Active again')");
    await nurse.click("dialog li:has-text('Latex') button:has-text('Entered in error')");
    await nurse.waitForSelector("dialog li:has-text('Latex')", { state: "detached" });
    await nurse.keyboard.press("Escape");
    await nurse.keyboard.press("Alt+z");
    await nurse.waitForSelector(".banner .alert:has-text('Latex (severe)')");
  });

  it("a prescription is stopped with a reason by somebody who may prescribe, and is no longer due", async () => {
    const { operator } = hospital;
    const timing = { frequency: 2, period: 1, periodUnit: "d" as const, from: new Date().toISOString() };
    const { prescription } = await pharmacy.prescribe(operator, {
      patient,
      medication: PARACETAMOL,
      quantity: 10,
      dosage: "1 tablet",
      timing,
      dose: { value: 325, unit: "mg" },
    });
    const [physician, midwife] = await Promise.all([hospital.signIn("physician"), hospital.person("midwife", ["midwife"])]);
    const chart = `chart/${patient.split("/")[1]}`;
    await Promise.all([hospital.show(physician, chart), hospital.show(midwife, chart)]);
    await midwife.waitForSelector("section[aria-label='Medication'] li:has-text('Acetaminophen')");
    expect(await midwife.locator("section[aria-label='Medication'] li button").count()).toBe(0);
    expect(await pharmacy.due(operator, { patient, aheadMinutes: 1_440 })).not.toEqual([]);
    await physician.click("section[aria-label='Medication'] li:has-text('Acetaminophen') button:has-text('Stop')");
    await physician.waitForSelector("dialog .hint:has-text('prescribed anew')"); // before it is done
    expect(await barriers(physician)).toEqual([]);
    await physician.fill("#field-stop-reason", "nausea");
    await physician.press("#field-stop-reason", "Enter");
    await physician.waitForSelector("section[aria-label='Medication'] li:has-text('Acetaminophen') .tag:text-is('stopped')");
    expect(await as(physician, prescription)).toMatchObject({ status: "stopped", statusReason: { text: "nausea" } });
    expect(await pharmacy.due(operator, { patient, aheadMinutes: 1_440 })).toEqual([]);
  });

  it("a chart says which of its parts have more than is shown, and says nothing where all is shown", async () => {
    const { patient: other } = await patients.register(hospital.operator, { family: "Verdi", given: ["Bruno"], gender: "male" });
    const category = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "vital-signs" }] }];
    const steps = Array.from({ length: 201 }, (_, index) => {
      const measured = {
        resourceType: "Observation",
        id: `hourly-${index}`,
        status: "final",
        category,
        code: { coding: [{ system: "http://loinc.org", code: "29463-7", display: "Body weight" }] },
        subject: { reference: other },
        effectiveDateTime: new Date(Date.now() - (index + 1) * 3_600_000).toISOString(),
        valueQuantity: { value: 70, unit: "kg", system: "http://unitsofmeasure.org", code: "kg" },
      };
      return { op: "create" as const, type: "Observation", id: measured.id, text: JSON.stringify(measured) };
    });
    for (const step of steps) await ownerOf("records").write(hospital.operator, { steps: [step] });
    const doctor = await hospital.person("ward-doctor", ["physician"]);
    await hospital.show(doctor, `chart/${other.split("/")[1]}`);
    const older = ".not-known:has-text('older ones are not shown')";
    await doctor.waitForSelector(`section[aria-label='Results'] ${older}`);
    await doctor.waitForSelector(`section[aria-label='Timeline'] ${older}`);
    await doctor.waitForSelector("section[aria-label='Results'] button:has-text('200 values'):not(:has-text('all'))");
    expect(await doctor.locator(`section[aria-label='Problems'] ${older}`).count()).toBe(0);
    expect(await barriers(doctor)).toEqual([]);
    await hospital.show(doctor, `chart/${patient.split("/")[1]}`);
    expect(await doctor.locator(older).count()).toBe(0);
  });

  it("a queue of more than 20 can be filtered by name, number, reason and appointment; a short one has no filter", async () => {
    const { operator } = hospital;
    const open = async (family: string, reason: string) => {
      const registered = await patients.register(operator, { family, given: ["Bruno"], gender: "male" });
      await visits.open(operator, { patient: registered.patient, reason });
      return registered.patient;
    };
    const clerk = await hospital.person("queue-clerk", ["front-desk"]);
    for (let count = 0; count < 20; count += 1) await open(`Waits${count}`, "dressing");
    await hospital.show(clerk, "desk");
    const queue = clerk.locator("#part-queue ul.list li");
    await clerk.waitForSelector("#part-queue:has-text('20 patients wait')");
    expect(await clerk.locator("#field-queue-seek").count()).toBe(0);
    const last = await open("Bénali", "fever");
    await clerk.waitForSelector("#field-queue-seek");
    const number = (await as(clerk, last))["identifier"] as { value: string }[];
    for (const [text, count] of [
      ["benali bru", 1],
      [number[0]?.value ?? "", 1],
      ["fever", 1],
      ["dressing", 20],
      ["nobody", 0],
    ] as const) {
      await clerk.fill("#field-queue-seek", text);
      await clerk.waitForFunction((n) => document.querySelectorAll("#part-queue ul.list li").length === n, count);
    }
    await clerk.waitForSelector("#part-queue [role=status]:has-text('Nobody who waits is one of these')");
    expect(await barriers(clerk)).toEqual([]);
    await clerk.fill("#field-queue-seek", "");
    await clerk.selectOption("#field-queue-kind", "booked");
    await clerk.waitForFunction(() => document.querySelectorAll("#part-queue ul.list li").length === 0);
    await clerk.selectOption("#field-queue-kind", "unbooked");
    await clerk.waitForFunction(() => document.querySelectorAll("#part-queue ul.list li").length === 21);
    expect(await queue.count()).toBe(21);

    // Whoever is at the desk again is seen to have a visit, before a second one is tried.
    await clerk.fill("#desk-search", "Bénali");
    await clerk.click("[role=option]:has-text('Bruno Bénali')");
    const there = clerk.locator("section[aria-label='Patient at the desk']:has-text('Bruno Bénali') .tag:has-text('visit for')");
    await there.waitFor();
    // Whoever is at the desk waits there while the clerk looks at something else.
    await hospital.show(clerk, "beds");
    await clerk.goBack();
    await there.waitFor();
    await clerk.reload();
    await there.waitFor();
    await clerk.click("section[aria-label='Patient at the desk'] button:text-is('Cancel')");
    await clerk.reload();
    await clerk.waitForSelector("#desk-search");
    await hospital.show(clerk, "chart/nobody");
    await clerk.waitForSelector("main .not-known:has-text('It is not there any more')");
    expect(await clerk.locator("main section").count()).toBe(0); // no part of a record that is none
  });

  it("of the free beds of a large hospital 30 are shown at first, of open accounts 20, those that can be billed before the others", async () => {
    const { operator } = hospital;
    const beds = Array.from({ length: 31 }, (_, index) => `${index + 1}`);
    await wards.open(operator, { name: "A large ward", rooms: [{ name: "1", beds }] });
    const people = await hospital.person("nurse-and-cashier", ["nurse", "billing"]);
    await hospital.show(people, "beds");
    const rows = people.locator("tbody tr");
    await people.waitForSelector(".panel:has-text('beds are free')");
    expect(await rows.count()).toBe(30);
    await people.click("button:has-text('Show more')");
    await people.waitForSelector("tbody tr:nth-child(31)");
    expect(await people.locator("button:has-text('Show more')").count()).toBe(0);
    const charged = async (family: string) => {
      const registered = await patients.register(operator, { family, given: ["Dora"], gender: "female" });
      const { visit } = await visits.open(operator, { patient: registered.patient });
      await billing.charge(operator, { encounter: visit, text: "consultation", cents: 10_00, currency: "EUR" });
      return visit;
    };
    for (let count = 0; count < 20; count += 1) await charged(`Charged${count}`);
    await visits.close(operator, { visit: await charged("Ended") });
    await hospital.show(people, "cash");
    await people.waitForSelector(
      "section[aria-label='Not billed yet'] li:first-child:has-text('Ended') button:has-text('Make the invoice')",
    );
    const accounts = people.locator("section[aria-label='Not billed yet'] li");
    expect(await accounts.count()).toBe(20);
    await people.click("section[aria-label='Not billed yet'] button:has-text('Show more')");
    await people.waitForFunction(() => document.querySelectorAll("section[aria-label='Not billed yet'] li").length === 21);
  });
});
