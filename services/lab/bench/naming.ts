/** The catalogue with the hospital's own names, and the action that sets one. `lab.contract.ts` names their errors. */
import type { ObservationDefinition } from "../../../fhir/r4.ts";
import { isType } from "../../../federation/errors.ts";
import type { WithFhir } from "../../../mixins/fhir/fhir.ts";
import { change, creation } from "../../../mixins/fhir/write-steps.ts";
import type { Catalogue, Designation } from "../bench.contract.ts";
import { nameChanged, testUnknown } from "../lab.errors.ts";
import { codingOf } from "./catalogue.ts";
import { definitionIdOf, designationOf, named, renamed } from "./names.ts";

type Lab = WithFhir & { catalogue: Catalogue };

/** Definitions that are read: a catalogue has a few hundred tests. */
const MAX_DEFINITIONS = 10_000;

/** `lab.listCatalogue` */
export const namedCatalogue = async ({ fhir, catalogue }: Lab): Promise<Catalogue> =>
  named(catalogue, await fhir.find({ type: "ObservationDefinition", clauses: [], limit: MAX_DEFINITIONS }));

/** `lab.nameTest` */
export async function nameTest(
  { fhir, catalogue }: Lab,
  { code, seen, ...given }: { code: string; language: string; name?: string; seen?: string },
): Promise<{ code: string; designation: Designation[] }> {
  const coding = codingOf(catalogue, code);
  if (!coding) throw testUnknown(code);
  const before = await fhir.read("ObservationDefinition", definitionIdOf(coding));
  const isSeen = seen === undefined || seen === nameNow(catalogue, before ? [before] : [], { code, language: given.language });
  if (!isSeen) throw nameChanged(code);
  const definition = renamed(before ?? undefined, coding, given);
  try {
    await fhir.write([before ? change(definition) : creation(definition)]);
  } catch (error) {
    throw isType(error, "STALE_VERSION") || isType(error, "ID_TAKEN") ? nameChanged(code) : error;
  }
  return { code, designation: designationOf(definition) };
}

/** The present name of a test in a language; "" if it has none. */
function nameNow(
  catalogue: Catalogue,
  definitions: ObservationDefinition[],
  { code, language }: { code: string; language: string },
): string {
  const { tests, panels } = named(catalogue, definitions);
  const { designation = [] } = [...panels, ...tests].find((one) => one.code === code) ?? {};
  return designation.find((one) => one.language === language)?.value ?? "";
}
