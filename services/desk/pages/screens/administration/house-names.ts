/** Names that the house gives a test, in several languages: one is stored after the other, and what is stored already is known. */
import type { WithNames } from "../../../../lab/bench.contract.ts";
import type { lab as labContract } from "../../../../lab/lab.contract.ts";
import { actionsOf } from "../../platform/api.ts";
import { takeBackEach } from "../../platform/taken-back.ts";
import { testCatalogue } from "../../platform/test-names.ts";
import { LANGUAGES } from "../../platform/texts.ts";

const lab = actionsOf<typeof labContract>("lab");

/** Names by language; "" where there is none. */
export type Names = Record<string, string>;

/** A test or a panel of the catalogue. */
export type Named = WithNames & { code: string };

/** What stands in the catalogue, in the languages of the pages. */
export const namesOf = ({ designation = [] }: WithNames): Names =>
  Object.fromEntries(LANGUAGES.map(([code]) => [code, designation.find((one) => one.language === code)?.value ?? ""]));

/** The test as the catalogue has it now; undefined: it is not done any more. */
export async function testNow(code: string): Promise<Named | undefined> {
  const { panels, tests } = await testCatalogue();
  return [...panels, ...tests].find((one) => one.code === code);
}

/** A test that is being named. */
export interface Naming {
  code: string;
  /** What stands there, as far as it is known here; each name that is stored stands there. */
  now: Names;
  /** Of each language that was stored: what stood there before. */
  before: Names;
}

/** Of a test as it was read. */
export const namingOf = (test: Named): Naming => ({ code: test.code, now: namesOf(test), before: {} });

/** Others have stored these names meanwhile: what was stored here and stands there still can be taken back. */
export const namingSince = ({ code, now, before }: Naming, theirs: Names): Naming => ({
  code,
  now: theirs,
  before: Object.fromEntries(Object.entries(before).filter(([language]) => theirs[language] === now[language])),
});

/** Stores a name; without one the catalogue's own stands there again. */
async function give(naming: Naming, language: string, name: string): Promise<void> {
  const { code, now, before } = naming;
  const seen = now[language] ?? "";
  await lab.nameTest({ code, language, ...(name && { name }), seen });
  before[language] ??= seen;
  now[language] = name;
  if (name !== "") return;
  const test = await testNow(code);
  now[language] = test ? (namesOf(test)[language] ?? "") : "";
}

/** Stores what differs. @throws what was refused; `naming` knows what was stored until then */
export async function giveNames(naming: Naming, wanted: Names): Promise<void> {
  for (const [language] of LANGUAGES) {
    const name = wanted[language]?.trim() ?? "";
    if (name !== naming.now[language]) await give(naming, language, name);
  }
}

/** Gives back all that was stored, each language by itself: what others have named since in one keeps none of the others. @throws what was refused, the last */
export async function takeNamesBack(naming: Naming): Promise<void> {
  await takeBackEach(Object.entries(naming.before), async ([language, name]) => {
    await give(naming, language, name);
    delete naming.before[language];
  });
}
