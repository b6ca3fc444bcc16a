/** Modules that are loaded when they are needed. Once the pages were updated, those of the version that a browser shows may be gone. */
import { signal } from "@preact/signals";

/** Time limit of the question which version there is, milliseconds. */
const ANSWER_MS = 5_000;

/** The pages were updated while they are shown, and something of the version that is shown is gone: only a reload helps. */
export const isOutdated = signal(false);

/** The address of the module with which the pages start: it changes with every module that they load. */
const startOf = (document: Document): string | null | undefined => document.querySelector('script[type="module"]')?.getAttribute("src");

async function isReplaced(): Promise<boolean> {
  const answer = await fetch("/desk/", { cache: "no-cache", signal: AbortSignal.timeout(ANSWER_MS) });
  if (!answer.ok) return false;
  const start = startOf(new DOMParser().parseFromString(await answer.text(), "text/html"));
  return typeof start === "string" && start !== startOf(document);
}

/** Loads a module by `import()`. @throws if that fails; if because of an update of the pages, `isOutdated` is set before */
export async function loadModule<Module>(load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    isOutdated.value ||= await isReplaced().catch(() => false);
    throw error;
  }
}
