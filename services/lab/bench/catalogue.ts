/** Reads the laboratory's catalogue: the table beside it, or the operator's (LAB_CATALOGUE_FILE). */
import { readFileSync } from "node:fs";
import type { CodeableConcept, Coding } from "../../../fhir/r4.ts";
import own from "../catalogue.json" with { type: "json" };
import type { Catalogue, CatalogueTest } from "../bench.contract.ts";

/** @param file absent: the project's table @throws Error with one sentence for the operator */
export function readCatalogue(file: string | undefined): Catalogue {
  if (file === undefined) return own as Catalogue;
  try {
    const { system, says, tests, panels, specimens, stations } = JSON.parse(readFileSync(file, "utf8")) as Partial<Catalogue>;
    if (typeof system !== "string" || !Array.isArray(tests) || !Array.isArray(panels)) {
      throw new Error('it should have "system", "says", "tests" and "panels", like services/lab/catalogue.json.');
    }
    const odd = tests.find((test) => !isTest(test));
    if (odd) throw new Error(`a test has a form like ${JSON.stringify(own.tests[0])}.`);
    const known = new Set(tests.map(({ code }) => code));
    for (const { code, tests: members } of panels) {
      const missing = members?.find((member) => !known.has(member));
      if (!Array.isArray(members) || missing !== undefined) throw new Error(`the panel ${code} names ${missing}, which is no test of it.`);
    }
    const lost = tests.find(({ station }) => station !== undefined && !stations?.some?.(({ code }) => code === station));
    if (lost) throw new Error(`the test ${lost.code} is done at ${lost.station}, which is none of its "stations".`);
    const unnamed = [...tests, ...panels, ...(specimens ?? []), ...(stations ?? [])].find(({ designation }) => !areNames(designation));
    if (unnamed) throw new Error(`the names of "${unnamed.display}" have not the form [{ "language": "fr", "value": "Hémoglobine" }].`);
    return { system, says: says ?? "", tests, panels, ...(specimens && { specimens }), ...(stations && { stations }) };
  } catch (error) {
    throw new Error(`LAB_CATALOGUE_FILE cannot be used: ${(error as Error).message}`);
  }
}

const areNames = (names: unknown): boolean =>
  names === undefined ||
  (Array.isArray(names) &&
    names.every((one: Record<string, unknown>) => [one?.["language"], one?.["value"]].every((it) => typeof it === "string" && it !== "")));

function isTest({ code, display, unit, specimen, ranges, critical }: CatalogueTest): boolean {
  const isRange = (it: object) => Object.values(it).every((one) => typeof one === "number" || typeof one === "string");
  const areTexts = [code, display, unit, specimen].every((one) => typeof one === "string" && one !== "");
  return areTexts && Array.isArray(ranges) && ranges.every(isRange) && (critical === undefined || isRange(critical));
}

/** The tests that a code orders: its own, or those of its panel; none if the catalogue does not have it. */
export function testsOf({ tests, panels }: Catalogue, code: string): CatalogueTest[] {
  const codes = panels.find((panel) => panel.code === code)?.tests ?? [code];
  return codes.flatMap((one) => tests.find((test) => test.code === one) ?? []);
}

/** What is ordered, by the catalogue's code; those of other systems may stand before it. Else by the first code. */
export function orderedIn({ system, tests, panels }: Catalogue, { coding = [] }: CodeableConcept = {}): Coding | undefined {
  const isKnown = (one: Coding) => one.system === system && [...panels, ...tests].some(({ code }) => code === one.code);
  return coding.find(isKnown) ?? coding[0];
}

/** A code as a FHIR Coding; undefined if the catalogue does not have it. */
export function codingOf(
  { system, tests, panels }: Catalogue,
  code: string,
): { system: string; code: string; display: string } | undefined {
  const found = [...panels, ...tests].find((it) => it.code === code);
  return found && { system, code, display: found.display };
}
