/**
 * A hospital for tests of the pages: with closed access, and people who sign in, each in a browser of their own. With `--globals '{"answersAfterMs":700}'`
 * answers to the pages come later: a test that then fails reads what it has not waited for.
 */
import { setTimeout } from "node:timers/promises";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, BrowserContextOptions, Page, Request } from "playwright-core";
import { asSystem } from "../../mesh/access/access.ts";
import { identity, type RoleName } from "../../services/identity/identity.contract.ts";
import { serviceNames } from "../../services/systems.ts";
import { contentOf } from "../kit/map.ts";
import { launchBrowser, PATIENCE_MS } from "../kit/browser.ts";
import { type Mesh, type MeshOptions, startMesh } from "../kit/mesh.ts";

const PASSWORD = "four words make one";

/** Number of inputs by piece of work, according to docs/screens.md. */
const told = new Map(
  [...contentOf("docs/screens.md").matchAll(/^\| ([^|]+?) \| (\d+) \|/gm)].map(([, work = "", inputs]) => [work, Number(inputs)]),
);

/** The names of all pages. */
export const PAGES = [...contentOf("services/desk/pages/pages.ts").matchAll(/^ {2}"?([\w-]+)"?: \(\) => import/gm)].map(
  ([, name = ""]) => name,
);

/** Where a page is shown. @param patient of the chart, "Patient/…" */
export const placeOf = (page: string, patient: string): string => (page === "chart" ? `chart/${patient.split("/")[1]}` : page);

/** Chooses the language of a page. */
export async function speak(page: Page, language: string): Promise<void> {
  await page.selectOption("#language", language);
  await page.waitForFunction((code) => document.documentElement.lang === code, language);
}

export class Hospital {
  readonly mesh: Mesh;
  readonly browser: Browser;
  /** Errors of pages: of scripts, or files that could not be loaded. */
  readonly complaints: string[] = [];

  /** Inputs by page since its last step: clicks, keys with an effect, fields filled in. */
  readonly #inputs = new Map<Page, number>();

  /** Requests for names of tests that have no answer yet, by page. */
  readonly #namesUnderWay = new Map<Page, Set<Request>>();

  private constructor(mesh: Mesh, browser: Browser) {
    this.mesh = mesh;
    this.browser = browser;
  }

  /** @param more options of the mesh; default: one node without NATS */
  static async open(env: Record<string, string> = {}, more: Partial<MeshOptions> = {}): Promise<Hospital> {
    const services = serviceNames({ system: "provider", access: "closed" });
    const settings = { ACCESS: "closed", HOSPITAL_TIME_ZONE: "Africa/Algiers", ...env };
    const [mesh, browser] = await Promise.all([
      startMesh({ services, nats: false, split: "broker", env: settings, ...more }),
      launchBrowser(),
    ]);
    return new Hospital(mesh, browser);
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.mesh.stop();
  }

  /** The mesh's operator. */
  get operator() {
    return asSystem(this.mesh.caller, "operator");
  }

  /** The account of a new person. */
  account(login: string, roles: RoleName[]) {
    return identity.createUser(this.operator, { login, name: login, roles, password: PASSWORD, isForTrying: true });
  }

  /** A new person, signed in. @param gateway number of the browser's gateway */
  async person(login: string, roles: RoleName[], options: BrowserContextOptions = {}, gateway = 0): Promise<Page> {
    await this.account(login, roles);
    return this.signIn(login, options, gateway);
  }

