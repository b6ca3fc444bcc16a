/** The hospital's names of a test, in several languages: they are stored one by one, and it is known which are stored already. */
import type { WithNames } from "../../../../lab/bench.contract.ts";
import type { lab as labContract } from "../../../../lab/lab.contract.ts";
import { actionsOf } from "../../platform/api.ts";
import { takeBackEach } from "../../platform/taken-back.ts";
import { testCatalogue } from "../../platform/test-names.ts";
import { LANGUAGES } from "../../platform/texts.ts";

const lab = actionsOf<typeof labContract>("lab");

/** Names by language; "" if there is none. */
export type Names = Record<string, string>;

/** A test or a panel of the catalogue. */
export type Named = WithNames & { code: string };

/** The names in the catalogue, in the languages of the pages. */
export const namesOf = ({ designation = [] }: WithNames): Names =>
  Object.fromEntries(LANGUAGES.map(([code]) => [code, designation.find((one) => one.language === code)?.value ?? ""]));

/** The test as currently in the catalogue; undefined if it was removed. */
export async function testNow(code: string): Promise<Named | undefined> {
  const { panels, tests } = await testCatalogue();
  return [...panels, ...tests].find((one) => one.code === code);
}

/** A test whose names are being changed. */
export interface Naming {
  code: string;
  /** The current names, as far as known here, including those stored. */
  now: Names;
  /** The previous names of each language that was stored. */
  before: Names;
}

/** For a test as it was read. */
export const namingOf = (test: Named): Naming => ({ code: test.code, now: namesOf(test), before: {} });

/** After changes by others: what was stored here and is unchanged can still be undone. */
export const namingSince = ({ code, now, before }: Naming, theirs: Names): Naming => ({
  code,
  now: theirs,
  before: Object.fromEntries(Object.entries(before).filter(([language]) => theirs[language] === now[language])),
});

/** Stores a name; without one the catalogue's own is used again. */
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

/** Stores what differs. @throws the refusal; `naming` records what was stored before */
export async function giveNames(naming: Naming, wanted: Names): Promise<void> {
  for (const [language] of LANGUAGES) {
    const name = wanted[language]?.trim() ?? "";
    if (name !== naming.now[language]) await give(naming, language, name);
  }
}

/** Undoes all that was stored, each language separately: a change by others in one does not prevent the others. @throws the last refusal */
export async function takeNamesBack(naming: Naming): Promise<void> {
  await takeBackEach(Object.entries(naming.before), async ([language, name]) => {
    await give(naming, language, name);
    delete naming.before[language];
  });
}
