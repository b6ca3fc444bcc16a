/** Corrects a patient's details. Changes by others are not overwritten: both versions are shown to choose from. */
import { NUMBER_KINDS, type NumberKind } from "../../../../../fhir/identifier-systems.ts";
import type { HumanName, Patient } from "../../../../../fhir/r4.ts";
import { isFormer, namesInOrder } from "../../../../../fhir/shown-names.ts";
import { html } from "../../html.ts";
import { BirthDateField, birthDateOf } from "../../parts/birth-date-field.ts";
import { Dialog } from "../../parts/dialog.ts";
import { EditingOf } from "../../parts/editing.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { NumberFields } from "../../parts/number-fields.ts";
import { detailLabels, PersonFields } from "../../parts/person-fields.ts";
import { useRecordEditing } from "../../parts/record-editing.ts";
import { birthDateIn } from "../../platform/birth-date.ts";
import { dateOf, today } from "../../platform/clock.ts";
import { sexOf } from "../../platform/names.ts";
import { sexChoices } from "../../platform/choices.ts";
import type { Draft } from "../../platform/drafts.ts";
import { identifiersWith, numberFieldsOf, numberLabel, useNumberSystems } from "../../platform/identity-numbers.ts";
import { type Detail, DETAILS, detailFieldsOf, relationChoices, some, withDetails } from "../../platform/person-details.ts";
import { t } from "../../platform/texts.ts";
import type { NumberSystem } from "../../../../patients/patients.contract.ts";

const FIELDS = ["family", "given", "birthDate", "gender", "phone", "otherFamily", "otherGiven", ...NUMBER_KINDS, ...DETAILS] as const;

const officialOf = ({ name }: Patient) => namesInOrder(name)[0];
/** The name in another script: the first of the present names besides the official one. */
const otherOf = ({ name }: Patient) =>
  namesInOrder(name)
    .slice(1)
    .find((one) => !isFormer(one) && one.use !== "temp");

/** The fields of a record. */
function fieldsOf(patient: Patient, systems: NumberSystem[]): Draft {
  const { family = "", given = [] } = officialOf(patient) ?? {};
  const { family: otherFamily = "", given: otherGiven = [] } = otherOf(patient) ?? {};
  const phone = patient.telecom?.find(({ system }) => system === "phone")?.value ?? "";
  return {
    family,
    given: given.join(" "),
    birthDate: patient.birthDate ?? "",
    gender: patient.gender ?? "unknown",
    phone,
    otherFamily,
    otherGiven: otherGiven.join(" "),
    ...numberFieldsOf(patient, systems),
    ...detailFieldsOf(patient),
  };
}

/** A name with these parts, whatever else is known of it. */
function renamed(name: HumanName | undefined, family: string, given: string): HumanName {
  const { text: _, given: _given, ...rest } = name ?? {};
  return { ...rest, family, ...some({ given: given.split(/\s+/).filter(Boolean) }) };
}

/** The names with these fields; one that is not changed stays as it is, and an empty other one is left out. */
function namesWith(patient: Patient, fields: Draft, isOther: (...names: (typeof FIELDS)[number][]) => boolean): HumanName[] {
  const [official, other] = [officialOf(patient), otherOf(patient)];
  const { family = "", given = "", otherFamily = "", otherGiven = "" } = fields;
  const rest = (patient.name ?? []).filter((one) => one !== official && one !== other);
  const first = isOther("family", "given") || !official ? renamed(official, family, given) : official;
  const second = isOther("otherFamily", "otherGiven")
    ? otherFamily.trim() && renamed(other ?? { use: "usual" }, otherFamily.trim(), otherGiven)
    : other;
  return [first, ...(second ? [second] : []), ...rest];
}

