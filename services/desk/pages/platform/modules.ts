/** Modules that are loaded when they are needed. Once the pages were updated, those of the version that a browser shows may be gone. */
import { signal } from "@preact/signals";

/** Time limit of the question which version there is, milliseconds. */
const ANSWER_MS = 5_000;

/**
 * Why only a reload helps, as the key of its text: the pages were updated while they are shown, and something of the version that is shown is gone;
 * or a module could not be loaded, which browsers do not try again in the same document.
 */
export const reloadReason = signal<"page.outdated" | "page.failed" | undefined>(undefined);

/** The address of the module with which the pages start: it changes with every module that they load. */
const startOf = (document: Document): string | null | undefined => document.querySelector('script[type="module"]')?.getAttribute("src");

async function isReplaced(): Promise<boolean> {
  const answer = await fetch("/desk/", { cache: "no-cache", signal: AbortSignal.timeout(ANSWER_MS) });
  if (!answer.ok) return false;
  const start = startOf(new DOMParser().parseFromString(await answer.text(), "text/html"));
  return typeof start === "string" && start !== startOf(document);
}

/** Loads a module by `import()`. @throws if that fails; `reloadReason` is set before */
export async function loadModule<Module>(load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    if (reloadReason.value !== "page.outdated") {
      reloadReason.value = (await isReplaced().catch(() => false)) ? "page.outdated" : "page.failed";
    }
    throw error;
  }
}
