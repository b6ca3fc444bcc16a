/** The catalogue by this house's names, and naming. `lab.contract.ts` names their errors. */
import { isType } from "../../../federation/errors.ts";
import type { WithFhir } from "../../../mixins/fhir/fhir.ts";
import { change, creation } from "../../../mixins/fhir/write-steps.ts";
import type { Catalogue, Designation } from "../bench.contract.ts";
import { nameChanged, testUnknown } from "../lab.errors.ts";
import { codingOf } from "./catalogue.ts";
import { definitionIdOf, designationOf, named, renamed } from "./names.ts";

type Lab = WithFhir & { catalogue: Catalogue };

/** Definitions that are looked at: a catalogue has some hundreds of tests. */
const MAX_DEFINITIONS = 10_000;

/** `lab.listCatalogue` */
export const namedCatalogue = async ({ fhir, catalogue }: Lab): Promise<Catalogue> =>
  named(catalogue, await fhir.find({ type: "ObservationDefinition", clauses: [], limit: MAX_DEFINITIONS }));

/** `lab.nameTest` */
export async function nameTest(
  { fhir, catalogue }: Lab,
  { code, ...given }: { code: string; language: string; name?: string },
): Promise<{ code: string; designation: Designation[] }> {
  const coding = codingOf(catalogue, code);
  if (!coding) throw testUnknown(code);
  const before = await fhir.read("ObservationDefinition", definitionIdOf(coding));
  const definition = renamed(before ?? undefined, coding, given);
  try {
    await fhir.write([before ? change(definition) : creation(definition)]);
  } catch (error) {
    throw isType(error, "STALE_VERSION") || isType(error, "ID_TAKEN") ? nameChanged(code) : error;
  }
  return { code, designation: designationOf(definition) };
}
