/** Numbers by which a person is identified elsewhere: at registration, in the chart, and by which a record is found. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import type { Patient } from "../../fhir/r4.ts";
import { barriers, Hospital, tooSmall } from "./pages-hospital.ts";

const SUBMIT = "form button[type=submit]";
/** A French identity number (INS), whose key is right, and as it is written on a card. */
const INS = { system: "urn:oid:1.2.250.1.213.1.4.8", value: "185057800608491" };
const AS_WRITTEN = "1 85 05 78 006 084 91";

describe("the national number of a patient", () => {
  let hospital: Hospital;
  let clerk: Page;
  const folder = mkdtempSync(join(tmpdir(), "openward-numbers-"));
  beforeAll(async () => {
    const file = join(folder, "patients.json");
    writeFileSync(file, JSON.stringify({ identifierSystems: [{ system: INS.system, type: "NI", isUnique: true }] }));
    hospital = await Hospital.open({ PATIENTS_FILE: file });
    clerk = await hospital.person("clerk", ["front-desk"]);
  });
  afterAll(async () => {
    await hospital?.close();
    rmSync(folder, { recursive: true });
  });

  const type = async (values: Record<string, string>) => {
    for (const [name, value] of Object.entries(values)) {
      await clerk.fill(`#field-${name}`, value);
    }
  };
  const said = (text: string) => clerk.waitForSelector(`.notice:has-text("${text}")`);
  const numbers = async (): Promise<unknown[]> => {
    const record = await clerk.evaluate(async () => {
      const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string };
      const answer = await fetch(`/fhir/Patient/${location.hash.split("/")[2]}`, { headers: { Authorization: `Bearer ${access}` } });
      return (await answer.json()) as Patient;
    });
    const kind = ({ type: of }: NonNullable<Patient["identifier"]>[number]) => of?.coding?.[0]?.code;
    return (record.identifier ?? []).slice(1).map((one) => ({ kind: kind(one), system: one.system, value: one.value }));
  };

  it("is checked as it is typed, stored as its system has it, and shown in the chart", async () => {
    await hospital.show(clerk, "desk");
    await clerk.waitForSelector("#field-NI");
    await type({ family: "Martin", given: "Alice", birthDate: "5/1985", NI: "1 85 05 78 006 084 92" });
    await clerk.selectOption("#field-gender", "female");
    await clerk.click("summary");
    await type({ MB: "m-77 a" });
    await clerk.click("summary");
    expect([await barriers(clerk), await tooSmall(clerk)]).toEqual([[], []]);
    await clerk.waitForSelector("#field-NI[data-fault*='mistake']"); // the systems are known
    await clerk.click(SUBMIT);
    await clerk.waitForFunction(() => document.querySelector<HTMLInputElement>("#field-NI")?.validationMessage.includes("mistake"));
    await type({ NI: AS_WRITTEN });
    await clerk.click(SUBMIT);
    await said("The patient is registered.");
    await clerk.click("main a:text-is('Chart')");
    await clerk.waitForSelector(`.banner:has-text('National number'):has-text('${INS.value}'):has-text('M77A')`);
    expect(await numbers()).toEqual([
      { kind: "NI", ...INS },
      { kind: "MB", system: "urn:openward:insurance-number", value: "M77A" },
    ]);
  });

  it("finds the record in any spelling, and is not given to a second one, which says so once", async () => {
    await clerk.fill("header input[type=search]", AS_WRITTEN);
    await clerk.waitForSelector("[role=option]:has-text('Alice Martin')");
    await clerk.fill("header input[type=search]", "");
    await hospital.show(clerk, "desk");
    await clerk.click("button:text-is('Cancel')"); // the visit of the patient who was registered
    await type({ family: "Martin-Roy", given: "Alix", birthDate: "1985", NI: INS.value });
    await clerk.waitForSelector("main li:has-text('Alice Martin')"); // while typing
    await clerk.selectOption("#field-gender", "female");
    await clerk.click(SUBMIT);
    await clerk.waitForSelector("#field-NI:focus");
    await clerk.waitForSelector("#field-NI-fault:has-text('registered already')");
    expect(await clerk.locator("form .fault").count()).toBe(1);
    await clerk.click("main li:has-text('Alice Martin') button");
    await clerk.waitForSelector("main a:text-is('Chart')");
  });

  it("is corrected and taken away in the chart, and what no field shows stays", async () => {
    await clerk.click("main a:text-is('Chart')");
    await clerk.click(".banner button:text-is('Details')");
    await clerk.waitForSelector("#field-details-PPN");
    expect(await clerk.inputValue("#field-details-NI")).toBe(INS.value);
    expect(await barriers(clerk)).toEqual([]);
    await type({ "details-PPN": "ab 12/3", "details-MB": "" });
    await clerk.click(`dialog ${SUBMIT}`);
    await said("The details are stored.");
    await clerk.waitForSelector(".banner:has-text('Passport number'):has-text('AB123')");
    expect(await numbers()).toEqual([
      { kind: "NI", ...INS },
      { kind: "PPN", system: "urn:openward:passport-number", value: "AB123" },
    ]);
    expect(hospital.complaints.filter((one) => !/409/.test(one))).toEqual([]);
  });
});
