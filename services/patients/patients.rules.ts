import { intervalOf } from "../../fhir/dates.ts";
import type { Patient, Person, RelatedPerson } from "../../fhir/r4.ts";
import { localReference } from "../../federation/facts.ts";
import { refusal } from "../../mixins/fhir/rules/common.ts";
import { notDeletedUnder } from "../../mixins/fhir/rules/deletion.ts";
import { currentRecord } from "../../mixins/fhir/rules/one-person.ts";
import { patientRecordRules } from "../../mixins/fhir/rules/patient-record.ts";
import type { Change, Rule, RulesOf } from "../../mixins/fhir/rules/rule.ts";
import { seenNames } from "../../mixins/fhir/rules/seen-names.ts";
import { typed } from "../../fhir/typed.ts";

/** Tolerance for dates in the future, since the date differs between time zones. Milliseconds. */
const AHEAD_MS = 86_400_000;

const linked = (patient: Patient | undefined, kind: "replaced-by" | "replaces"): string[] =>
  patient?.link?.flatMap(({ type, other }) => (type === kind ? (localReference(other.reference) ?? []) : [])) ?? [];

/** The record that replaces this one by this change, and the one that no longer does. */
function replacedBy({ before, after }: Change<Patient>): { now?: string | undefined; before?: string | undefined } {
  const [[was], [is]] = [linked(before, "replaced-by"), linked(after, "replaced-by")];
  return was === is || !after ? {} : { now: is, before: was };
}

const link: Rule<Patient> = {
  id: "patient-link",
  group: "values",
  says: "A record is not replaced by itself, nor by a record that it has replaced. A replaced record stays replaced while the other record says that it replaces it.",
  facts: (change) => Object.values(replacedBy(change)),
  check(change, facts) {
    const { now: other, before } = replacedBy(change);
    const kept = typed<Patient>(facts.of(before)?.resource);
    // If the other record was replaced itself, this one may name the last.
    if (other === undefined && linked(kept, "replaces").includes(change.reference)) {
      return refusal("patient-link", `${before} has taken its place: undo the merge (patients.unmerge).`, "Patient.link");
    }
    if (other === undefined || (other !== change.reference && currentRecord(other, facts) !== change.reference)) return undefined;
    return refusal("patient-link", `${other} is this record, or was replaced by it: leave one of them in force.`, "Patient.link", 422);
  },
};

const dates: Rule<Patient> = {
  id: "patient-dates",
  group: "values",
  holdsAlways: true,
  says: "A birth or a death is not in the future, and a death is not before the birth.",
  check({ before, after, now }) {
    const [born, died] = [after?.birthDate, after?.deceasedDateTime];
    if (born === before?.birthDate && died === before?.deceasedDateTime) return undefined;
    const [birth = Number.NEGATIVE_INFINITY] = (born !== undefined && intervalOf(born)) || [];
    const [begin = Number.NEGATIVE_INFINITY, death = Number.POSITIVE_INFINITY] = (died !== undefined && intervalOf(died)) || [];
    const latest = now.getTime() + AHEAD_MS;
    if (birth > latest) return refusal("patient-dates", "The date of birth is in the future: correct it.", "Patient.birthDate", 422);
    if (begin > latest) return refusal("patient-dates", "The death is in the future: correct it.", "Patient.deceased", 422);
    if (death >= birth - AHEAD_MS) return undefined;
    return refusal("patient-dates", "The death is before the birth: correct one of them.", "Patient.deceased", 422);
  },
};

/** The rules of patients and their relatives. */
export const rules: RulesOf = {
  Patient: [
    notDeletedUnder<Patient>("Patient", "set Patient.active to false, or delete those first."),
    link,
    dates,
    seenNames<Patient>("Patient"),
  ],
  RelatedPerson: [...patientRecordRules("RelatedPerson"), seenNames<RelatedPerson>("RelatedPerson")],
  Person: [seenNames<Person>("Person")],
};
