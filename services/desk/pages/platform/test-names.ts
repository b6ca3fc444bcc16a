/** Names of laboratory tests in the page's language, as the laboratory's catalogue and this house give them: known when the first of them is shown. */
import { computed, signal } from "@preact/signals";
import type { Catalogue, WithNames } from "../../../lab/bench.contract.ts";
import type { lab as labContract } from "../../../lab/lab.contract.ts";
import { actionsOf } from "./api.ts";
import { offers } from "./menu.ts";
import { language } from "./texts.ts";

const lab = actionsOf<typeof labContract>("lab");
/** Codes of the catalogue that comes with the project. One with codes of its own is known where it is shown as a whole. */
const LOINC = "http://loinc.org";
/** Where it could not be told it is asked for again after so long, milliseconds. */
const AGAIN_MS = 30_000;

const catalogue = signal<Catalogue | undefined>();
let isAsked = false;

/** The name of something in a language, else in one like it, else the one for all. */
export const nameIn = (wished: string, { display, designation = [] }: WithNames): string =>
  designation.find((one) => one.language === wished)?.value ??
  designation.find((one) => one.language.split("-")[0] === wished)?.value ??
  display;

const names = computed(() => {
  const { system = "", tests = [], panels = [], specimens = [] } = catalogue.value ?? {};
  const coded = [...tests, ...panels].map((one) => [`${system}|${one.code}`, nameIn(language.value, one)] as const);
  return new Map([...coded, ...specimens.map((one) => [`|${one.display}`, nameIn(language.value, one)] as const)]);
});

/** The catalogue, from which the names are known from now on. */
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

/** The name of a code; undefined: it is no test of this laboratory, or is not known yet. */
export function testNamed({ system, code }: { system?: string | undefined; code?: string | undefined }): string | undefined {
  if (system === LOINC && !isAsked && offers("lab.listCatalogue")) testCatalogue().catch(() => {}); // the names that are stored are shown
  return names.value.get(`${system ?? ""}|${code}`);
}

/** The name of a test that an action tells of. */
export const testText = (test: { system: string; code: string; display?: string }): string => testNamed(test) ?? test.display ?? test.code;

/** The name of what is collected. */
export const specimenText = (kind: string): string => names.value.get(`|${kind}`) ?? kind;
