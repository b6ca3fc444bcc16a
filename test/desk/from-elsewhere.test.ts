/** Records that other systems have sent are shown whole: FHIR says the same thing in several ways. */
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { parseJson } from "../../fhir/json.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import { identity } from "../../services/identity/identity.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { barriers, Hospital, speak } from "./pages-hospital.ts";

const HL7 = "http://terminology.hl7.org/CodeSystem";
const POTASSIUM = { system: "http://loinc.org", code: "2823-3", display: "Potassium" };
const LOCAL = { system: "urn:their:codes", code: "X" };
const ACETYLSALICYLIC = { coding: [{ system: "http://www.whocc.no/atc", code: "B01AC06", display: "Acetylsalicylic acid" }] };

describe("a chart with records from elsewhere", () => {
  let hospital: Hospital;
  let physician: Page;
  let subject: { reference: string };
  const store = async (service: string, resources: (Record<string, unknown> & { resourceType: string })[]) => {
    const steps = resources.map((resource, index) => {
      const id = `${resource.resourceType.toLowerCase()}-${index}`;
      return { op: "create" as const, type: resource.resourceType, id, text: JSON.stringify({ ...resource, id }) };
    });
    await ownerOf(service).write(hospital.operator, { steps });
  };
  const part = (name: string) => physician.locator(`section[aria-label='${name}']`);

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { patient } = await patients.register(hospital.operator, { family: "Rossi", given: ["Ada"], gender: "female" });
    subject = { reference: patient };
    physician = await hospital.person("physician", ["physician"]);
  });
  afterAll(() => hospital?.close());

  const show = async () => {
    await physician.reload();
    await hospital.show(physician, `chart/${subject.reference.split("/")[1]}`);
  };

  it("shows each kind of result, why there is none, what the laboratory remarks, when it was, and its flag", async () => {
    const found = (text: string, more: object) => ({
      resourceType: "Observation",
      status: "final",
      code: { text },
      subject,
      effectiveDateTime: "2026-11-20T10:00:00+01:00",
      ...more,
    });
    const flags = { coding: [LOCAL, { system: `${HL7}/v3-ObservationInterpretation`, code: "LL" }] };
    await store("records", [
      found("Haemoglobin", { valueQuantity: { value: 6.1, unit: "g/dL" }, interpretation: [flags], note: [{ text: "Repeat it." }] }),
      found("Calcium", { valueQuantity: { value: parseJson("2.50"), unit: "mmol/L" } }),
      found("Titre", { valueRatio: { numerator: { value: 1 }, denominator: { value: 128 } } }),
      found("Colonies", { valueRange: { low: { value: 3 }, high: { value: 5 } } }),
      found("Smokes", { valueBoolean: true }),
      found("HIV", {
        valueString: "not found",
        interpretation: [{ coding: [{ system: `${HL7}/v3-ObservationInterpretation`, code: "NEG" }] }],
      }),
      found("Last menstruation", { valueDateTime: "2026-10-02" }),
      found("Glucose", { dataAbsentReason: { text: "haemolysed" } }),
      found("Leucocytes", { effectiveDateTime: undefined, effectivePeriod: { start: "2026-11-21" }, valueQuantity: { value: 12 } }),
      found("K", { code: { coding: [LOCAL, POTASSIUM] }, valueQuantity: { value: 4 } }),
      found("K", { code: { coding: [POTASSIUM] }, valueQuantity: { value: 5 }, effectiveDateTime: "2026-11-19T10:00:00Z" }),
      found("Of somebody else", { status: "entered-in-error", valueString: "wrong" }),
    ]);
    await show();
    const rows = await part("Results").locator("tbody tr").allInnerTexts();
    const plain = rows.map((one) =>
      one
        .replaceAll(/[\u2066-\u2069]/g, "")
        .replaceAll(/\s+/g, " ")
        .trim(),
    );
    expect(plain.sort()).toEqual([
      "Calcium 2.50 mmol/L 20 Nov 2026",
      "Colonies 3 – 5 20 Nov 2026",
      "Glucose haemolysed 20 Nov 2026",
      "HIV not found negative 20 Nov 2026",
      "Haemoglobin 6.1 g/dL ↓ critically low Repeat it. 20 Nov 2026",
      "Last menstruation 2 Oct 2026 20 Nov 2026",
      "Leucocytes 12 21 Nov 2026",
      expect.stringMatching(/^Potassium.* 4 20 Nov 2026 2 values/),
      "Smokes yes 20 Nov 2026",
      "Titre 1 : 128 20 Nov 2026",
    ]);
    await speak(physician, "ar");
    const titre = part("النتائج").locator("tr:has-text('Titre') td.figure span").first();
    const [one, many] = await titre.evaluate((node) => {
      const text = node.firstChild as Text;
      const leftOf = (part: string) => {
        const range = new Range();
        range.setStart(text, text.data.indexOf(part));
        range.setEnd(text, text.data.indexOf(part) + part.length);
        return range.getBoundingClientRect().left;
      };
      return [leftOf("1"), leftOf("128")];
    });
    expect(one).toBeLessThan(many ?? Number.NaN); // numbers run from left to right
    await speak(physician, "en");
  });

  it("shows a visit that another system calls arrived in the queue, on the banner and in words, until it is closed", async () => {
    const visit = { class: { system: `${HL7}/v3-ActCode`, code: "AMB" }, subject, period: { start: new Date().toISOString() } };
    await store("visits", [{ resourceType: "Encounter", status: "arrived", ...visit }]);
    await show();
    await physician.waitForSelector(".banner .tag:has-text('visit for')");
    await speak(physician, "fr");
    await physician.waitForSelector("#part-encounters .tag:text-is('arrivé')");
    await speak(physician, "en");
    const clerk = await hospital.person("clerk", ["front-desk"]);
    await hospital.show(clerk, "desk");
    await clerk.click("#part-queue li:has-text('Ada Rossi') button:has-text('End visit')");
    await clerk.waitForSelector("#part-queue li:has-text('Ada Rossi')", { state: "detached" });
    await clerk.context().close();
  });

  it("calls a person by the present name, and corrects that one: the name at birth stays beside it", async () => {
    const name = [
      { use: "maiden", family: "Blanc", given: ["Eva"] },
      { use: "usual", family: "Noir", given: ["Eva"] },
    ];
    await store("patients", [{ resourceType: "Patient", name, gender: "female", birthDate: "1980-02-03" }]);
    await hospital.show(physician, "chart/patient-0");
    expect(await physician.locator(".banner-name").textContent()).toMatch(/^Eva Noir\s+Eva Blanc\s*$/);
    await physician.click("button:text-is('Details')");
    expect(await physician.inputValue("#field-details-family")).toBe("Noir");
    await physician.keyboard.press("Escape");
  });

  it("names medications that are stored, or stand within the prescription", async () => {
    await store("pharmacy", [{ resourceType: "Medication", code: ACETYLSALICYLIC }]);
    const order = { resourceType: "MedicationRequest", status: "active", intent: "order", subject };
    const cream = { resourceType: "Medication", id: "own", code: { text: "Zinc cream" } };
    await store("pharmacy", [
      { ...order, medicationReference: { reference: "Medication/medication-0" } },
      { ...order, contained: [cream], medicationReference: { reference: "#own" } },
    ]);
    await show();
    await part("Medication").locator("li:has-text('Acetylsalicylic acid')").waitFor();
    await part("Medication").locator("li:has-text('Zinc cream')").waitFor();
    const nurse = await hospital.person("nurse", ["nurse"]);
    await hospital.show(nurse, `chart/${subject.reference.split("/")[1]}`);
    await nurse.waitForSelector("section[aria-label='Medication'] li:has-text('Acetylsalicylic acid')");
    await nurse.context().close();
  });

  it("is prescribed from stock, whichever of the medication's codes stands first", async () => {
    const aspirin = { system: "http://www.whocc.no/atc", code: "B01AC06", display: "Acetylsalicylic acid" };
    await pharmacy.receive(hospital.operator, { medication: aspirin, quantity: 50, lot: "L7", expires: "2099-01-01" });
    const order = { resourceType: "MedicationRequest", status: "active", intent: "order", subject, authoredOn: new Date().toISOString() };
    const medicationCodeableConcept = { coding: [{ ...LOCAL, display: "Aspirin of the house" }, aspirin] };
    const text = JSON.stringify({ ...order, id: "local", medicationCodeableConcept, dispenseRequest: { quantity: { value: 10 } } });
    await ownerOf("pharmacy").write(hospital.operator, { steps: [{ op: "create", type: "MedicationRequest", id: "local", text }] });
    const pharmacist = await hospital.person("pharmacist", ["pharmacist"]);
    await hospital.show(pharmacist, "dispensary");
    await pharmacist.click("li:has-text('Aspirin of the house') button:has-text('Hand out')");
    await pharmacist.waitForSelector("dialog:has-text('50 on the shelf') [role=status]:has-text('10 × L7')");
    await pharmacist.press("#field-dispense-quantity", "Enter");
    await pharmacist.waitForSelector(".notice:has-text('It is handed out for Ada Rossi.')");
    const [lot] = await pharmacy.listLots(hospital.operator, { medication: `${aspirin.system}|${aspirin.code}` });
    expect(lot).toMatchObject({ lot: "L7", quantity: 40 });
    await pharmacist.context().close();
  });

  it("does not call a problem active that was ruled out, nor over one that has come back", async () => {
    const clinical = (code: string) => ({ coding: [LOCAL, { system: `${HL7}/condition-clinical`, code }] });
    const refuted = { coding: [{ system: `${HL7}/condition-ver-status`, code: "refuted" }] };
    await store("records", [
      { resourceType: "Condition", subject, code: { text: "Pneumonia" }, clinicalStatus: clinical("active"), verificationStatus: refuted },
      { resourceType: "Condition", subject, code: { text: "Heart failure" }, clinicalStatus: clinical("relapse") },
    ]);
    await show();
    const texts = async () => (await part("Problems").locator("li .tag").allTextContents()).join();
    expect(await texts()).toBe("relapse,ruled out");
    await part("Problems").locator("li:has-text('Heart failure') button").click();
    await physician.click("dialog button:text-is('Resolved')");
    await part("Problems").locator("li:has-text('Heart failure') .tag:text-is('resolved')").waitFor();
    await part("Problems").locator("li:has-text('Pneumonia') button").click();
    await physician.click("dialog button:text-is('Active again')");
    await part("Problems").locator("li:has-text('Pneumonia') .tag:text-is('active')").waitFor();
  });

  it("lists letters and pictures beside the notes, and saves their files", async () => {
    const attachment = { contentType: "application/pdf", title: "Letter from Oran.pdf", data: Buffer.from("%PDF-1.4").toString("base64") };
    await store("records", [
      { resourceType: "DocumentReference", status: "current", subject, type: { text: "Letter" }, content: [{ attachment }] },
    ]);
    await show();
    const letter = part("Notes").locator("article:has-text('Letter · Letter from Oran.pdf')");
    const [file] = await Promise.all([physician.waitForEvent("download"), letter.getByRole("button", { name: "Save the file" }).click()]);
    expect([file.suggestedFilename(), readFileSync(await file.path(), "utf8")]).toEqual(["Letter from Oran.pdf", "%PDF-1.4"]);
    expect(hospital.complaints).toEqual([]);
  });

  it("shows what radiology reports in words or as a file, and no report that only repeats results", async () => {
    const report = { resourceType: "DiagnosticReport", status: "final", subject, effectiveDateTime: "2026-11-23T10:00:00Z" };
    const form = { contentType: "application/pdf", title: "CT.pdf", data: Buffer.from("%PDF-1.7").toString("base64") };
    await store("lab", [
      { ...report, code: { text: "CT of the chest" }, conclusion: "No embolism.", presentedForm: [form] },
      { ...report, code: { text: "Blood count" } },
      { ...report, status: "entered-in-error", code: { text: "Of somebody else" }, conclusion: "Embolism." },
    ]);
    await show();
    const ct = part("Reports").locator("article");
    expect(await ct.allTextContents()).toEqual([expect.stringMatching(/^CT of the chest\s*No embolism\./)]);
    const [file] = await Promise.all([physician.waitForEvent("download"), ct.getByRole("button", { name: "Save the file" }).click()]);
    expect(file.suggestedFilename()).toBe("CT.pdf");
    await part("Timeline").locator("li:has-text('No embolism')").waitFor();
    expect(await barriers(physician)).toEqual([]);
  });

  it("tells on the timeline what happened, in the order of time whatever its zone, without what was a mistake", async () => {
    const order = { resourceType: "ServiceRequest", status: "active", intent: "order", subject };
    await store("lab", [
      { ...order, code: { text: "Second" }, authoredOn: "2026-11-22T10:30:00+02:00" },
      { ...order, code: { text: "Third" }, authoredOn: "2026-11-22T09:00:00Z" },
      { ...order, code: { text: "First" }, authoredOn: "2026-11-22T10:00:00+02:00" },
      { ...order, status: "entered-in-error", code: { text: "Never" }, authoredOn: "2026-11-22T10:00:00Z" },
    ]);
    await show();
    const events = (await part("Timeline").locator("li .what").allTextContents()).join();
    expect(events).toMatch(/Third,Second,First/);
    expect(events).not.toMatch(/Never|Of somebody else/);
  });

  it("shows no signature beside a note that another system has amended since, but one where it has only labelled it", async () => {
    const text = (words: string) => [{ attachment: { contentType: "text/plain", data: Buffer.from(words).toString("base64") } }];
    const signed = (id: string, more: object) => ({
      resourceType: "DocumentReference",
      id,
      status: "current",
      docStatus: "final",
      subject,
      content: text(`As signed, ${id}.`),
      ...more,
    });
    const write = (resource: { id: string }) =>
      ownerOf("records").write(hospital.operator, {
        steps: [{ op: "update", type: "DocumentReference", id: resource.id, text: JSON.stringify(resource), upsert: true }],
      });
    await write(signed("amended-there", {}));
    await write(signed("labelled-there", {}));
    const user = (await identity.listUsers(hospital.operator, {})).find(({ login }) => login === "physician")?.id ?? "";
    await identity.setPractitioner(hospital.operator, { user, practitioner: "Practitioner/physician" });
    await show();
    const note = (id: string) => physician.locator(`article.note:has-text('${id}')`);
    for (const id of ["amended-there", "labelled-there"]) {
      await note(id).locator("button:text-is('Sign')").click();
      await note(id).locator(".tag.good").waitFor();
    }
    await write(signed("amended-there", { docStatus: "amended", content: text("Not as signed, amended-there.") }));
    await write(signed("labelled-there", { docStatus: "final", meta: { tag: [{ system: "urn:their", code: "seen" }] } }));
    await show();
    await note("labelled-there").locator(".tag.good").waitFor();
    await note("amended-there").locator("button:text-is('Sign')").waitFor();
    expect(await note("amended-there").locator(".tag.good").count()).toBe(0);
    await note("amended-there").locator("button:has-text('Check')").click();
    await physician.waitForSelector(".notice:has-text('This is not what was signed.')");
    await note("labelled-there").locator("button:has-text('Check')").click();
    await physician.waitForSelector(".notice:has-text('unchanged since')");
  });
});
