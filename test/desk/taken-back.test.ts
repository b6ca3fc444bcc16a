/** Several things that were done to one record are taken back one after the other, the last first, also when the server is not reached at once. */
import type { Page } from "playwright-core";
import { identity } from "../../services/identity/identity.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { Hospital } from "./pages-hospital.ts";

describe("what was done to one record twice", () => {
  let hospital: Hospital;
  let nurse: Page;
  let chief: Page;
  let patient: string;
  const undone = (page: Page, times: number) => page.waitForSelector(`.notice:has-text("It is undone.") >> nth=${times - 1}`);
  const twice = async (page: Page) => {
    await page.keyboard.press("Alt+z");
    await page.keyboard.press("Alt+z"); // before the first is answered
    await undone(page, 2);
    expect(await page.locator(".notice.fault").allTextContents()).toEqual([]);
  };
  const taken = "section[aria-label='Taken at home'] li:has-text('Metformin')";

  beforeAll(async () => {
    hospital = await Hospital.open();
    ({ patient } = await patients.register(hospital.operator, {
      family: "Rossi",
      given: ["Ada"],
      gender: "female",
      birthDate: "1951-03-08",
    }));
    await wards.open(hospital.operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A"] }] });
    [nurse, chief] = await Promise.all([hospital.person("nurse", ["nurse", "physician"]), hospital.person("chief", ["administrator"])]);
    await hospital.show(nurse, `chart/${patient.split("/")[1]}`);
  });
  afterAll(() => hospital?.close());

  it("is restored in medication taken at home", async () => {
    await nurse.click("button:has-text('Note what is taken')");
    await nurse.fill("#field-taken-what", "Metformin");
    await nurse.fill("#field-taken-dosage", "one");
    await nurse.press("#field-taken-dosage", "Enter");
    await nurse.waitForSelector(`${taken}:has-text("one")`);
    for (const dosage of ["two", "three"]) {
      await nurse.click(`${taken} button:has-text('Change')`);
      await nurse.fill("#field-taken-dosage", dosage);
      await nurse.press("#field-taken-dosage", "Enter");
      await nurse.waitForSelector(`${taken}:has-text("${dosage}")`);
    }
    await twice(nurse);
    await nurse.waitForSelector(`${taken}:has-text("one")`);
    await nurse.keyboard.press("Alt+z"); // and that it was noted at all
    await nurse.waitForSelector(taken, { state: "detached" });
  });

  it("is restored in a note; the first draft alone is not taken back from under its next text", async () => {
    await nurse.reload(); // without what was said before
    await hospital.show(nurse, `chart/${patient.split("/")[1]}`);
    const note = (text: string) => nurse.locator(`article.note:has-text("${text}")`);
    const write = async (text: string, button: string) => {
      await nurse.fill("#field-note", text);
      await nurse.click(`section[aria-label='Notes'] button:text-is('${button}')`);
      await note(text).waitFor();
    };
    await write("Slept well.", "Store as a draft");
    await note("Slept well.").getByRole("button", { name: "Edit" }).click();
    await write("Slept badly.", "Store");
    await twice(nurse);
    await note("Slept").waitFor({ state: "detached" });

    await write("Ate well.", "Store as a draft");
    await note("Ate well.").getByRole("button", { name: "Edit" }).click();
    await write("Ate little.", "Store");
    await nurse.click(".notice:has-text('sign it when it is finished') button:has-text('Undo')"); // and not the change since
    await nurse.waitForSelector(".notice.fault:has-text('It has been changed since, and is not undone.')");
    await note("Ate little.").waitFor();
  });

  it("is restored in a patient's details", async () => {
    await nurse.reload(); // without what was said before
    await hospital.show(nurse, `chart/${patient.split("/")[1]}`);
    // The page reads again what was stored when the next change has long begun: one's own change is no other's.
    await nurse.route("**/fhir/Patient/*", async (route) => {
      if (route.request().method() === "GET") await new Promise((resolve) => setTimeout(resolve, 1_000));
      await route.fallback();
    });
    for (const phone of ["0550 11", "0550 22"]) {
      await nurse.click("button:has-text('Details')");
      await nurse.fill("#field-details-phone", phone);
      await nurse.press("#field-details-phone", "Enter");
      await nurse.waitForSelector("dialog", { state: "detached" });
    }
    await nurse.unroute("**/fhir/Patient/*");
    const kept = () =>
      nurse.evaluate(async (path) => {
        const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string };
        const answer = await fetch(`/fhir/${path}`, { headers: { Authorization: `Bearer ${access}` } });
        const { telecom, name } = (await answer.json()) as { telecom?: { value: string }[]; name: { given?: string[] }[] };
        return { phones: telecom?.map(({ value }) => value), given: name[0]?.given };
      }, patient);
    const phones = async () => (await kept()).phones;
    expect(await phones()).toEqual(["0550 22"]);
    await twice(nurse);
    expect(await phones()).toBe(undefined);
    await nurse.click("button:has-text('Details')");
    await nurse.fill("#field-details-given", ""); // nobody knows it
    await nurse.press("#field-details-given", "Enter");
    await nurse.waitForSelector("dialog", { state: "detached" });
    expect((await kept()).given).toBe(undefined);
    await nurse.keyboard.press("Alt+z");
    await undone(nurse, 3);
    expect((await kept()).given).toEqual(["Ada"]);
  });

  it("is restored in a room, and in a role", async () => {
    const room = async () => (await wards.board(hospital.operator, {})).wards[0]?.rooms[0];
    await hospital.show(chief, "places");
    await chief.route("**/api/wards/board*", async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1_000)); // the page reads again what was stored when the next choice is made
      await route.fallback();
    });
    for (const sex of ["female", "male"]) {
      await chief.selectOption("section.room select", sex);
      await chief.waitForSelector(`.notice:has-text('101') >> nth=${sex === "female" ? 0 : 1}`);
    }
    expect((await room())?.sex).toBe("male");
    await twice(chief);
    expect((await room())?.sex ?? "any").toBe("any");
    const says = async () => (await identity.listRoles(hospital.operator, {})).find(({ role }) => role === "midwife");
    const before = await says();
    await chief.reload();
    await hospital.show(chief, "administration");
    for (const text of ["Attends births.", "Attends births at night."]) {
      await chief.click("section[aria-label='Roles'] tr:has-text('midwife') button");
      await chief.fill("#field-role-says", text);
      await chief.fill("#field-role-reason", "a better sentence");
      await chief.click("dialog button:text-is('Store')");
      await chief.waitForSelector(`section[aria-label='Roles'] tr:has-text('${text}')`);
    }
    await twice(chief);
    expect(await says()).toMatchObject({ says: before?.says, isAsFiled: true });
  });

  it("can still be undone if the server was not reached", async () => {
    await nurse.fill("#field-problem", "Anaemia");
    await nurse.press("#field-problem", "Enter");
    await nurse.waitForSelector("li:has-text('Anaemia') .tag:has-text('active')");
    await nurse.waitForSelector(".notice:has-text('Anaemia') button:has-text('Undo')");
    await nurse.context().setOffline(true);
    await nurse.keyboard.press("Alt+z");
    await nurse.waitForSelector(".notice.fault");
    await nurse.context().setOffline(false);
    await nurse.waitForSelector(".notice:has-text('Anaemia') button:has-text('Undo')");
    await nurse.keyboard.press("Alt+z");
    await nurse.waitForSelector("li:has-text('Anaemia') .tag:has-text('active')", { state: "detached" });
  });
});
