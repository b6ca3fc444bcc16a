import { intervalOf } from "../../fhir/dates.ts";
import type { Patient } from "../../fhir/r4.ts";
import { localReference } from "../../federation/facts.ts";
import { refusal } from "../../mixins/fhir/rules/common.ts";
import { notDeletedUnder } from "../../mixins/fhir/rules/deletion.ts";
import { currentRecord } from "../../mixins/fhir/rules/one-person.ts";
import type { Change, Rule, RulesOf } from "../../mixins/fhir/rules/rule.ts";

/** A date is another one elsewhere on earth. Milliseconds. */
const AHEAD_MS = 86_400_000;

/** The record that takes this one's place by this change. */
function newlyReplacedBy({ before, after }: Change<Patient>): string | undefined {
  const of = (patient: Patient | undefined) => localReference(patient?.link?.find(({ type }) => type === "replaced-by")?.other?.reference);
  const is = of(after);
  return is === of(before) ? undefined : is;
}

const link: Rule<Patient> = {
  id: "patient-link",
  group: "values",
  says: "A record is not replaced by itself, nor by one that it has taken the place of: nobody could be treated under either.",
  facts: (change) => [newlyReplacedBy(change)],
  check(change, facts) {
    const other = newlyReplacedBy(change);
    if (other === undefined || (other !== change.reference && currentRecord(other, facts) !== change.reference)) return undefined;
    return refusal("patient-link", `${other} is this record, or was replaced by it: leave one of them in force.`, "Patient.link", 422);
  },
};

const dates: Rule<Patient> = {
  id: "patient-dates",
  group: "values",
  holdsAlways: true,
  says: "Nobody is born or has died in the future, nor died before their birth.",
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

/** What holds for patients, whoever writes them. */
export const rules: RulesOf = {
  Patient: [notDeletedUnder<Patient>("Patient", "set Patient.active to false, or delete those first."), link, dates],
};
