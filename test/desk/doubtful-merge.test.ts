/** Two records that seem to be two people's: the records office sees why, and merges them only with a reason. */
import type { Page } from "playwright-core";
import { patients } from "../../services/patients/patients.contract.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

describe("the records of a mother and her child", () => {
  let hospital: Hospital;
  let archivist: Page;
  let mother: string;
  let child: string;

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    const gender = "female" as const;
    ({ patient: mother } = await patients.register(operator, { family: "Rossi", given: ["Ada"], gender }));
    ({ patient: child } = await patients.registerNewborn(operator, { mother, given: ["Ada"], gender, birthDate: "2026-01-05" }));
    archivist = await hospital.person("archivist", ["records-office"]);
  });
  afterAll(() => hospital?.close());

  it("are merged only with a reason, which is not lost by a reload", async () => {
    const compare = () => archivist.click("li:has-text('Ada Rossi') button:has-text('Compare')");
    await hospital.show(archivist, `records/${child.split("/")[1]}`);
    await compare();
    await archivist.waitForSelector("dialog li:has-text('One is recorded as a relative of the other.')");
    expect(await barriers(archivist)).toEqual([]);
    await archivist.click("dialog button:has-text('Merge')");
    await archivist.waitForSelector("dialog #field-confirm:focus");
    await archivist.fill("#field-confirm", "registered as her own child");
    await archivist.reload();
    await compare();
    await archivist.waitForSelector("dialog button:has-text('Merge')");
    expect(await archivist.inputValue("#field-confirm")).toBe("registered as her own child");
    await archivist.click("dialog button:has-text('Merge')");
    await archivist.waitForSelector("[role=status]:has-text('The records are merged')");
    expect(await patients.mergeState(hospital.operator, { source: mother })).toMatchObject({ target: child, state: "merged" });
    // Everybody finds the record in force alone, and the records office the other one after it, to separate them again.
    await archivist.fill("#patient-search", "Rossi");
    await archivist.waitForSelector("#patient-search-list li");
    expect(await archivist.locator("#patient-search-list li").count()).toBe(1);
    await archivist.fill("#patient-search", "");
    await archivist.fill("#records-search", "Rossi");
    await archivist.waitForSelector("#records-search-list li:nth-child(2):has-text('record closed')");
    expect(await archivist.locator("#records-search-list li").count()).toBe(2);
    expect(hospital.complaints).toEqual([]);
  });
});
