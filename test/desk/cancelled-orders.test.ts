/** Orders that are not wanted any more: cancelled in the chart, long after the undo has gone, and gone from the bench. */
import type { Page } from "playwright-core";
import { ownerOf } from "../../federation/owner-contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

const POTASSIUM = "2823-3";

describe("an order that waits", () => {
  let hospital: Hospital;
  let physician: Page;
  let chart: string;

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    const known = { family: "Rossi", given: ["Ada"], gender: "female" as const, birthDate: "1951-03-08" };
    const { patient } = await patients.register(operator, known);
    await lab.orderPanel(operator, { patient, code: POTASSIUM, priority: "urgent" });
    const referral = { resourceType: "ServiceRequest", id: "referral", status: "active", intent: "order", code: { text: "Physiotherapy" } };
    const text = JSON.stringify({ ...referral, subject: { reference: patient } });
    await ownerOf("lab").write(operator, { steps: [{ op: "create", type: "ServiceRequest", id: "referral", text }] });
    chart = `chart/${patient.split("/")[1]}`;
    physician = await hospital.person("physician", ["physician"]);
    await hospital.show(physician, chart);
  });
  afterAll(() => hospital?.close());

  const order = (name: string) => `#part-orders li:has-text("${name}")`;

  it("is cancelled with its reason by those who may order, and is gone from the bench", async () => {
    const [nurse, technician] = await Promise.all([hospital.person("nurse", ["nurse"]), hospital.person("technician", ["lab-technician"])]);
    await Promise.all([hospital.show(nurse, chart), hospital.show(technician, "bench")]);
    await technician.waitForSelector("tbody tr:has-text('Potassium')");
    await nurse.waitForSelector(`${order("Potassium")}:has-text("urgent")`);
    expect(await nurse.locator("#part-orders li button").count()).toBe(0);
    expect(await physician.locator(`${order("Physiotherapy")} button`).count()).toBe(0); // the laboratory has not got it
    await hospital.step("cancel an order that waits, with the reason", physician, async () => {
      await physician.click(`${order("Potassium")} button:has-text("Cancel the order")`);
      await physician.fill("#field-order-reason", "Of another patient");
      await physician.press("#field-order-reason", "Enter");
      await physician.waitForSelector(".notice:has-text('Potassium'):has-text('is not ordered any more')");
    });
    await physician.waitForSelector(order("Potassium"), { state: "detached" });
    await technician.waitForSelector("tbody tr:has-text('Potassium')", { state: "detached" });
    expect(hospital.complaints).toEqual([]);
  });

  it("is not cancelled once it has its result, and the dialog says so", async () => {
    const patient = `Patient/${chart.split("/")[1]}`;
    const { order: ordered } = await lab.orderPanel(hospital.operator, { patient, code: POTASSIUM });
    await physician.click(`${order("Potassium")} button:has-text("Cancel the order")`);
    expect(await barriers(physician)).toEqual([]);
    await lab.enterResult(hospital.operator, { order: ordered, finding: { value: 4.2, unit: "mmol/L" } });
    await physician.fill("#field-order-reason", "Of another patient");
    await physician.press("#field-order-reason", "Enter");
    await physician.waitForSelector("dialog .fault");
    hospital.complaints.length = 0; // the browser tells of refusals as of errors
  });
});
