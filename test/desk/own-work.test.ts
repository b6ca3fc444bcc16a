/** What waits for whom, and the places where patients lie: Home of each role, the search for a bed, transfers, rooms and beds. */
import type { Page } from "playwright-core";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import { heldBack } from "./held-back.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

const HAEMOGLOBIN = { system: "http://loinc.org", code: "718-7", display: "Hemoglobin" };
const BLOOD_COUNT = "58410-2";
const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG" };

describe("in the hospital, by role,", () => {
  let hospital: Hospital;
  let ada: string;
  let bruno: string;
  let beds: string[];
  let nurse: Page;
  let clerk: Page;

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { operator } = hospital;
    const identifier = { system: "urn:example:number", value: "N-4711" };
    const [woman, man] = [
      { family: "Rossi", given: ["Ada"], gender: "female" as const, birthDate: "1951-03-08", phone: "0550123456", identifier },
      { family: "Verdi", given: ["Bruno"], gender: "male" as const },
    ];
    ada = (await patients.register(operator, woman)).patient;
    bruno = (await patients.register(operator, man)).patient;
    const { rooms } = await wards.open(operator, { name: "Medicine", rooms: [{ name: "101", beds: ["A", "B"] }] });
    beds = rooms[0]?.beds.map(({ location }) => location) ?? [];
    const surgery = await wards.open(operator, { name: "Surgery", rooms: [{ name: "201", beds: ["A", "B"] }] });
    await wards.describe(operator, { location: surgery.rooms[0]?.beds[1]?.location ?? "", attributes: ["oxygen"] });
    const { stay } = await hospitalizations.admit(operator, { patient: ada, bed: beds[0] ?? "", reason: "Anaemia" });
    await lab.orderPanel(operator, { patient: ada, encounter: stay, code: BLOOD_COUNT, priority: "stat" });
    await pharmacy.receive(operator, { medication: PARACETAMOL, quantity: 10, lot: "OLD", expires: "2020-01-01" });
    await pharmacy.prescribe(operator, { patient: ada, encounter: stay, medication: PARACETAMOL, quantity: 10, dosage: "1 tablet" });
    await visits.open(operator, { patient: bruno, reason: "Cough" });
    await hospitalizations.request(operator, { patient: bruno, kind: "emergency", reason: "Chest pain" });
    [nurse, clerk] = await Promise.all([hospital.person("nurse", ["nurse"]), hospital.person("clerk", ["front-desk"])]);
  });
  afterAll(() => hospital?.close());

  const said = (page: Page, text: string) => page.waitForSelector(`.notice:has-text("${text}")`);
  const waits = (page: Page, work: string, text: string) => page.waitForSelector(`[data-work="work.${work}"]:has-text("${text}")`);

  it("everybody sees their waiting work on the home page, and gets from there to the page for it", async () => {
    const [technician, pharmacist] = await Promise.all([
      hospital.person("technician", ["lab-technician"]),
      hospital.person("pharmacist", ["pharmacist"]),
    ]);
    await Promise.all([
      waits(nurse, "requests", "1 emergency"),
      waits(clerk, "queue", "1"),
      waits(clerk, "appointments", "0"),
      waits(technician, "collect", "1 urgent"),
      waits(technician, "critical", "0"),
      waits(pharmacist, "prepare", "1"),
      waits(pharmacist, "expiring", "1 has expired"),
    ]);
    expect(await nurse.locator('[data-work="work.queue"], [data-work="work.collect"]').count()).toBe(0); // others' work
    await lab.order(hospital.operator, { patient: bruno, test: HAEMOGLOBIN });
    await waits(technician, "collect", "2");
    await technician.click('[data-work="work.collect"]');
    await technician.waitForSelector("tr:has-text('Ada Rossi')");
    expect(await technician.getAttribute(".tabs button:has-text('to collect')", "aria-pressed")).toBe("true");
    await pharmacist.click('[data-work="work.expiring"]');
    await pharmacist.waitForSelector("#part-expiring:focus");
  });

  it("the home page requests everything once when it is opened", async () => {
    const page = await hospital.person("everything", ["nurse", "physician", "lab-technician", "pharmacist", "front-desk", "billing"]);
    const isWhole = () =>
      page.waitForFunction(() => document.querySelectorAll("[data-work]").length > 15 && !document.querySelector('[aria-busy="true"]'));
    await isWhole(); // until it goes, the document of the sign-in asks as well
    /** Since the document was asked for again. */
    let asked: string[] | undefined;
    page.on("request", (request) => {
      if (request.isNavigationRequest()) asked = [];
      if (/\/(api|fhir)\//.test(request.url())) asked?.push(`${request.url()} ${request.postData() ?? ""}`);
    });
    const told = page.waitForResponse((response) => asked !== undefined && response.url().includes("/api/events"));
    await page.reload();
    await told;
    await isWhole();
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    expect(asked?.length).toBeGreaterThan(10);
    expect(asked?.filter((one, index) => asked?.indexOf(one) !== index)).toEqual([]);
  });

  it("everybody finds a patient from the home page by name, birth date, number, phone and the content of a label", async () => {
    const [physician, archivist] = await Promise.all([
      hospital.person("physician", ["physician"]),
      hospital.person("archivist", ["records-office"]),
    ]);
    await waits(archivist, "duplicates", "0");
    const findHer = async (page: Page) => {
      const born = ["8.3.1951", "8 mars 1951", "1951", "٨/٣/١٩٥١", "Rossi 1951", "ros 8 March 1951"];
      for (const text of ["ros ad", "N-4711", "0550123456", ada, ...born]) {
        await page.keyboard.press("/");
        await page.fill("#patient-search", text);
        await page.waitForSelector("#patient-search-list li:has-text('Ada Rossi')");
        await page.keyboard.press("Escape");
      }
      await page.keyboard.press("/");
      await page.fill("#patient-search", "Rossi 9.3.1951");
      await page.waitForSelector("text=Nobody is found.");
      await page.keyboard.press("Escape");
    };
    await Promise.all([nurse, clerk, physician, archivist].map(findHer));
  });

  it("Enter opens the record of whom was typed, not the first of a list for the beginning of it; a scanned number needs no Enter", async () => {
    await nurse.fill("#patient-search", "Rossi");
    await nurse.waitForSelector("#patient-search-list li:has-text('Ada Rossi')");
    const release = await heldBack(nurse, /Patient\?.*Verdi/);
    await nurse.fill("#patient-search", "Verdi");
    await nurse.press("#patient-search", "Enter");
    release();
    await nurse.waitForSelector(".banner:has-text('Bruno Verdi')");
    await nurse.fill("#patient-search", "N-4711");
    await nurse.press("#patient-search", "Tab"); // with which some scanners end
    await nurse.waitForSelector(".banner:has-text('Ada Rossi')");
    await nurse.fill("#patient-search", "Verdi");
    await nurse.press("#patient-search", "Tab"); // a person goes on to the next control
    await nurse.waitForSelector("#patient-search-list li:has-text('Bruno Verdi')");
    expect(await nurse.locator(".banner:has-text('Ada Rossi')").count()).toBe(1);
    await nurse.fill("#patient-search", "");
    await hospital.show(nurse, "home");
  });

  it("a waiting patient is admitted to the bed of another ward that has what is needed", async () => {
    await hospital.show(nurse, "ward");
    await hospital.step("find a bed with the properties that a waiting patient needs, and admit", nurse, async () => {
      await nurse.click("aside li:has-text('Bruno Verdi') a:has-text('Find a bed')");
      await nurse.check("label:has-text('oxygen') input");
      await nurse.waitForSelector("[role=status]:has-text('1 bed is free.')");
      await nurse.click("tr:has-text('Surgery') button:has-text('Admit')");
      await said(nurse, "Bruno Verdi is admitted to Surgery · 201 · B");
    });
    await nurse.waitForSelector("button.bed:has-text('Bruno Verdi')");
    expect(await barriers(nurse)).toEqual([]);
  });

  it("a ward asks another to take a patient, which refuses with a reason, and accepts the next time", async () => {
    const other = await hospital.signIn("physician");
    await hospital.show(nurse, "home");
    await nurse.selectOption("#own-ward", { label: "Surgery" });
    await waits(nurse, "coming", "0");
    await hospital.show(other, "ward");
    const ask = async () => {
      await other.click("button.bed:has-text('Ada Rossi')");
      await other.selectOption("#field-transfer-to", { label: "Surgery" });
      await other.click("dialog button:has-text('Ask for a transfer')");
      await said(other, "Surgery is asked to take Ada Rossi.");
    };
    await hospital.step("ask another ward to take a patient", other, ask);
    await waits(nurse, "coming", "1");
    await nurse.click('[data-work="work.coming"]');
    await hospital.step("deny a transfer with the reason", nurse, async () => {
      await nurse.click("aside li:has-text('Ada Rossi') button:has-text('Deny')");
      await nurse.fill("#field-deny-reason", "No bed with a monitor");
      await nurse.press("#field-deny-reason", "Enter");
      await said(nurse, "The transfer of Ada Rossi is denied.");
    });
    await other.click("button.bed:has-text('Ada Rossi'):has-text('transfer denied')");
    await other.waitForSelector("dialog:has-text('No bed with a monitor')");
    expect(await barriers(other)).toEqual([]);
    await other.keyboard.press("Escape");
    await hospital.show(other, `chart/${ada.split("/")[1]}`);
    await other.click("button:has-text('Ask for a transfer')");
    await other.selectOption("#field-transfer-to", { label: "Surgery" });
    await other.click("dialog button:has-text('Ask for a transfer')");
    await nurse.click("aside li:has-text('Ada Rossi') button:has-text('Accept')");
    await other.waitForSelector(".banner:has-text('transfer accepted')");
    await nurse.click("aside li:has-text('Ada Rossi') button:has-text('Give a bed')");
    await nurse.click("button.bed.free");
    await said(nurse, "Ada Rossi is in 201 · A now.");
  });

  it("the administrator adds rooms and beds, sets their equipment, and closes empty ones", async () => {
    const chief = await hospital.person("chief", ["administrator"]);
    await hospital.show(chief, "places");
    await chief.selectOption("#field-places-ward", { label: "Surgery" });
    await hospital.step("add a room with six beds", chief, async () => {
      await chief.click("button:has-text('New room')");
      await chief.fill("#field-places-name", "202");
      await chief.fill("#field-places-beds", "1-6");
      await chief.press("#field-places-beds", "Enter");
      await chief.waitForSelector("section[aria-label='Room 202'] tr:has-text('6')");
    });
    await chief.click("section[aria-label='Room 202'] button:has-text('Add beds')");
    await chief.fill("#field-places-beds", "٧-٨،\t٩"); // in the digits of an Arabic keyboard
    await chief.press("#field-places-beds", "Enter");
    for (const bed of ["7", "8", "٩"]) await chief.waitForSelector(`section[aria-label='Room 202'] th:has(:text-is('${bed}'))`);
    await chief.click("section[aria-label='Room 202'] button:has-text('Add beds')");
    await chief.fill("#field-places-beds", "6");
    await chief.press("#field-places-beds", "Enter");
    await chief.waitForSelector("#field-places-beds-fault:has-text('has this name already')");
    await chief.keyboard.press("Escape");
    await chief.click("section[aria-label='Room 202'] tr:has-text('6') button:has-text('Change')");
    await chief.check("dialog label:has-text('isolation') input");
    await chief.click("dialog button:has-text('Store')");
    await chief.waitForSelector("tr:has-text('6'):has-text('isolation')");
    await chief.click("section[aria-label='Room 202'] tr:has-text('6') button:has-text('Change')");
    await chief.check("dialog label:has-text('cot') input");
    const sixth = (await wards.listBeds(hospital.operator, {})).find(({ name }) => name === "Surgery, 202, 6")?.location ?? "";
    await wards.describe(hospital.operator, { location: sixth, attributes: ["oxygen"] });
    await chief.click("dialog button:has-text('Store')");
    await chief.waitForSelector("dialog [role='alert']:has-text('Somebody else has changed this'):has-text('oxygen')");
    expect(await barriers(chief)).toEqual([]);
    await wards.setCleaning(hospital.operator, { bed: sixth, cleaning: "dirty" }); // what it has is still as it was seen
    await chief.click("dialog button:has-text('Store')");
    await chief.waitForSelector("tr:has-text('6'):has-text('oxygen'):has-text('cot')");
    await chief.waitForSelector("tr:has-text('6'):has-text('isolation')", { state: "detached" });
    for (const cleaning of ["cleaning", "clean"] as const) await wards.setCleaning(hospital.operator, { bed: sixth, cleaning });
    // What is the room's stays the room's, whatever is stored at a bed.
    await chief.click("section[aria-label='Room 202'] button:has-text('What the room has')");
    await chief.check("dialog label:has-text('isolation') input");
    await chief.click("dialog button:has-text('Store')");
    await chief.waitForSelector("tr:has-text('6') .tag:text-is('isolation (room)')");
    await chief.click("section[aria-label='Room 202'] tr:has-text('6') button:has-text('Change')");
    await chief.waitForSelector("dialog .hint:has-text('isolation')");
    expect(await chief.isChecked("dialog label:has-text('isolation') input")).toBe(false);
    expect(await barriers(chief)).toEqual([]);
    await chief.uncheck("dialog label:has-text('cot') input");
    await chief.click("dialog button:has-text('Store')");
    await chief.waitForSelector("tr:has-text('6'):has-text('cot')", { state: "detached" });
    await chief.waitForSelector("tr:has-text('6') .tag:text-is('isolation (room)')");
    const { wards: onBoard } = await wards.board(hospital.operator, {});
    const room = onBoard.flatMap(({ rooms }) => rooms).find(({ name }) => name === "202");
    expect([room?.attributes, room?.beds.find(({ location }) => location === sixth)?.own]).toEqual([["isolation"], ["oxygen"]]);
    await chief.waitForSelector("tr:has-text('6') .tag:has-text('free')");
    const close = async (button: string) => {
      await chief.click(button);
      await chief.fill("#field-close-reason", "painted");
      await chief.press("#field-close-reason", "Enter");
    };
    await close(".inline-fields button:has-text('Close')");
    await chief.waitForSelector("dialog .fault:has-text('Somebody lies there still')");
    expect(await barriers(chief)).toEqual([]);
    await chief.keyboard.press("Escape");
    await hospital.step("close a bed", chief, () => close("tr:has-text('6') button:has-text('Close')"));
    await chief.waitForSelector("tr:has-text('6') .tag:has-text('closed')");
    await chief.keyboard.press("Alt+z");
    await chief.waitForSelector("tr:has-text('6') .tag:has-text('free')");
    expect(hospital.complaints.filter((text) => !/status of (409|422)/.test(text))).toEqual([]);
  });
});
