/** Two people on one record: they know of each other, and nothing that either has typed is lost. And who somebody is, so that they may sign. */
import type { Page } from "playwright-core";
import { patients } from "../../services/patients/patients.contract.ts";
import { barriers, Hospital } from "./pages-hospital.ts";

describe("two people on one record", () => {
  let hospital: Hospital;
  let first: Page;
  let second: Page;
  let administrator: Page;
  let id: string;

  beforeAll(async () => {
    hospital = await Hospital.open();
    const { patient } = await patients.register(hospital.operator, {
      family: "Rossi",
      given: ["Ada"],
      birthDate: "1951-03-08",
      gender: "female",
      phone: "0550 00 00 00",
    });
    id = patient.split("/")[1] ?? "";
    [first, second, administrator] = await Promise.all([
      hospital.person("first", ["physician"]),
      hospital.person("second", ["physician", "nurse"], { locale: "fr-FR" }),
      hospital.person("chief", ["administrator"]),
    ]);
  });
  afterAll(() => hospital?.close());

  const note = (page: Page, text: string) => page.locator("article.note").filter({ hasText: text });
  const write = (page: Page, text: string) => page.fill("#field-note", text);
  const store = (page: Page) => page.press("#field-note", "Control+Enter");

  it("see each other, and each other's changes, at once", async () => {
    await Promise.all([hospital.show(first, `chart/${id}`), hospital.show(second, `chart/${id}`)]);
    await first.waitForSelector(".others:has-text('second (physician, nurse)')");
    await second.waitForSelector(".others:has-text('first (médecin)')");
    await first.fill("#field-problem", "Anaemia");
    await first.press("#field-problem", "Enter");
    await second.waitForSelector("li:has-text('Anaemia')");
    await second.fill("#field-test", "not sent yet");
    await second.reload();
    await first.waitForSelector(".others:has-text('second')"); // who reloads has not left
    expect(await second.inputValue("#field-test")).toBe("not sent yet");
  });

  it("have one problem on the list if the answer was lost, even if the button is pressed again", async () => {
    const keys: (string | undefined)[] = [];
    /** As when a gateway ends after it has passed the request on. */
    const loseAnswers = (count: number) =>
      first.route("**/fhir/Condition", async (route) => {
        if (route.request().method() !== "POST") return route.fallback();
        keys.push((await route.request().headerValue("idempotency-key")) ?? undefined);
        if (keys.length > count) return route.fallback();
        await route.fetch();
        await route.abort("connectionreset");
      });
    const problems = (name: string) => first.locator("li").filter({ hasText: name }).filter({ hasText: "active" }); // not of the timeline
    const add = async (name: string) => {
      await first.fill("#field-problem", name);
      await first.press("#field-problem", "Enter");
    };
    /** The stream shows it before its answer has come. */
    const isAnswered = () => first.waitForFunction(() => document.querySelector<HTMLInputElement>("#field-problem")?.value === "");
    await loseAnswers(1);
    await add("Fever");
    await isAnswered();
    await problems("Fever").waitFor();
    expect(await problems("Fever").count()).toBe(1);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);

    await first.unroute("**/fhir/Condition");
    keys.length = 0;
    await loseAnswers(3);
    await add("Cough");
    await first.waitForSelector(".fault");
    await first.press("#field-problem", "Enter");
    await isAnswered();
    expect(await problems("Cough").count()).toBe(1);
    expect(keys).toHaveLength(4);
    expect(new Set(keys).size).toBe(1);
    await first.unroute("**/fhir/Condition");
  });

  it("are invisible to everybody who may not read the record: administrators, and anybody not signed in", async () => {
    const ask = (page: Page, query: string, isSignedIn = true) =>
      page.evaluate(
        async ([path = "", withToken]) => {
          const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access?: string };
          const end = new AbortController();
          const { status } = await fetch(path, {
            signal: end.signal,
            ...(withToken && { headers: { Authorization: `Bearer ${access}` } }),
          });
          end.abort();
          return status;
        },
        [`/api/events?${query}`, isSignedIn ? "yes" : ""],
      );
    const record = `patient=Patient/${id}`;
    expect([await ask(first, record), await ask(first, "types=Observation,Condition")]).toEqual([200, 200]);
    expect([await ask(administrator, record), await ask(administrator, "types=Observation")]).toEqual([403, 403]);
    expect([await ask(administrator, "types=Location"), await ask(first, record, false), await ask(first, "types=Nothing")]).toEqual([
      200, 401, 404,
    ]);
  });

  it("edit one draft of a note at once: the second one sees both texts", async () => {
    await write(first, "She is dizzy.");
    await store(first);
    await note(second, "She is dizzy.").filter({ hasText: "first" }).waitFor(); // who wrote it, though no practitioner
    await note(second, "She is dizzy.").getByRole("button", { name: "Modifier" }).click();
    await write(second, "She is dizzy since Monday.");
    await note(first, "She is dizzy.").getByRole("button", { name: "Edit" }).click();
    await write(first, "She is dizzy and pale.");
    await store(first);
    await note(second, "dizzy and pale").waitFor();
    await second.reload(); // a closed lid
    await note(second, "dizzy and pale").getByRole("button", { name: "Modifier" }).click();
    expect(await second.inputValue("#field-note")).toBe("She is dizzy since Monday.");
    await store(second);
    await second.waitForSelector("blockquote:has-text('She is dizzy and pale.')");
    expect([await second.inputValue("#field-note"), await barriers(second)]).toEqual(["She is dizzy since Monday.", []]);
    await write(second, "She is dizzy since Monday, and pale.");
    await store(second);
    await note(first, "She is dizzy since Monday, and pale.").waitFor();
    expect(await note(first, "dizzy").count()).toBe(1);
    expect(await note(first, "dizzy").textContent()).toMatch(/\bfirst\b/);
  });

  it("change the patient's details, one of them typed before the other's change and a reload: both changes stay", async () => {
    await second.click("button:has-text('Identité')");
    await second.fill("#field-details-phone", "0661 11 11 11");
    await second.reload();
    await first.click("button:has-text('Details')");
    await first.fill("#field-details-given", "Ada Maria");
    await first.press("#field-details-given", "Enter");
    await second.waitForSelector(".banner:has-text('Ada Maria Rossi')");
    await second.click("button:has-text('Identité')");
    await second.press("#field-details-phone", "Enter");
    await second.waitForSelector("dialog [name='merge-phone']");
    expect(await barriers(second)).toEqual([]);
    await second.click("dialog button:has-text('Enregistrer')");
    await first.waitForSelector(".banner:has-text('Ada Maria Rossi'):has-text('0661 11 11 11')");

    // The other's change comes in while the form stands open, before anything is typed.
    await second.click("button:has-text('Identité')");
    await first.click("button:has-text('Details')");
    await first.fill("#field-details-phone", "0770 22 22 22");
    await first.press("#field-details-phone", "Enter");
    await second.waitForSelector(".banner:has-text('0770 22 22 22')");
    await second.fill("#field-details-given", "Ada");
    await second.press("#field-details-given", "Enter");
    await second.waitForSelector("dialog [name='merge-phone']");
    await second.click("dialog button:has-text('Enregistrer')");
    await first.waitForSelector(".banner:has-text('Ada Rossi'):has-text('0770 22 22 22')");
  });

  it("choose between both versions, see a refusal with all that they have chosen, and can cancel", async () => {
    await second.click("button:has-text('Identité')");
    await first.click("button:has-text('Details')");
    await first.selectOption("#field-details-gender", "other");
    await first.fill("#field-details-birthDate", "9 March 1951");
    await first.press("#field-details-birthDate", "Enter");
    await second.waitForSelector(".banner:has-text('9 mars 1951')");
    await second.fill("#field-details-birthDate", "10/3/1951");
    await second.press("#field-details-birthDate", "Enter");
    await second.waitForSelector("dialog [role=alert]:focus");
    const row = (name: string) => second.locator(`dialog tr:has([name='merge-${name}'])`).allTextContents();
    expect((await row("birthDate")).join()).toMatch(/10 mars 1951.*9 mars 1951/);
    expect((await row("gender")).join()).toMatch(/féminin.*autre/i);
    const theirSex = "dialog tr:has([name='merge-gender']) td:nth-of-type(1) input";
    await second.check(theirSex);
    await second.route("**/fhir/Patient/*", (route) =>
      route.request().method() === "PUT"
        ? route.fulfill({ status: 422, json: { resourceType: "OperationOutcome", issue: [] } })
        : route.fallback(),
    );
    await second.click("dialog button:has-text('Enregistrer')");
    await second.waitForSelector("dialog .fault[role=alert]");
    expect(await second.isChecked(theirSex)).toBe(true);
    await second.unroute("**/fhir/Patient/*");
    await second.click("dialog button:text-is('Abandonner')");
    await second.waitForSelector("dialog", { state: "detached" });
    await second.click("button:has-text('Identité')");
    expect(await second.inputValue("#field-details-gender")).toBe("other"); // theirs stays
    await second.keyboard.press("Escape");
    hospital.complaints.length = 0; // the browser tells of refusals as of errors
  });

  it("sign if their accounts are linked to a practitioner, and amend one signed note at once", async () => {
    await note(first, "dizzy").getByRole("button", { name: "Sign", exact: true }).click();
    await first.waitForSelector(".notice.fault:has-text('does not say which practitioner you are')");
    await hospital.show(administrator, "administration");
    await administrator.click("tr:has-text('first') button:has-text('Change')");
    await administrator.waitForSelector("dialog label:has-text('nurse')"); // the roles come from the server
    expect(await barriers(administrator)).toEqual([]);
    await administrator.click("dialog button:has-text('It is this person')");
    await administrator.waitForSelector("tr:has-text('first'):not(:has-text('no practitioner'))");
    await administrator.click("button:has-text('New account')");
    await administrator.fill("#field-account-login", "verdi");
    await administrator.fill("#field-account-name", "first");
    await administrator.selectOption("#field-account-practitioner", { label: "first" });
    expect(await barriers(administrator)).toEqual([]);
    await administrator.press("#field-account-name", "Enter");
    await administrator.waitForSelector("#field-account-practitioner-fault:has-text('belongs to this practitioner already')");
    await administrator.selectOption("#field-account-practitioner", "new");
    await administrator.press("#field-account-name", "Enter");
    await administrator.waitForSelector("dialog code:has-text('/auth/password/')");
    await administrator.keyboard.press("Escape");
    await administrator.waitForSelector("tr:has-text('verdi'):not(:has-text('no practitioner'))");

    await note(first, "dizzy").getByRole("button", { name: "Sign", exact: true }).click();
    await first.waitForSelector(".notice:has-text('The note is signed.')");
    await first.waitForSelector("article.note .tag:has-text('signed')");
    await note(second, "dizzy").getByRole("button", { name: "Rectifier" }).click();
    await write(second, "She was dizzy, as her husband says.");
    await note(first, "dizzy").getByRole("button", { name: "Amend" }).click();
    await write(first, "She was dizzy since Sunday.");
    await store(first);
    await note(first, "since Sunday").waitFor();
    await store(second);
    await second.waitForSelector("blockquote:has-text('She was dizzy since Sunday.')");
    await write(second, "She was dizzy since Sunday, as her husband says.");
    await store(second);
    await note(first, "as her husband says").waitFor();
    expect(await note(first, "dizzy").count()).toBe(1);
    expect(hospital.complaints.filter((text) => !/status of (401|403|404|409|412)|ERR_CONNECTION_RESET/.test(text))).toEqual([]);
  });
});
