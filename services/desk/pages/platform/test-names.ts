/** Names of laboratory tests in the page's language, from the laboratory's catalogue and the hospital; loaded when the first of them is shown. */
import { computed, signal } from "@preact/signals";
import type { Catalogue, WithNames } from "../../../lab/bench.contract.ts";
import type { lab as labContract } from "../../../lab/lab.contract.ts";
import { actionsOf } from "./api.ts";
import { offers } from "./menu.ts";
import { language } from "./texts.ts";

const lab = actionsOf<typeof labContract>("lab");
/** Codes of the project's catalogue. A catalogue with codes of its own is loaded where it is shown as a whole. */
const LOINC = "http://loinc.org";
/** Pause before loading is retried, milliseconds. */
const AGAIN_MS = 30_000;

const catalogue = signal<Catalogue | undefined>();
let isAsked = false;

/** The name in a language, else in a related one, else the general one. */
export const nameIn = (wished: string, { display, designation = [] }: WithNames): string =>
  designation.find((one) => one.language === wished)?.value ??
  designation.find((one) => one.language.split("-")[0] === wished)?.value ??
  display;

const names = computed(() => {
  const { system = "", tests = [], panels = [], specimens = [] } = catalogue.value ?? {};
  const coded = [...tests, ...panels].map((one) => [`${system}|${one.code}`, nameIn(language.value, one)] as const);
  return new Map([...coded, ...specimens.map((one) => [`|${one.display}`, nameIn(language.value, one)] as const)]);
});

/** Loads the catalogue; its names are known from then on. */
export async function testCatalogue(): Promise<Catalogue> {
  isAsked = true;
  try {
    catalogue.value = await lab.listCatalogue({});
    return catalogue.value;
  } catch (error) {
    setTimeout(() => {
      isAsked = false;
    }, AGAIN_MS);
    throw error;
  }
}

/** The name of a code; undefined if it is not a test of this laboratory, or not loaded yet. */
export function testNamed({ system, code }: { system?: string | undefined; code?: string | undefined }): string | undefined {
  if (system === LOINC && !isAsked && offers("lab.listCatalogue")) testCatalogue().catch(() => {}); // stored names are shown meanwhile
  return names.value.get(`${system ?? ""}|${code}`);
}

/** The name of a test in an action's answer. */
export const testText = (test: { system: string; code: string; display?: string }): string => testNamed(test) ?? test.display ?? test.code;

/** The name of a specimen. */
export const specimenText = (kind: string): string => names.value.get(`|${kind}`) ?? kind;
