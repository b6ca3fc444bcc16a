/**
 * A SMART app in a real browser: `fhirclient`, which knows nothing of us, is started from a page of another origin, its person signs in with a
 * second factor and picks a patient, and the app reads that record. The browser is Chromium without a window, of an npm package.
 */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { generate } from "otplib";
import type { Browser, Page } from "playwright-core";
import { asSystem } from "../../mesh/access/access.ts";
import { identity } from "../../services/identity/identity.contract.ts";
import { App, NURSE, PASSWORD, SCOPE } from "../identity/app.ts";
import { launchBrowser } from "../kit/browser.ts";
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const LIBRARY = join(import.meta.dirname, "../../node_modules/fhirclient/build/fhir-client.js");

/** The two pages of an app, as fhirclient's documentation has them. */
const page = (script: string) =>
  `<!DOCTYPE html><title>App</title><script src="/fhir-client.js"></script><pre id="out"></pre><script>${script}</script>`;
const LAUNCH = page(`
  const asked = new URLSearchParams(location.search);
  FHIR.oauth2.authorize({
    clientId: "growth", redirectUri: "/index.html", iss: asked.get("iss"), scope: asked.get("scope"),
    ...(asked.get("launch") && { launch: asked.get("launch") }),
  });`);
const INDEX = page(`
  const say = (value) => { document.getElementById("out").textContent = JSON.stringify(value); document.title = "Done"; };
  FHIR.oauth2.ready().then(async (client) => {
    const { family } = (await client.patient.read()).name[0];
    const other = await client.request("Patient/OTHER").catch((error) => error.status ?? String(error));
    say({ family, patient: client.patient.id, user: client.user.fhirUser, all: (await client.request("Patient")).total, other });
  }).catch((error) => say({ error: String(error) }));`);