/** The record with these fields; everything else is kept, also of unchanged names and telephone numbers. */
function withFields(patient: Patient, fields: Draft, systems: NumberSystem[]): Patient {
  const before = fieldsOf(patient, systems);
  const isOther = (...names: (typeof FIELDS)[number][]) => names.some((name) => (fields[name] ?? "") !== before[name]);
  const known = patient.telecom?.find(({ system }) => system === "phone");
  const others = (patient.telecom ?? []).filter((one) => one !== known);
  const phone = { ...(known ?? { system: "phone" as const }), value: fields["phone"] ?? "" };
  const { birthDate, telecom, identifier: _, ...rest } = withDetails(patient, fields);
  return {
    ...rest,
    ...(!isOther("birthDate") && birthDate !== undefined && { birthDate }),
    ...(isOther("family", "given", "otherFamily", "otherGiven") && { name: namesWith(patient, fields, isOther) }),
    ...(isOther("birthDate") && fields["birthDate"] && { birthDate: birthDateOf(fields["birthDate"]) }),
    gender: fields["gender"] as NonNullable<Patient["gender"]>,
    ...some({ identifier: identifiersWith(patient, fields, systems) }),
    ...some({ telecom: isOther("phone") ? [...(fields["phone"] ? [phone] : []), ...others] : (telecom ?? []) }),
  };
}

/** The value of a field as text. */
function textOf(name: string, value: string): string {
  if (name === "gender") return sexOf(value);
  if (name === "kinRelation") return relationChoices().find(([code]) => code !== "" && code === value)?.[1] ?? "";
  return name === "birthDate" && birthDateIn(value, today()) ? dateOf(value) : value;
}

/** Normalizes a date of birth typed in words. */
const readOf = (typed: Draft): Draft =>
  typed["birthDate"] === undefined ? typed : { ...typed, birthDate: birthDateOf(typed["birthDate"]) };

interface DetailsProps {
  patient: Patient;
  onClose: () => void;
  onStored: () => void;
}

/** The form appears when it is known which numbers the hospital asks for, or that this is not to be known now. */
export function DetailsDialog(props: DetailsProps) {
  const { value, isLoading } = useNumberSystems();
  return html`<${Dialog} title=${t("chart.details")} onClose=${props.onClose}>
    ${isLoading ? html`<p class="muted" role="status" aria-busy="true">${t("loading")}</p>` : html`<${Details} ...${props} systems=${value ?? []} />`}
  <//>`;
}

function Details({ patient, onClose, onStored, systems }: DetailsProps & { systems: NumberSystem[] }) {
  const editing = useRecordEditing({
    of: patient,
    fieldsOf: (one) => fieldsOf(one, systems),
    withFields: (one, fields) => withFields(one, fields, systems),
    readOf,
    onClose,
    onDone: onStored,
  });
  const { fields, set } = editing;
  const labels = {
    family: t("person.family"),
    given: t("person.given"),
    birthDate: t("person.birthDate"),
    gender: t("person.sex"),
    phone: t("person.phone"),
    otherFamily: t("person.otherFamily"),
    otherGiven: t("person.otherGiven"),
    ...(Object.fromEntries(NUMBER_KINDS.map((kind) => [kind, numberLabel(kind)])) as Record<NumberKind, string>),
    ...detailLabels(),
  };
  const field = (name: Exclude<(typeof FIELDS)[number], Detail | NumberKind>, more: object = {}) =>
    html`<${Field} label=${labels[name]} name=${`details-${name}`} value=${fields[name] ?? ""} onValue=${(text: string) => set(name, text)} ...${more} />`;
  return html`<${EditingOf} editing=${editing} label=${t("chart.details")} labels=${labels} textOf=${textOf}>
      <${Form} send=${() => editing.send(t("details.stored"))} submit=${t("store")} onCancel=${editing.leave}>
        ${() => html`<div class="fields">${field("family", { required: true })}${field("given")}<${BirthDateField} label=${labels.birthDate} name="details-birthDate" value=${fields["birthDate"] ?? ""} onValue=${(text: string) => set("birthDate", text)} />${field("gender", { options: sexChoices() })}${field("phone", { type: "tel" })}<${NumberFields} prefix="details-" systems=${{ value: systems, isLoading: false }} values=${fields} onValue=${set} /></div>
          <div class="fields">${field("otherFamily", { required: Boolean(fields["otherGiven"]?.trim()) })}${field("otherGiven")}</div>
          <${PersonFields} prefix="details-" values=${fields} onValue=${set} />`}
      <//>
    <//>`;
}
