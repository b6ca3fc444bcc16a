/** What a screen reader would announce: the name of the focused element, and changes of live regions, each once. */
import type { CDPSession, Page } from "playwright-core";

interface AxNode {
  ignored: boolean;
  role?: { value: string };
  name?: { value: string };
}

interface Heard {
  said: string[];
}

/** Time limit for the focus to move by itself, milliseconds. */
const WAIT_MS = 10_000;

/** Limit of key presses to reach an element. */
const MAX_TABS = 80;

/** Runs in the page: records additions to live regions. */
function listen(): void {
  const said: string[] = [];
  Object.assign(globalThis, { said });
  const isLive = (element: Element | null): boolean =>
    element?.closest('[aria-live="polite"], [aria-live="assertive"], [role="status"], [role="alert"]') !== null;
  const isHeard = (element: Element | null): boolean => {
    const modal = document.querySelector("dialog:modal");
    return isLive(element) && element?.checkVisibility() === true && (!modal || modal.contains(element));
  };
  const textOf = (node: Node): string => {
    const copy = node.cloneNode(true);
    if (copy instanceof Element) for (const button of copy.querySelectorAll("button")) button.remove();
    return (copy.textContent ?? "").replaceAll("\u00a0", " ").trim(); // by ear it is a space
  };
  new MutationObserver((changes) => {
    for (const { target, addedNodes, type } of changes) {
      for (const node of type === "characterData" ? [target] : addedNodes) {
        const text = textOf(node);
        if (text !== "" && isHeard(node instanceof Element ? node : node.parentElement)) said.push(text);
      }
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}

export class ByEar {
  readonly #page: Page;
  readonly #session: CDPSession;

  private constructor(page: Page, session: CDPSession) {
    this.#page = page;
    this.#session = session;
  }

  static async at(page: Page): Promise<ByEar> {
    const session = await page.context().newCDPSession(page);
    await session.send("Accessibility.enable");
    await page.evaluate(listen);
    return new ByEar(page, session);
  }

  /** Role and name of the focused element, as "button Leave". */
  async focused(): Promise<string> {
    return (await this.#heard("document.activeElement"))[0] ?? "";
  }

  /** Description of the focused element: a hint, or an error. */
  async described(): Promise<string> {
    return this.#page.evaluate(() => {
      const ids = document.activeElement?.getAttribute("aria-describedby")?.split(" ") ?? [];
      return ids.map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
    });
  }

  /** Role and name of each element. */
  async namesOf(selector: string): Promise<string[]> {
    return this.#heard(`document.querySelectorAll(${JSON.stringify(selector)})`);
  }

  /** Waits until a live region has announced the text. @returns each announcement with it, without the buttons beside it */
  async hears(text: string): Promise<string[]> {
    await this.#page.waitForFunction((wanted) => (globalThis as unknown as Heard).said.some((one) => one.includes(wanted)), text);
    const said = await this.#page.evaluate(() => (globalThis as unknown as Heard).said.splice(0));
    return said.filter((one) => one.includes(text));
  }

  /** Waits until the element with this role and name has the focus. */
  async hasFocus(name: string | RegExp): Promise<void> {
    let now = "";
    for (const until = Date.now() + WAIT_MS; Date.now() < until; ) {
      now = await this.focused();
      if (typeof name === "string" ? now === name : name.test(now)) return;
      await this.#page.evaluate(() => new Promise(requestAnimationFrame)); // the next frame may move it
    }
    throw new Error(`The focus is on “${now}”, not on “${name}”.`);
  }

  /** Presses Tab until the element with this name has the focus. */
  async tabTo(name: string | RegExp, key = "Tab"): Promise<void> {
    const passed: string[] = [];
    for (let pressed = 0; pressed < MAX_TABS; pressed += 1) {
      await this.#page.keyboard.press(key);
      const now = (await this.focused()).replace(/^\S+ /, "");
      if (typeof name === "string" ? now === name : name.test(now)) return;
      passed.push(now);
    }
    throw new Error(`${name} is not reached by ${key}: ${passed.join(" | ")}`);
  }

  async #heard(expression: string): Promise<string[]> {
    const { result } = await this.#session.send("Runtime.evaluate", {
      expression: `[${expression}].flatMap((it) => it instanceof NodeList ? [...it] : [it])`,
    });
    const { result: properties } = await this.#session.send("Runtime.getProperties", {
      objectId: result.objectId ?? "",
      ownProperties: true,
    });
    const names: string[] = [];
    for (const { name, value } of properties) {
      if (!/^\d+$/.test(name) || !value?.objectId) continue;
      const { nodes } = (await this.#session.send("Accessibility.getPartialAXTree", {
        objectId: value.objectId,
        fetchRelatives: false,
      })) as { nodes: AxNode[] };
      names.push(`${nodes[0]?.role?.value ?? "none"} ${nodes[0]?.name?.value ?? ""}`.replaceAll("\u00a0", " ").trim());
    }
    return names;
  }
}
