/** From waiting to the consultation: the physician calls a patient in, and the front desk sees who still waits and who is with whom. */
import type { Page } from "playwright-core";
import { ownerOf } from "../../federation/owner-contract.ts";
import { identity } from "../../services/identity/identity.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { barriers, Hospital, tooSmall } from "./pages-hospital.ts";

describe("a patient who waits", () => {
  let hospital: Hospital;
  let clerk: Page;
  let physician: Page;
  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    const practitioner = { resourceType: "Practitioner", id: "amrani", name: [{ family: "Amrani" }] };
    await ownerOf("personnel").write(operator, {
      steps: [{ op: "create", type: "Practitioner", id: "amrani", text: JSON.stringify(practitioner) }],
    });
    const { user } = await hospital.account("amrani", ["physician"]);
    await identity.setPractitioner(operator, { user: user.id, practitioner: "Practitioner/amrani" });
    for (const [family, given] of [
      ["Rossi", "Ada"],
      ["Verdi", "Bruno"],
    ] as const) {
      const { patient } = await patients.register(operator, { family, given: [given], gender: "unknown" });
      await visits.open(operator, { patient, reason: "cough" });
    }
    [physician, clerk] = await Promise.all([hospital.signIn("amrani"), hospital.person("clerk", ["front-desk"])]);
  });
  afterAll(() => hospital?.close());

  const queue = "#part-queue";
  const names = (page: Page) => page.locator(`${queue} li a strong`).allTextContents();

  it("is counted on the physician's home, and called in by the physician: everybody sees who waits and who is with whom", async () => {
    await physician.waitForSelector('[data-work="work.queue"] .count:text-is("2")');
    await Promise.all([hospital.show(physician, "desk"), hospital.show(clerk, "desk")]);
    await clerk.waitForSelector(`${queue}:has-text("2 patients wait.")`);
    expect(await clerk.locator(`${queue} button:has-text("Call in")`).count()).toBe(0); // who is no practitioner calls nobody in
    expect([await barriers(physician), await tooSmall(physician)]).toEqual([[], []]);
    await physician.click(`${queue} li:has-text("Ada Rossi") button:has-text("Call in")`);
    for (const page of [physician, clerk]) {
      await page.waitForSelector(`${queue}:has-text("1 patient waits. With a physician: 1.")`);
      await page.waitForSelector(`${queue} li:has-text("Ada Rossi") .tag:has-text("with amrani")`);
      expect(await names(page)).toEqual(["Bruno Verdi", "Ada Rossi"]);
    }
    expect(await physician.locator(`${queue} li:has-text("Ada Rossi") button:has-text("Call in")`).count()).toBe(0);
    expect(await barriers(clerk)).toEqual([]);
    await hospital.show(physician, "home");
    await physician.waitForSelector('[data-work="work.queue"] .count:text-is("1")');
  });

  it("waits again if that is taken back, since the visit began; nobody is called in whose visit was ended meanwhile", async () => {
    await physician.keyboard.press("Alt+z");
    await clerk.waitForSelector(`${queue}:has-text("2 patients wait.")`);
    expect(await names(clerk)).toEqual(["Ada Rossi", "Bruno Verdi"]);
    await hospital.show(physician, "desk");
    await physician.route("**/api/events?*", (route) => route.abort()); // hears of nothing
    await physician.reload();
    await physician.waitForSelector(`${queue} li:has-text("Bruno Verdi")`);
    await clerk.click(`${queue} li:has-text("Bruno Verdi") button:has-text("End visit")`);
    await clerk.waitForSelector(`${queue} li:has-text("Bruno Verdi")`, { state: "detached" });
    await physician.click(`${queue} li:has-text("Bruno Verdi") button:has-text("Call in")`);
    await physician.waitForSelector(".notice:has-text('changed')");
    await physician.waitForSelector(`${queue} li:has-text("Bruno Verdi")`, { state: "detached" });
  });
});
