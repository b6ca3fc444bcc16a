/** Administrators who change one account at once: neither writes over what the other has done without having seen it. */
import type { Page } from "playwright-core";
import { identity, type User } from "../../services/identity/identity.contract.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

describe("an account that two administrators change at once", () => {
  let hospital: Hospital;
  let chief: Page;
  let user: User;
  const said = (text: string) => chief.waitForSelector(`.notice:has-text("${text}")`);
  const now = async () => (await identity.listUsers(hospital.operator, {})).find(({ id }) => id === user.id) as User;
  const open = async () => {
    await hospital.show(chief, "home");
    await hospital.show(chief, "administration");
    await chief.click("section[aria-label='Accounts'] tr:has-text('neri') button:has-text('Change')");
    await chief.waitForSelector("dialog .choice:has-text('nurse') input:checked");
  };
  const store = () => chief.click("dialog button:text-is('Store')");

  beforeAll(async () => {
    hospital = await Hospital.open();
    chief = await hospital.person("chief", ["administrator"]);
    ({ user } = await identity.createUser(hospital.operator, { login: "neri", name: "Carla Neri", roles: ["nurse"], isForTrying: true }));
  });
  afterAll(() => hospital?.close());

  it("gets the roles that each administrator gives: the second one is shown the first one's change, and nothing is lost", async () => {
    await open();
    await chief.check("dialog .choice:has-text('midwife') input");
    await identity.setRoles(hospital.operator, { user: user.id, roles: ["nurse", "pharmacist"] });
    await store();
    await chief.waitForSelector("dialog [role=alert]:focus:has-text('nurse, pharmacist')");
    expect(await barriers(chief)).toEqual([]);
    expect((await now()).roles).toEqual(["nurse", "pharmacist"]);
    await identity.setRoles(hospital.operator, { user: user.id, roles: ["nurse", "auditor"] }); // once more, before it is stored
    await store();
    await chief.waitForSelector("dialog [role=alert]:has-text('nurse, auditor')");
    await chief.reload(); // it is not stored yet: what was chosen is kept, beside what the other has changed
    await open();
    const chosen = await chief.$$eval("dialog .choice:has(input:checked)", (all) => all.map((one) => one.textContent?.trim()));
    expect(chosen).toEqual(["auditor", "midwife", "nurse"]);
    await store();
    await said("The roles of neri are changed.");
    expect((await now()).roles).toEqual(["nurse", "auditor", "midwife"]);
    await chief.keyboard.press("Alt+z");
    await said("It is undone.");
    expect((await now()).roles).toEqual(["nurse", "auditor"]);
  });

  it("keeps its roles while somebody else links it to a person, and both changes can be undone one after the other", async () => {
    await chief.reload(); // without what was said before
    await open();
    await chief.check("dialog .choice:has-text('midwife') input");
    await identity.setPractitioner(hospital.operator, { user: user.id, practitioner: "Practitioner/another" });
    await store(); // what was changed is no role: nobody has to be asked
    await said("The roles of neri are changed.");
    expect(await now()).toMatchObject({ roles: ["nurse", "auditor", "midwife"], practitioner: "Practitioner/another" });
    await identity.setPractitioner(hospital.operator, { user: user.id });
    await open();
    await chief.click("dialog button:text-is('It is this person')");
    await said("neri is a practitioner");
    expect((await now()).practitioner).toMatch(/^Practitioner\//);
    await chief.keyboard.press("Alt+z");
    await chief.keyboard.press("Alt+z");
    await chief.waitForSelector(".notice:has-text('It is undone.') >> nth=1");
    expect(await now()).toMatchObject({ roles: ["nurse", "auditor"] });
    expect(await now()).not.toHaveProperty("practitioner");
  });

  it("is linked to the first person again when the link is undone; later changes by others stay", async () => {
    await chief.reload();
    await open();
    await identity.setPractitioner(hospital.operator, { user: user.id, practitioner: "Practitioner/another" });
    await chief.click("dialog button:text-is('It is this person')");
    await chief.waitForSelector("dialog [role=alert]:focus:has-text('It is said already')");
    expect(await chief.locator("dialog button:text-is('It is this person')").count()).toBe(0);
    expect((await now()).practitioner).toBe("Practitioner/another");
    await chief.check("dialog .choice:has-text('midwife') input");
    await store();
    await said("The roles of neri are changed.");
    await identity.setRoles(hospital.operator, { user: user.id, roles: ["pharmacist"] });
    await chief.keyboard.press("Alt+z");
    await said("It has been changed since, and is not undone.");
    expect((await now()).roles).toEqual(["pharmacist"]);
    expect(hospital.complaints.filter((text) => !/status of 409/.test(text))).toEqual([]);
  });

  it("is closed when that is asked for twice, as it cannot be undone", async () => {
    await chief.reload();
    await chief.click("section[aria-label='Accounts'] tr:has-text('neri') button:has-text('Change')");
    await chief.click("dialog button:text-is('Close for good')");
    await chief.waitForSelector("dialog [role=group]:focus:has-text('cannot be opened again')");
    expect(await barriers(chief)).toEqual([]);
    await chief.click("dialog [role=group] button:text-is('Cancel')");
    expect(await now()).not.toHaveProperty("closedAt");
    await chief.click("dialog button:text-is('Close for good')");
    await chief.click("dialog button:text-is('Close neri for good')");
    await said("The account neri is closed.");
    expect(await now()).toHaveProperty("closedAt");
  });
});
