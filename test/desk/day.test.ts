/**
 * A day in seven browsers at once, through two gateways: each sees what the others do as it happens, and goes on while the laboratory, whose
 * process is killed with a tube on the bench, is away. docs/screens.md has the numbers of inputs.
 */
import type { Page } from "playwright-core";
import { ownerOf } from "../../federation/owner-contract.ts";
import { billing } from "../../services/billing/billing.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { Hospital } from "./pages-hospital.ts";

const HAEMOGLOBIN = { system: "http://loinc.org", code: "718-7", display: "Hemoglobin" };
const BLOOD_COUNT = "CBC panel - Blood by Automated count";
/** By LOINC code; what is typed. */
const VALUES: Record<string, string> = {
  "6690-2": "7.2",
  "789-8": "3,9",
  "718-7": "6.1",
  "4544-3": "29",
  "787-2": "75",
  "785-6": "25",
  "786-4": "33",
  "788-0": "14",
  "777-3": "250",
};
const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };

describe("a day in the hospital, by its pages,", () => {
  let hospital: Hospital;
  let clerk: Page;
  let nurse: Page;
  let physician: Page;
  let technician: Page;
  let pharmacist: Page;
  let cashier: Page;
  let archivist: Page;

  beforeAll(async () => {
    hospital = await Hospital.open({}, { nats: true, replicas: { api: 2 }, apart: ["lab"] });
    const { operator } = hospital;
    await wards.open(operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A", "B"] }] });
    await pharmacy.receive(operator, { medication: PARACETAMOL, quantity: 100 });
    const visit = { system: "http://terminology.hl7.org/CodeSystem/v3-ActCode", code: "IMP" };
    await billing.setPrice(operator, { code: visit, cents: 12_000, currency: "EUR" });
    // What the hospital has ordered and prescribed before is what can be chosen from.
    const known = await patients.register(operator, { family: "Before", given: ["Another"], gender: "female" });
    await lab.order(operator, { patient: known.patient, test: HAEMOGLOBIN });
    await pharmacy.prescribe(operator, { patient: known.patient, medication: PARACETAMOL, quantity: 1, dosage: "1 tablet" });
    [clerk, nurse, physician, technician, pharmacist, cashier, archivist] = await Promise.all([
      hospital.person("clerk", ["front-desk"]),
      hospital.person("nurse", ["nurse"], {}, 1),
      hospital.person("physician", ["physician"]),
      hospital.person("technician", ["lab-technician"], {}, 1),
      hospital.person("pharmacist", ["pharmacist"], {}, 1),
      hospital.person("cashier", ["billing"]),
      hospital.person("archivist", ["records-office"]),
    ]);
  });
  afterAll(() => hospital?.close());

  /** Number of her tube. */
  let accession = "";
  const said = (page: Page, text: string) => page.waitForSelector(`.notice:has-text("${text}")`);
  const step = (name: string, page: Page, work: () => Promise<unknown>) => hospital.step(name, page, work);

  it("the clerk registers a patient and opens a visit; a second registration by mistake is prevented", async () => {
    await hospital.show(clerk, "desk");
    const fill = async () => {
      await clerk.fill("#field-family", "Rossi");
      await clerk.fill("#field-given", "Ada");
      await clerk.fill("#field-birthDate", "8/3/1951");
      await clerk.selectOption("#field-gender", "female");
    };
    await step("register a patient", clerk, async () => {
      await fill();
      await clerk.press("#field-birthDate", "Enter");
      await clerk.waitForSelector("#field-reason");
    });
    await step("open a visit, with its reason", clerk, async () => {
      await clerk.fill("#field-reason", "Dizziness");
      await clerk.press("#field-reason", "Enter");
      await said(clerk, "A visit of Ada Rossi is open.");
    });
    await clerk.waitForSelector(".list :text('Dizziness')");

    await fill();
    await clerk.reload(); // what was typed is still there
    await hospital.show(clerk, "desk");
    expect(await clerk.inputValue("#field-family")).toBe("Rossi");
    await step("avoid a duplicate registration (the typing comes before)", clerk, async () => {
      await clerk.press("#field-birthDate", "Enter");
      await clerk.waitForSelector("#field-confirm-fault");
      await clerk.click(".list button:has-text('It is this person')");
      await clerk.waitForSelector("#field-reason");
    });
    await clerk.press("#field-reason", "Enter");
    await clerk.waitForSelector(".fault:has-text('has an open visit already')");
  });

  it("the nurse admits the patient by keyboard, transfers her and undoes the transfer", async () => {
    await hospital.show(nurse, "ward");
    await nurse.focus("button.bed >> nth=0");
    await step("admit from the front desk's queue to a bed", nurse, async () => {
      await nurse.keyboard.press("Enter");
      await nurse.fill("#admit-search", "Rossi");
      await nurse.waitForSelector("#admit-search-list li");
      await nurse.press("#admit-search", "Enter");
      await nurse.press("#field-admit-reason", "Enter");
      await said(nurse, "Ada Rossi is admitted to 101 · A");
    });
    const bed = (name: string) => nurse.waitForSelector(`button.bed:has(.bed-name:text-is("${name}")):has-text("Ada Rossi")`);
    await bed("A");
    await nurse.focus("button.bed >> nth=0");
    await step("move to the next bed", nurse, async () => {
      await nurse.keyboard.press("m");
      await nurse.keyboard.press("ArrowRight");
      await nurse.keyboard.press("Enter");
      await bed("B");
    });
    await step("take the move back", nurse, async () => {
      await nurse.keyboard.press("Alt+z");
      await bed("A");
    });
    await nurse.dragAndDrop("button.bed >> nth=0", "button.bed >> nth=1");
    await bed("B");
  });

  it("the physician finds the patient, orders and prescribes, and the others see it at once", async () => {
    await step("find a patient and open the chart", physician, async () => {
      await physician.fill("#patient-search", "Rossi");
      await physician.waitForSelector("#patient-search-list li");
      await physician.press("#patient-search", "Enter");
      await physician.waitForSelector(".banner:has-text('Ada Rossi')");
    });
    await step("order a blood count", physician, async () => {
      await physician.fill("#field-test", BLOOD_COUNT);
      await physician.press("#field-test", "Enter");
      await said(physician, `${BLOOD_COUNT} is ordered.`);
    });
    await step("prescribe", physician, async () => {
      await physician.click("button:has-text('Prescribe')");
      await physician.fill("#field-medication", PARACETAMOL.display);
      await physician.fill("#field-dosage", "1 tablet up to 4 times a day");
      await physician.fill("#field-dose", "325 mg");
      await physician.fill("#field-often", "4");
      await physician.fill("#field-quantity", "20");
      await physician.press("#field-quantity", "Enter");
      await said(physician, "is prescribed.");
    });

    await hospital.show(technician, "bench");
    await step("collect, with a label", technician, async () => {
      await technician.click("tr:has-text('Ada Rossi') button:has-text('Collect')");
      await technician.click("dialog button.main");
      const notice = await said(technician, "The tube has the number");
      accession = /number (\S+)\./.exec((await notice.textContent()) ?? "")?.[1] ?? "";
    });
    await technician.keyboard.press("Escape");
  });

  it("the laboratory is killed half-way: the bench says what is not known, the others work on, and it comes back by itself", async () => {
    await hospital.show(nurse, "home");
    await hospital.mesh.kill("lab");
    await technician.waitForSelector(".not-known:has-text('Not known at the moment')");
    await physician.waitForSelector(".panel:has(h2:text-is('Orders that wait')) .not-known");
    await physician.fill("#field-problem", "Anaemia");
    await physician.press("#field-problem", "Enter");
    await said(physician, "Anaemia is noted.");
    await hospital.show(pharmacist, "dispensary");
    await step("hand out a part of a prescription", pharmacist, async () => {
      await pharmacist.click("li:has-text('Ada Rossi') button:has-text('Hand out')");
      await pharmacist.waitForSelector("text=100 on the shelf");
      await pharmacist.fill("#field-dispense-quantity", "10");
      await pharmacist.press("#field-dispense-quantity", "Enter");
      await said(pharmacist, "It is handed out for Ada Rossi.");
    });
    await nurse.waitForSelector('[data-work="work.results"] .not-known');
    expect(await nurse.textContent('[data-work="work.requests"] .count')).toBe("0");
    await hospital.show(nurse, "ward");
    await nurse.waitForSelector("button.bed:has-text('Ada Rossi')");
    await hospital.mesh.add("lab");
    await technician.waitForSelector(".not-known", { state: "detached" });
  });

  it("the result is issued, and the physician takes notice of it at once", async () => {
    await step("enter a blood count of nine values and release its report", technician, async () => {
      await technician.fill("#field-bench-find", accession); // as a scanner does
      await technician.press("#field-bench-find", "Tab"); // others end with Enter
      for (const [code, value] of Object.entries(VALUES)) await technician.fill(`#field-value-${code}`, value);
      await technician.keyboard.press("Enter");
      await technician.waitForSelector("dialog .tag:has-text('critically low')");
      await technician.click("dialog button:has-text('Release')");
      await said(technician, "The result is issued.");
    });

    await physician.click("button:has-text('I have taken notice')");
    await physician.waitForSelector("td:has-text('6.1\u00a0g/dL')");
  });

  it("the nurse gives the first dose: another patient's wristband is refused, the right one is accepted", async () => {
    const wristband = (await physician.textContent(".banner .number"))?.trim() ?? "";
    await hospital.show(nurse, "round");
    await nurse.click("li:has-text('Acetaminophen') button:has-text('Note')");
    await nurse.fill("#field-wristband", "another");
    await nurse.fill("#field-packed", PARACETAMOL.code);
    await nurse.keyboard.press("Enter");
    await nurse.waitForSelector("#field-wristband-fault:has-text('another patient')");
    await nurse.keyboard.press("Escape");
    await step("give a dose, wristband and package scanned", nurse, async () => {
      await nurse.click("li:has-text('Acetaminophen') button:has-text('Note')");
      await nurse.fill("#field-wristband", wristband);
      await nurse.fill("#field-packed", PARACETAMOL.code);
      await nurse.press("#field-packed", "Enter");
      await said(nurse, "The dose of Ada Rossi is given.");
    });
    await hospital.show(nurse, "ward");
  });

  it("a request for admission goes from the chart to the board, and from there to a bed", async () => {
    const { patient } = await patients.register(hospital.operator, {
      family: "Verdi",
      given: ["Bruno"],
      birthDate: "1960-01-01",
      gender: "male",
    });
    await hospital.show(physician, `chart/${patient.split("/")[1]}`);
    await step("ask for an admission", physician, async () => {
      await physician.click("button:has-text('Ask for admission')");
      await physician.fill("#field-admission-reason", "Chest pain");
      await physician.press("#field-admission-reason", "Enter");
      await said(physician, "Bruno Verdi is on the list of the wards.");
    });
    await nurse.waitForSelector("aside li:has-text('Bruno Verdi')");
    const row = "aside li:has-text('Bruno Verdi')";
    const acceptButton = `${row} button:has-text('Accept'):not(:has-text('Withdraw'))`; // and not "Withdraw acceptance"
    await step("accept a request for admission", nurse, () => nurse.click(acceptButton));
    await said(nurse, "A place is kept for Bruno Verdi.");
    await nurse.waitForSelector(`${row} button:has-text('Withdraw')`); // the board has heard of it, too
    await step("take the acceptance back", nurse, () => nurse.press("body", "Alt+KeyZ"));
    await nurse.waitForSelector(acceptButton);
    await nurse.dblclick(acceptButton);
    await said(nurse, "A place is kept for Bruno Verdi.");
    await nurse.waitForSelector(`${row} button:has-text('Withdraw')`);
    expect(await nurse.locator(".notice:has-text('A place is kept')").count()).toBe(1);
    await step("admit a waiting patient to a bed", nurse, async () => {
      await nurse.click("aside li:has-text('Bruno Verdi') button:has-text('Give a bed')");
      await nurse.click("button.bed >> nth=0");
      await said(nurse, "Bruno Verdi is admitted to 101 · A");
    });
    await physician.goBack();
    await physician.waitForSelector(".banner:has-text('Ada Rossi')");
  });

  it("two people correct the patient's details at once: nothing is lost, the second one chooses", async () => {
    const id = physician.url().split("/").at(-1) ?? "";
    await hospital.show(clerk, `chart/${id}`);
    await hospital.show(nurse, `chart/${id}`);
    for (const page of [clerk, nurse]) await page.click("button:has-text('Details')");
    await clerk.fill("#field-details-phone", "0550 12 34 56");
    await clerk.press("#field-details-phone", "Enter");
    await said(clerk, "The details are stored.");
    await nurse.fill("#field-details-given", "Ada Maria");
    await nurse.press("#field-details-given", "Enter");
    await nurse.waitForSelector("dialog th:has-text('Phone')");
    await nurse.click("dialog button:has-text('Store')");
    await said(nurse, "The details are stored.");
    await nurse.waitForSelector(".banner:has-text('Ada Maria Rossi'):has-text('0550 12 34 56')");
    await nurse.click("button:has-text('Details')");
    await nurse.fill("#field-details-given", "Ada");
    await nurse.press("#field-details-given", "Enter");
    await nurse.waitForSelector(".banner:has-text('Ada Rossi')");
    await hospital.show(nurse, "ward");
  });

  it("two records of one person are merged, and separated again", async () => {
    const again = { family: "Rosi", given: ["Ada"], birthDate: "1951-03-08", gender: "female" as const, confirm: "for trying" };
    await patients.register(hospital.operator, again);
    await hospital.show(archivist, "records");
    await step("merge two records", archivist, async () => {
      await archivist.fill("#records-search", "Rossi");
      await archivist.waitForSelector("#records-search-list li");
      await archivist.press("#records-search", "Enter");
      await archivist.click("li:has-text('Ada Rosi') button:has-text('Compare')");
      await archivist.click("dialog button:has-text('Merge')");
      await said(archivist, "The records are merged");
    });
    await step("take the merge back", archivist, async () => {
      await archivist.keyboard.press("Alt+z");
      await archivist.waitForSelector("li:has-text('Ada Rosi') button:has-text('Compare')");
    });
  });

  it("the records office marks two imported records as different people, and can undo that", async () => {
    const cousins = ["once", "twice"].map((id) => ({
      resourceType: "Patient",
      id,
      birthDate: "1951-03-08",
      gender: "male",
      name: [{ family: "Abdelmalek", given: ["Tarek"] }],
    }));
    await hospital.show(archivist, "records");
    await archivist.waitForSelector("text=There are no probable duplicates.");
    const steps = cousins.map((one) => ({ op: "create" as const, type: "Patient", id: one.id, text: JSON.stringify(one) }));
    await ownerOf("patients").write(hospital.operator, { steps });
    const pair = "section[aria-label='Probable duplicates'] li:has-text('Tarek Abdelmalek')";
    await archivist.waitForSelector(pair);
    await step("mark two records as different people", archivist, async () => {
      await archivist.click(`${pair} button:has-text('Two people')`);
      await archivist.fill("#field-distinct-reason", "cousins");
      await archivist.press("#field-distinct-reason", "Enter");
      await archivist.waitForSelector("text=There are no probable duplicates.");
    });
    await archivist.keyboard.press("Alt+z");
    await archivist.waitForSelector(pair);
  });

  it("the patient is discharged, and billed", async () => {
    await step("discharge", nurse, async () => {
      await nurse.click("button.bed:has-text('Ada Rossi')");
      await nurse.click("button:has-text('Discharge')");
      await said(nurse, "Ada Rossi is discharged.");
    });
    await hospital.show(cashier, "cash");
    await step("make the invoice", cashier, async () => {
      await cashier.click("li:has-text('Ada Rossi') button:has-text('Make the invoice')");
      await said(cashier, "Ada Rossi is billed");
    });
    await cashier.waitForSelector("section[aria-label='Not billed yet'] li:has-text('Ada Rossi')", { state: "detached" });
    const bill = "#part-invoices li:has-text('Ada Rossi')";
    await step("take the payment of an invoice, in cash, with its receipt on the screen", cashier, async () => {
      await cashier.click(`${bill} button:has-text('Take payment')`);
      await cashier.press("#field-pay-amount", "Enter");
      await said(cashier, "Ada Rossi has paid");
    });
    await cashier.waitForSelector("dialog .print:has-text('Receipt')");
    await cashier.keyboard.press("Escape");
    await cashier.waitForSelector(bill, { state: "detached" });
    await cashier.click("#part-invoices button:has-text('all')");
    await cashier.waitForSelector(`${bill}:has-text('paid')`);
    // A refusal, and what is down, the browser tells of by itself.
    expect(hospital.complaints.filter((text) => !/status of (409|412|503)/.test(text))).toEqual([]);
  });
});