describe("a SMART app in a browser", () => {
  let browser: Browser;
  let server: Server;
  let origin: string;
  let mesh: Mesh;
  let ada: string;
  let bruno: string;
  let app: App;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = (request.url ?? "").split("?", 1)[0];
      response.setHeader("Content-Type", path?.endsWith(".js") ? "text/javascript" : "text/html; charset=utf-8");
      if (path === "/fhir-client.js") response.end(readFileSync(LIBRARY));
      else response.end(path === "/launch.html" ? LAUNCH : INDEX.replace("OTHER", bruno));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const env = { ACCESS: "closed", CORS_ORIGIN: origin };
    mesh = await startMesh({ services: ["api", "transactions", "patients", "personnel", "identity"], nats: false, split: "broker", env });
    app = await App.register(mesh, ["nurse"], `${SCOPE} actions`);
    const { access_token } = await app.signIn("user/Patient.cruds");
    const create = async (family: string) => {
      const { body } = await fhirAt(mesh.base, access_token).create({
        resourceType: "Patient",
        name: [{ family }],
        birthDate: "1980-02-01",
      });
      return (body as { id: string }).id;
    };
    [ada, bruno] = [await create("Rossi"), await create("Bianchi")];
    const growth = { id: "growth", name: "Growth chart", kind: "public" as const, redirectUris: [`${origin}/index.html`] };
    await identity.createClient(asSystem(mesh.caller, "operator"), { ...growth, scope: SCOPE });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await mesh?.stop();
    server?.close();
  });

  const start = async (shown: Page, scope: string, more = {}) =>
    shown.goto(`${origin}/launch.html?${new URLSearchParams({ iss: `${mesh.base}/fhir`, scope, ...more })}`);
  const signIn = async (shown: Page, login = NURSE) => {
    await shown.fill("#login", login);
    await shown.fill("#password", PASSWORD);
    await shown.click('button[value="login"]');
  };
  const said = async (shown: Page) => {
    await shown.waitForFunction('document.title === "Done"');
    return JSON.parse((await shown.textContent("#out")) ?? "") as Record<string, unknown>;
  };
  /** What axe finds wrong for people who do not see or point. */
  const barriers = async (shown: Page) => (await new AxeBuilder({ page: shown }).analyze()).violations.map(({ id }) => id);

  it("reads the record of the patient that its person picks, after a password and a code, on accessible pages", async () => {
    const context = await browser.newContext({ locale: "fr-FR" });
    const shown = await context.newPage();
    const scope = "openid fhirUser launch/patient patient/Patient.rs";
    await start(shown, scope);
    await shown.waitForSelector("#login");
    expect(await shown.textContent("h1")).toBe("Se connecter");
    expect(await barriers(shown)).toEqual([]);
    await signIn(shown);
    await shown.waitForSelector("#name");

    // The second factor, from now on.
    const account = await context.newPage();
    await account.goto(`${mesh.base}/auth/account`);
    await account.click('button[value="start"]');
    const secret = await account.getAttribute('[name="secret"]', "value");
    const codeAt = (steps: number) => generate({ secret: secret ?? "", epoch: Math.floor(Date.now() / 1_000) + 30 * steps });
    expect(await barriers(account)).toEqual([]);
    await account.fill("#current", PASSWORD);
    await account.fill("#code", await codeAt(-1));
    await account.click('button[value="confirm"]');
    expect(await account.locator("li code").count()).toBe(10);
    await context.close();

    const fresh = await (await browser.newContext()).newPage();
    await start(fresh, scope);
    await fresh.waitForSelector("#login");
    await signIn(fresh);
    await fresh.fill("#code", await codeAt(0));
    await fresh.click('button[value="code"]');
    await fresh.fill("#name", "ross");
    await fresh.press("#name", "Enter");
    await fresh.waitForSelector("button.row");
    expect(await barriers(fresh)).toEqual([]);
    await fresh.click("button.row");
    await fresh.waitForSelector('button[value="allow"]');
    expect(await barriers(fresh)).toEqual([]);
    await fresh.click('button[value="allow"]');
    expect(await said(fresh)).toEqual({ family: "Rossi", patient: ada, user: "Practitioner/ada", all: 1, other: 404 });
  });

  it("launched by an EHR reads the record that is open there", async () => {
    const verdi = await app.alsoFor("verdi", ["physician"]);
    const { access_token } = await verdi.signIn("actions");
    const answer = await fetch(`${mesh.base}/api/identity/createLaunch`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${access_token}` },
      body: JSON.stringify({ client: "growth", patient: bruno }),
    });
    const { launch } = (await answer.json()) as { launch: string };
    const shown = await (await browser.newContext()).newPage();
    await start(shown, "openid fhirUser launch patient/Patient.rs", { launch });
    await shown.waitForSelector("#login");
    await signIn(shown, "verdi");
    await shown.waitForSelector('button[value="allow"]');
    await shown.click('button[value="allow"]');
    expect(await said(shown)).toMatchObject({ family: "Bianchi", patient: bruno, all: 1, other: expect.objectContaining({ id: bruno }) });
  });

  it("does not ask for the password again if an app of another site sends its request as a form", async () => {
    await app.alsoFor("neri", ["nurse"]);
    const shown = await (await browser.newContext()).newPage();
    await shown.goto((await app.request("openid user/Observation.rs")).url.href);
    await signIn(shown, "neri");
    await shown.waitForSelector('button[value="allow"]');
    const { url } = await app.request("openid user/Observation.rs");
    await shown.goto(origin.replace("127.0.0.1", "localhost")); // a site of its own
    await shown.evaluate(`(() => {
      const form = document.createElement("form");
      form.method = "post";
      form.action = ${JSON.stringify(url.origin + url.pathname)};
      for (const [name, value] of new URLSearchParams(${JSON.stringify(url.search)})) {
        form.append(Object.assign(document.createElement("input"), { name, value }));
      }
      document.body.append(form);
      form.submit();
    })()`);
    await shown.waitForSelector('button[value="allow"]');
    expect(await shown.locator("#password").count()).toBe(0);
  });
});
