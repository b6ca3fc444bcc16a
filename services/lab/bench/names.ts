/** The hospital's own names of tests: ObservationDefinitions beside the catalogue. Plain data in, plain data out. */
import { createHash } from "node:crypto";
import type { Extension, ObservationDefinition } from "../../../fhir/r4.ts";
import type { Catalogue, Designation } from "../bench.contract.ts";

/** R4's extension for a text in another language. */
const TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation";

type Definition = ObservationDefinition & { id: string };

/** The id of a code's definition, which is always the same. */
export const definitionIdOf = ({ system, code }: { system: string; code: string }): string =>
  `test-${createHash("sha256").update(`${system}|${code}`).digest("hex").slice(0, 40)}`;

const partOf = ({ extension }: Extension, url: string) => extension?.find((one) => one.url === url);

/** The names in a definition, by language. */
export function designationOf({ language, preferredReportName, _preferredReportName }: ObservationDefinition): Designation[] {
  const translated = (_preferredReportName?.extension ?? []).flatMap((one): Designation[] => {
    const [lang, content] = [partOf(one, "lang")?.valueCode, partOf(one, "content")];
    const value = content?.valueString ?? content?.valueMarkdown;
    return one.url === TRANSLATION && lang !== undefined && value ? [{ language: lang, value }] : [];
  });
  const plain = language !== undefined && preferredReportName !== undefined ? [{ language, value: preferredReportName }] : [];
  return [...translated, ...plain.filter((one) => !translated.some((other) => other.language === one.language))];
}

const translationOf = ({ language, value }: Designation): Extension => ({
  url: TRANSLATION,
  extension: [
    { url: "lang", valueCode: language },
    { url: "content", valueString: value },
  ],
});

/** The definition with another name in a language, or without one. @param before absent: there is no definition yet */
export function renamed(
  before: Definition | undefined,
  coding: { system: string; code: string; display: string },
  { language, name }: { language: string; name?: string | undefined },
): Definition {
  const known: Definition = before ?? { resourceType: "ObservationDefinition", id: definitionIdOf(coding), code: { coding: [coding] } };
  const others = designationOf(known).filter((one) => one.language !== language);
  const all = name === undefined ? others : [...others, { language, value: name }];
  const { _preferredReportName: _, preferredReportName: plain, ...kept } = known;
  const isForAll = plain !== undefined && known.language === undefined;
  return {
    ...kept,
    ...(isForAll && { preferredReportName: plain }),
    ...(all.length > 0 && { _preferredReportName: { extension: all.map(translationOf) } }),
  };
}

/** The catalogue with the hospital's own names, which take precedence language by language. */
export function named(catalogue: Catalogue, definitions: ObservationDefinition[]): Catalogue {
  const own = new Map(
    definitions.flatMap((one) => (one.code?.coding ?? []).map(({ system = "", code = "" }) => [`${system}|${code}`, one] as const)),
  );
  const withNames = <Of extends { code: string; display: string; designation?: Designation[] }>(one: Of): Of => {
    const definition = own.get(`${catalogue.system}|${one.code}`);
    if (!definition) return one;
    const given = designationOf(definition);
    const { language, preferredReportName: forAll } = definition;
    const kept = (one.designation ?? []).filter((known) => !given.some((other) => other.language === known.language));
    const isForAll = language === undefined && forAll !== undefined;
    return { ...one, ...(isForAll && { display: forAll }), designation: [...given, ...(isForAll ? [] : kept)] };
  };
  return { ...catalogue, tests: catalogue.tests.map(withNames), panels: catalogue.panels.map(withNames) };
}
