/** Who belongs to a patient: address, mother's name and next of kin at the front desk and in the chart, and the children of one birth. */
import type { Page } from "playwright-core";
import type { Patient } from "../../fhir/r4.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { barriers, Hospital, tooSmall } from "./pages-hospital.ts";

const SUBMIT = "form button[type=submit]";
const ROLE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";

describe("who belongs to a patient", () => {
  let hospital: Hospital;
  let clerk: Page;
  beforeAll(async () => {
    hospital = await Hospital.open();
    clerk = await hospital.person("clerk", ["front-desk"]);
  });
  afterAll(() => hospital?.close());

  const type = async (page: Page, prefix: string, values: Record<string, string>) => {
    for (const [name, value] of Object.entries(values)) {
      await page.fill(`#field-${prefix}${name}`, value);
    }
  };
  /** The record whose chart is shown, as the person may read it. */
  const recordIn = (page: Page): Promise<Patient> =>
    page.evaluate(async () => {
      const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string };
      const answer = await fetch(`/fhir/Patient/${location.hash.split("/")[2]}`, { headers: { Authorization: `Bearer ${access}` } });
      return (await answer.json()) as Patient;
    });
  const said = (page: Page, text: string) => page.waitForSelector(`.notice:has-text("${text}")`);
  const toChart = async (page: Page) => {
    await page.click("main a:text-is('Chart')");
    await page.waitForSelector(".banner-name");
  };

  it("is noted as a child is registered, is seen in its chart, and goes where it is asked for if something is missing", async () => {
    await hospital.show(clerk, "desk");
    await type(clerk, "", { family: "بوزيد", given: "ريان", birthDate: "12/5/2021", otherFamily: "Bouzid", otherGiven: "Rayan" });
    await clerk.selectOption("#field-gender", "male");
    await clerk.click("summary");
    expect([await barriers(clerk), await tooSmall(clerk)]).toEqual([[], []]);
    await type(clerk, "", { address: "12, rue des Frères Abbès", postalCode: "16000", city: "Alger", mothersName: "Khelifi" });
    await type(clerk, "", { kinGiven: "سمية", kinPhone: "0555 12 34 56" });
    await clerk.selectOption("#field-kinRelation", "MTH");
    await clerk.click("summary"); // folded: the field that is missing is not shown
    await clerk.click(SUBMIT);
    await clerk.waitForSelector("#field-kinFamily:focus");
    await clerk.fill("#field-kinFamily", "خليفي");
    await clerk.click(SUBMIT);
    await said(clerk, "The patient is registered.");
    await toChart(clerk);
    await clerk.waitForSelector(".banner:has-text('Next of kin'):has-text('سمية خليفي'):has-text('mother'):has-text('0555 12 34 56')");
    await clerk.waitForSelector("#part-timeline:has-text('Nothing is recorded.')"); // nothing has happened yet, and that is known
    expect(await recordIn(clerk)).toMatchObject({
      name: [{ family: "بوزيد" }, { family: "Bouzid", given: ["Rayan"] }],
      address: [{ line: ["12, rue des Frères Abbès"], postalCode: "16000", city: "Alger" }],
      extension: [{ valueString: "Khelifi" }],
      contact: [
        {
          relationship: [{ coding: [{ code: "N" }] }, { coding: [{ system: ROLE, code: "MTH" }] }],
          name: { family: "خليفي", given: ["سمية"] },
          telecom: [{ system: "phone", value: "0555 12 34 56" }],
        },
      ],
    });
  });

  it("is corrected in the chart, and what no field shows stays as it was", async () => {
    const { patient } = await patients.register(hospital.operator, {
      family: "Rossi",
      given: ["Ada"],
      gender: "female",
      birthDate: "1951-03-08",
      addresses: [{ line: ["Via Roma 1", "Scala B"], city: "Torino", country: "IT" }, { city: "Milano" }],
      contacts: [
        { family: "Rossi", given: ["Ugo"], relationship: "C", relation: "SIB", phone: "011 1" },
        { family: "Rossi", given: ["Pia"], relation: "CHILD" },
      ],
    });
    await hospital.show(clerk, `chart/${patient.split("/")[1]}`);
    await clerk.click(".banner button:text-is('Details')");
    await clerk.waitForSelector("#field-details-address");
    expect(await clerk.inputValue("#field-details-address")).toBe("Via Roma 1 Scala B");
    expect(await clerk.inputValue("#field-details-kinRelation")).toBe("SIB");
    expect(await barriers(clerk)).toEqual([]);
    await type(clerk, "details-", { otherFamily: "روسي", otherGiven: "آدا", city: "Asti", kinPhone: "011 2" });
    await clerk.click(`dialog ${SUBMIT}`);
    await said(clerk, "The details are stored.");
    expect(await recordIn(clerk)).toMatchObject({
      name: [
        { use: "official", family: "Rossi", given: ["Ada"] },
        { use: "usual", family: "روسي", given: ["آدا"] },
      ],
      address: [{ use: "home", line: ["Via Roma 1 Scala B"], city: "Asti", country: "IT" }, { city: "Milano" }],
      contact: [
        { relationship: [{ coding: [{ code: "C" }] }, { coding: [{ code: "SIB" }] }], telecom: [{ value: "011 2" }] },
        { name: { given: ["Pia"] } },
      ],
    });
    await clerk.waitForSelector(".banner:has-text('Ugo Rossi'):has-text('brother or sister'):has-text('011 2')");
  });

  it("is the mother of each of twins, the second of whom is registered as the second", async () => {
    const mother = { family: "Saadi", given: ["Nadia"], gender: "female" as const, birthDate: "1983-02-11" };
    await patients.register(hospital.operator, mother);
    const midwife = await hospital.person("midwife", ["midwife"]);
    const bear = async (order: string) => {
      await hospital.show(midwife, "desk");
      await midwife.click("button:text-is('Newborn')");
      await midwife.fill("#mother", "Saadi");
      await midwife.click("[role=option]:has-text('Nadia Saadi')");
      await midwife.selectOption("#field-newborn-gender", "female");
      await midwife.selectOption("#field-newborn-order", order);
      await midwife.click(SUBMIT);
    };
    await bear("");
    await midwife.waitForSelector("main a:text-is('Chart')");
    await midwife.click("button:text-is('Cancel')");
    await bear("");
    await midwife.waitForSelector("#field-newborn-order:focus");
    await midwife.waitForSelector("#field-newborn-order-fault:has-text('registered already')");
    await midwife.selectOption("#field-newborn-order", "2");
    await midwife.click(SUBMIT);
    await midwife.waitForSelector("main a:text-is('Chart')");
    await toChart(midwife);
    expect((await recordIn(midwife)).multipleBirthInteger).toBe(2);
    await midwife.click(".banner a:has-text('Nadia Saadi')");
    await midwife.waitForSelector(".banner-name:has-text('Nadia Saadi')");
    await midwife.waitForSelector(".banner:has-text('Children born here') a >> nth=1");
    expect([await barriers(midwife), await tooSmall(midwife)]).toEqual([[], []]);
    expect(hospital.complaints.filter((one) => !/409/.test(one))).toEqual([]);
  });
});
