/** Registers unidentified patients, and newborns. */
import { useState } from "preact/hooks";
import type { Patient } from "../../../../../fhir/r4.ts";
import type { Gender, patients as patientsContract } from "../../../../patients/patients.contract.ts";
import { html } from "../../html.ts";
import { BirthDateField, birthDateOf } from "../../parts/birth-date-field.ts";
import { DateField } from "../../parts/date-field.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { PatientSearch } from "../../parts/patient-search.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf } from "../../platform/api.ts";
import { today } from "../../platform/clock.ts";
import { sexChoices } from "../../platform/choices.ts";
import { leading, t } from "../../platform/texts.ts";
import { useKept } from "../../platform/drafts.ts";

const patients = actionsOf<typeof patientsContract>("patients");

type FaultOf = (field: string) => string | undefined;
interface SpecialProps {
  onRegistered: (reference: string) => void;
}

/** Under a temporary name and number. */
export function Unknown({ onRegistered }: SpecialProps) {
  const kept = `register unknown`;
  const [gender, setGender] = useKept(kept, "gender", "unknown");
  const [birthDate, setBirthDate] = useKept(kept, "birthDate");
  const send = async () => {
    const { patient, identifier } = await patients.registerUnknown({
      gender: gender as Gender,
      ...(birthDate && { birthDate: birthDateOf(birthDate) }),
    });
    say(t("register.numbered", { number: identifier.value }));
    onRegistered(patient);
  };
  return html`<${Form} draft=${kept} send=${send} submit=${t("register.submit")} label=${t("register.unknown")}>
    ${(faultOf: FaultOf) => html`<div class="fields">
      <${Field} label=${t("person.sex")} name="unknown-gender" value=${gender} onValue=${setGender} options=${sexChoices()} fault=${faultOf("gender")} />
      <${BirthDateField} label=${t("person.birthYear")} name="unknown-birthDate" value=${birthDate} onValue=${setBirthDate} fault=${faultOf("birthDate")} />
    </div>`}
  <//>`;
}

/** A number for each child of one birth; the first choice is an only child. */
const orderChoices = (): [string, string][] => [
  ["", t("newborn.only")],
  ...[1, 2, 3, 4, 5, 6].map((n): [string, string] => [`${n}`, `${n}`]),
];

/** With the mother. */
export function Newborn({ onRegistered }: SpecialProps) {
  const [mother, setMother] = useState<Patient | undefined>();
  if (!mother) return html`<${PatientSearch} id="mother" label=${t("newborn.mother")} onPick=${setMother} />`;
  return html`<${NewbornOf} key=${mother.id} mother=${mother} onRegistered=${onRegistered} onCancel=${() => setMother(undefined)} />`;
}

function NewbornOf({ mother, onRegistered, onCancel }: SpecialProps & { mother: Patient; onCancel: () => void }) {
  const kept = `register newborn ${mother.id}`;
  const [gender, setGender] = useKept(kept, "gender", "unknown");
  const [given, setGiven] = useKept(kept, "given");
  const [birthDate, setBirthDate] = useKept(kept, "birthDate", today());
  const [order, setOrder] = useKept(kept, "order");
  const send = async () => {
    const names = given.trim().split(/\s+/).filter(Boolean);
    const { patient, identifier } = await patients.registerNewborn({
      mother: `Patient/${mother.id}`,
      gender: gender as Gender,
      birthDate,
      ...(order && { multipleBirth: Number(order) }),
      ...(names.length > 0 && { given: names }),
    });
    say(t("register.numbered", { number: identifier.value }));
    onRegistered(patient);
  };
  return html`<p>${leading("newborn.mother")} <${PersonLine} patient=${mother} /></p>
    <${Form} draft=${kept} send=${send} submit=${t("register.submit")} onCancel=${onCancel} label=${t("register.newborn")} fieldOf=${{ MOTHER_NOT_ACTIVE: "mother", BORN_BEFORE_MOTHER: "birthDate", CHILD_ALREADY_REGISTERED: "multipleBirth" }}>
      ${(faultOf: FaultOf) => html`<div class="fields">
        <${Field} label=${t("person.sex")} name="newborn-gender" value=${gender} onValue=${setGender} options=${sexChoices()} fault=${faultOf("gender")} />
        <${DateField} label=${t("person.birthDate")} name="newborn-birthDate" value=${birthDate} onValue=${setBirthDate} max=${today()} required fault=${faultOf("birthDate")} />
        <${Field} label=${t("newborn.order")} name="newborn-order" value=${order} onValue=${setOrder} options=${orderChoices()} fault=${faultOf("multipleBirth")} />
        <${Field} label=${t("newborn.given")} name="newborn-given" value=${given} onValue=${setGiven} fault=${faultOf("given")} />
      </div>`}
    <//>`;
}