  /** Signs in a person with an account, in a browser of their own. */
  async signIn(login: string, options: BrowserContextOptions = {}, gateway = 0): Promise<Page> {
    const { url } = this.mesh.nodes.filter((node) => node.url)[gateway] ?? {};
    const context = await this.browser.newContext({ locale: "en-GB", reducedMotion: "reduce", ...options });
    const { answersAfterMs } = globalThis as { answersAfterMs?: number };
    if (answersAfterMs) {
      await context.route(/\/(api|fhir)\//, async (route) => {
        await setTimeout(answersAfterMs);
        await route.continue().catch(() => {}); // its page may be gone, or route it in another way by now
      });
    }
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => this.complaints.push(`${login}: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(`${login}: ${message.text()} ${message.location().url}`);
    });
    this.#count(page);
    this.#awaitNames(page);
    await page.goto(`${url ?? this.mesh.base}/desk/`);
    await this.enter(page, login);
    return page;
  }

  /** Signs in on the sign-in page. */
  async enter(page: Page, login: string): Promise<void> {
    await page.fill("#login", login);
    await page.fill("#password", PASSWORD);
    await page.click('button[value="login"]');
    await page.waitForSelector(".who");
  }

  #count(page: Page): void {
    const counting = <Of extends object>(of: Of, names: (keyof Of)[]) => {
      for (const name of names) {
        const real = (of[name] as (...args: unknown[]) => unknown).bind(of);
        of[name] = ((...args: unknown[]) => {
          this.#inputs.set(page, (this.#inputs.get(page) ?? 0) + 1);
          return real(...args);
        }) as Of[keyof Of];
      }
    };
    counting(page, ["click", "check", "fill", "press", "selectOption", "dragAndDrop"]);
    counting(page.keyboard, ["press"]);
  }

  /** A piece of work, which must take the documented number of inputs. With `--globals '{"tellSeconds":true}'` it prints the time. */
  async step(name: string, page: Page, work: () => Promise<unknown>): Promise<void> {
    this.#inputs.set(page, 0);
    const begun = performance.now();
    await work();
    const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
    if ("tellSeconds" in globalThis) process.stdout.write(`${seconds} s  ${name}\n`);
    expect([name, this.#inputs.get(page)]).toEqual([name, told.get(name)]);
  }

  #awaitNames(page: Page): void {
    const underWay = new Set<Request>();
    this.#namesUnderWay.set(page, underWay);
    page.on("request", (request) => {
      if (request.url().includes("/api/lab/listCatalogue")) underWay.add(request);
    });
    const ended = (request: Request) => underWay.delete(request);
    page.on("requestfinished", ended);
    page.on("requestfailed", ended);
  }

  /** Names of tests, which come after what is named by them, are shown from then on. */
  async #named(page: Page): Promise<void> {
    const underWay = this.#namesUnderWay.get(page);
    if (!underWay?.size) return;
    while (underWay.size > 0) await Promise.race([page.waitForEvent("requestfinished"), page.waitForEvent("requestfailed")]);
    await frames(page, SETTLED_FRAMES);
  }

  /** Shows a page; resolves when everything on it is loaded. */
  async show(page: Page, place: string): Promise<void> {
    await page.evaluate((hash) => {
      location.hash = hash;
    }, `#/${place}`);
    const [name] = place.split("/");
    await page.waitForFunction(
      (key) => document.querySelector(`[data-page="${key}"]`) && !document.querySelector('[aria-busy="true"]'),
      name,
    );
    await this.#named(page);
  }
}

/** Frames after which a page that has changed its width is as it stays: what is stacked where it has no room is so in the frame after. */
const SETTLED_FRAMES = 3;
/** Frames that a page may take for it on a busy machine. */
const MAX_FRAMES = 60;

const frames = (page: Page, count: number): Promise<void> =>
  page.evaluate(async (left) => {
    for (let frame = 0; frame < left; frame += 1) await new Promise(requestAnimationFrame);
  }, count);

/**
 * What is wrong with how a page looks, once it is as it stays.
 * @param found runs in the page: what is wrong at this moment
 */
export async function wrongWhenSettled(page: Page, found: () => string[]): Promise<string[]> {
  await frames(page, SETTLED_FRAMES);
  let wrong = await page.evaluate(found);
  for (let waited = SETTLED_FRAMES; wrong.length > 0 && waited < MAX_FRAMES; waited += SETTLED_FRAMES) {
    await frames(page, SETTLED_FRAMES);
    wrong = await page.evaluate(found);
  }
  return wrong;
}

/** Controls of a page, or of the dialog over it, that are smaller than 24 CSS pixels (WCAG 2.5.8); a box to tick is as large as its label. */
export const tooSmall = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const root = document.querySelector("dialog[open]") ?? document.body;
    const controls = [...root.querySelectorAll<HTMLElement>("button, a[href], input, select, textarea, summary")];
    return controls.flatMap((one) => {
      const isInText = getComputedStyle(one).display === "inline" && !one.querySelector(".person"); // a link in a sentence
      if (!one.checkVisibility() || one.closest(".visually-hidden, .skip") || isInText) return [];
      const { width, height } = (one.closest("label") ?? one).getBoundingClientRect();
      return width > 23.5 && height > 23.5 ? [] : [`${one.outerHTML.slice(0, 80)}: ${Math.round(width)} × ${Math.round(height)}`];
    });
  });

/** Violations found by axe (WCAG 2.2 AA and best practice), and where. */
export async function barriers(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" ")}`);
}
