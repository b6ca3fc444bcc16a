/** A service that does not answer is named on every page that needs it, with what it knows, in each language; it comes back by itself. */
import type { Page } from "playwright-core";
import { readConfig } from "../../mesh/config.ts";
import { LANGUAGES, messagesOf } from "../../services/desk/files/messages.ts";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { ROLES } from "../../services/identity/identity.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { loadServices } from "../../services/systems.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { eventually } from "../kit/events.ts";
import { barriers, Hospital, PAGES, placeOf, speak } from "./pages-hospital.ts";

/** Each page, with a service that it cannot do without. */
const NEEDED: Record<string, string> = {
  home: "lab",
  desk: "visits",
  ward: "hospitalizations",
  "hand-over": "records",
  beds: "wards",
  places: "wards",
  mine: "records",
  chart: "pharmacy",
  census: "hospitalizations",
  round: "pharmacy",
  bench: "lab",
  dispensary: "pharmacy",
  cash: "billing",
  records: "patients",
  audit: "ledger",
  administration: "journal",
};

/** After which a page asks a service again that did not answer. */
const ASKED_AGAIN_MS = 3_000;

describe("a service that does not answer", () => {
  let hospital: Hospital;
  let page: Page;
  let patient: string;

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { rooms } = await wards.open(hospital.operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A", "B"] }] });
    ({ patient } = await patients.register(hospital.operator, {
      family: "Rossi",
      given: ["Ada"],
      gender: "female",
      birthDate: "1951-03-08",
    }));
    await hospitalizations.admit(hospital.operator, { patient, bed: rooms[0]?.beds[0]?.location ?? "" });
    page = await hospital.person("everybody", [...ROLES]);
    await page.clock.install();
  });
  afterAll(() => hospital?.close());

  const stop = async (service: string) => {
    const { caller } = hospital.mesh;
    await caller.destroyService(caller.getLocalService(service));
  };
  const start = async (service: string) => {
    for (const schema of await loadServices({ ...readConfig(), services: [service] })) hospital.mesh.caller.createService(schema);
    await hospital.mesh.caller.waitForServices(service);
  };
  /** Isolating signs of the other direction are not read. */
  const banner = async () => ((await page.textContent(".silent")) ?? "").replaceAll(/[\u2066-\u2069]/g, "");

  it("exists for each page", () => {
    expect(Object.keys(NEEDED).sort()).toEqual([...PAGES].sort());
  });

  it.each(Object.entries(NEEDED))("is named on %s: %s; the rest of the page works, and it recovers by itself", async (name, service) => {
    await hospital.show(page, "home");
    await stop(service);
    try {
      await hospital.show(page, placeOf(name, patient));
      if (name === "audit") await page.click("main .panel header button"); // what is kept is checked when somebody asks
      for (const language of LANGUAGES) {
        await speak(page, language);
        const { [`service.${service}`]: who = "?", [`service.${service}.knows`]: knows = "?" } = messagesOf(language);
        await page.waitForSelector(`.silent:has-text("${who}")`);
        expect([language, await banner()]).toEqual([language, expect.stringContaining(`${who} (${knows})`)]);
      }
      expect(await barriers(page)).toEqual([]);
      expect(await page.locator("h1").count()).toBe(1);
      await speak(page, "en");
    } finally {
      await start(service);
    }
    // What was asked while the service was still starting is asked again after a further interval.
    await eventually(
      async () => {
        await page.clock.fastForward(ASKED_AGAIN_MS);
        await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'));
        return page.locator(".silent .not-known, main .not-known").count();
      },
      (count) => count === 0,
    );
    expect(hospital.complaints.filter((text) => !/status of 50[34]/.test(text))).toEqual([]);
  });

  it("may have set events aside: nobody says that there are none", async () => {
    await hospital.show(page, "home");
    await page.route("**/console.json", async (route) => {
      const answer = await route.fetch();
      const state = (await answer.json()) as { services: { name: string; nodes: string[] }[] };
      for (const one of state.services) if (one.name === "billing") one.nodes = [];
      await route.fulfill({ json: state });
    });
    await hospital.show(page, "administration");
    await page.waitForSelector("section[aria-label='Events set aside'] .not-known");
    expect(await page.textContent("section[aria-label='Events set aside']")).not.toContain("No event is set aside.");
    await page.unrouteAll({ behavior: "wait" });
  });

  it("is distinguished from a server that cannot be reached at all, as on a tablet without a network", async () => {
    await hospital.show(page, "bench");
    await page.context().setOffline(true);
    await hospital.show(page, "home");
    await page.waitForSelector(".silent:has-text('The hospital’s server is not reached at the moment.')");
    await page.context().setOffline(false);
    await page.clock.fastForward(ASKED_AGAIN_MS);
    await page.waitForSelector("main .not-known", { state: "detached" });
    hospital.complaints.length = 0; // the browser tells of what it cannot reach as of errors
  });
});
