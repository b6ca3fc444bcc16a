/** The children of a mother, as `registerNewborn` links them; finds one that is about to be registered again. */
import type { Patient, RelatedPerson, Stored } from "../../fhir/r4.ts";
import type { WithFhir } from "../../mixins/fhir/fhir.ts";
import { splitReference } from "../../mixins/fhir/domain-references.ts";
import type { Newborn } from "./patients.contract.ts";
import { isClosed } from "./patients.model.ts";

/** Children of one mother that are compared. */
const MAX_CHILDREN = 50;

type Birth = Pick<Newborn, "gender" | "birthDate" | "multipleBirth">;

/** `2026-01` and `2026-01-05` may be the same day. */
const isOneDay = (one: string, other: string): boolean => one.startsWith(other) || other.startsWith(one);

/** Whether it is, or may be, the same child: children of one birth differ by their number, or without one by their sex. */
function isSameChild({ gender, birthDate = "", multipleBirthInteger: order }: Patient, born: Birth): boolean {
  if (birthDate === "" || !isOneDay(birthDate, born.birthDate)) return false;
  if (order !== undefined && born.multipleBirth !== undefined) return order === born.multipleBirth;
  // A second child has a number, even if the first was registered without one.
  return gender === born.gender && (born.multipleBirth ?? 1) === 1;
}

/** The record of the child, if it is registered already, `Patient/…`. */
export async function registeredChild(mother: Patient, born: Birth, { fhir }: Pick<WithFhir, "fhir">): Promise<string | undefined> {
  const links = mother.link?.flatMap(({ other: { reference = "" } }) => (reference.startsWith("RelatedPerson/") ? [reference] : [])) ?? [];
  const related = await Promise.all(links.slice(-MAX_CHILDREN).map((one) => fhir.read("RelatedPerson", splitReference(one)[1])));
  const references = related.flatMap((one) => (one as RelatedPerson | undefined)?.patient.reference ?? []);
  const children = await Promise.all(references.map((one) => fhir.read("Patient", splitReference(one)[1])));
  const child = children.find((one): one is Stored<Patient> => one !== undefined && !isClosed(one) && isSameChild(one, born));
  return child && `Patient/${child.id}`;
}
