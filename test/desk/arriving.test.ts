/** What leads to a page: the sign-in form at once, and the id of a merged record to the record that replaced it. */
import type { Page } from "playwright-core";
import { patients } from "../../services/patients/patients.contract.ts";
import { PATIENCE_MS } from "../kit/browser.ts";
import { Hospital } from "./pages-hospital.ts";

const PERSON = { gender: "female" as const, birthDate: "1951-03-08", confirm: "for trying" };

describe("a person who comes to the pages", () => {
  let hospital: Hospital;
  beforeAll(async () => {
    hospital = await Hospital.open();
  });
  afterAll(() => hospital?.close());

  const arrive = async (path: string, prepare: (page: Page) => Promise<unknown> = async () => {}) => {
    const page = await (await hospital.browser.newContext({ locale: "en-GB" })).newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await prepare(page);
    await page.goto(`${hospital.mesh.base}${path}`);
    return page;
  };

  it("sees the sign-in form without a click, and after signing in the page of the address", async () => {
    await hospital.person("nurse", ["nurse"]);
    const page = await arrive("/desk/#/ward");
    await page.waitForSelector("#login:focus");
    await hospital.enter(page, "nurse");
    await page.waitForSelector("[data-page=ward]");
    await page.context().close();
  });

  it("never types into an expired form: it is replaced by itself, and leads to the same page", async () => {
    const page = await arrive("/desk/#/ward");
    await page.waitForSelector("#login:focus");
    const first = page.url();
    await page.route(first, async (route) => {
      const response = await route.fetch();
      const [seconds, address] = (response.headers()["refresh"] ?? "").split("; url=");
      const isSoon = Number(seconds) > 600 && Number(seconds) <= 900;
      await route.fulfill({ response, headers: { ...response.headers(), ...(isSoon && { refresh: `1; url=${address}` }) } });
    });
    await page.goto(first); // as before, and its time is over in a second
    await page.waitForURL((address) => address.pathname.startsWith("/auth/interaction/") && address.href !== first);
    await page.waitForSelector("#login:focus");
    await hospital.enter(page, "nurse");
    await page.waitForSelector("[data-page=ward]");
    await page.context().close();
  });

  it("is not sent to sign-in again after cancelling it, and can sign in by the button", async () => {
    const page = await arrive("/desk/");
    await page.click('button[value="cancel"]');
    await page.click("main.sign-in button.main");
    await page.waitForSelector("#login:focus");
    await page.context().close();
  });

  it("is not sent to sign-in again when the code was refused", async () => {
    const page = await arrive("/desk/", (it) =>
      it.route("**/auth/token", (route) => route.fulfill({ status: 400, json: { error: "invalid_grant" } })),
    );
    await page.fill("#login", "nurse");
    await page.fill("#password", "four words make one");
    await page.click('button[value="login"]');
    await page.waitForSelector("main.sign-in button.main");
    await page.context().close();
  });

  it("is told that sign-in is down, and nothing is requested until the button is pressed", async () => {
    let asked = 0;
    const page = await arrive("/desk/", (it) =>
      it.route("**/auth/.well-known/openid-configuration", (route) => {
        asked += 1;
        return route.fulfill({ status: 503, json: {} });
      }),
    );
    await page.waitForSelector("main.sign-in:has-text('does not answer') button.main");
    await Promise.all([page.waitForResponse("**/auth/.well-known/*"), page.click("main.sign-in button.main")]);
    await page.waitForSelector("main.sign-in:has-text('does not answer') button.main");
    expect(asked).toBe(2);
    await page.unroute("**/auth/.well-known/openid-configuration");
    await page.click("main.sign-in button.main");
    await page.waitForSelector("#login:focus");
    await page.context().close();
  });

  it("finds no task that is unknown in a hospital without wards and medicines, and is told what is missing", async () => {
    const page = await hospital.person("newcomer", ["nurse", "pharmacist"]);
    await hospital.show(page, "home");
    for (const work of ["requests", "coming", "results", "cleaning", "doses"]) {
      await page.waitForSelector(`[data-work="work.${work}"] .count:text-is('0')`);
    }
    expect(await page.locator(".cards .not-known").count()).toBe(0);
    await page.click('[data-work="work.doses"]');
    await page.waitForSelector("[data-page=round] :text('The administration adds it')");
    await hospital.show(page, "dispensary");
    await page.waitForSelector("#part-shelf:has-text('No medication is on the list yet.')");
    await page.context().close();
  });

  it("is led from the id of a merged record, even one merged twice, to its replacement, with a notice; whoever already has it open stays", async () => {
    const register = async (family: string) => (await patients.register(hospital.operator, { ...PERSON, family, given: ["Ada"] })).patient;
    const [first, second, third] = [await register("Rosi"), await register("Rosssi"), await register("Rossi")];
    const idOf = (reference: string) => reference.split("/")[1] ?? "";
    const physician = await hospital.person("physician", ["physician"]);
    await hospital.show(physician, `chart/${idOf(first)}`);
    await physician.waitForSelector(".banner-name:has-text('Ada Rosi')");
    await patients.merge(hospital.operator, { source: first, target: second });
    await patients.merge(hospital.operator, { source: second, target: third });

    await physician.waitForSelector(".banner:has-text('Ada Rosi') .not-known a"); // live: at work on it, the person chooses when to go
    expect(physician.url()).toContain(`#/chart/${idOf(first)}`);

    await physician.reload();
    await physician.waitForSelector(".banner-name:has-text('Ada Rossi')");
    await physician.waitForSelector(".not-known:has-text('in place of the one that was opened')");
    expect(new URL(physician.url()).hash).toBe(`#/chart/${idOf(third)}/merged`);
    await patients.unmerge(hospital.operator, { source: second });
    await physician.waitForSelector(".not-known", { state: "detached" }); // it replaces none any more
    await hospital.show(physician, `chart/${idOf(third)}`); // by its own id nothing is said
    await physician.waitForSelector(".banner-name:has-text('Ada Rossi')");
    expect(await physician.locator(".not-known").count()).toBe(0);
    expect(hospital.complaints).toEqual([]);
  });
});
