/** Corrects a patient's details. Changes by others are not overwritten: both versions are shown to choose from. */
import type { Patient } from "../../../../../fhir/r4.ts";
import { namesInOrder } from "../../../../../fhir/shown-names.ts";
import { html } from "../../html.ts";
import { BirthDateField, birthDateOf } from "../../parts/birth-date-field.ts";
import { Dialog } from "../../parts/dialog.ts";
import { EditingOf } from "../../parts/editing.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { useRecordEditing } from "../../parts/record-editing.ts";
import { birthDateIn } from "../../platform/birth-date.ts";
import { dateOf, today } from "../../platform/clock.ts";
import { sexOf } from "../../platform/names.ts";
import { sexChoices } from "../../platform/choices.ts";
import type { Draft } from "../../platform/drafts.ts";
import { t } from "../../platform/texts.ts";

const FIELDS = ["family", "given", "birthDate", "gender", "phone"] as const;

const officialOf = ({ name }: Patient) => namesInOrder(name)[0];

/** The fields of a record. */
function fieldsOf(patient: Patient): Draft {
  const { family = "", given = [] } = officialOf(patient) ?? {};
  const phone = patient.telecom?.find(({ system }) => system === "phone")?.value ?? "";
  return { family, given: given.join(" "), birthDate: patient.birthDate ?? "", gender: patient.gender ?? "unknown", phone };
}

/** The non-empty lists: FHIR has no empty ones. */
const some = <Lists extends Record<string, unknown[]>>(lists: Lists): Partial<Lists> =>
  Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)) as Partial<Lists>;

/** The record with these fields; everything else is kept, also of unchanged names and telephone numbers. */
function withFields(patient: Patient, fields: Draft): Patient {
  const before = fieldsOf(patient);
  const isOther = (...names: (typeof FIELDS)[number][]) => names.some((name) => (fields[name] ?? "") !== before[name]);
  const official = officialOf(patient);
  const { text: _, given: _given, ...name } = official ?? {};
  const given = (fields["given"] ?? "").split(/\s+/).filter(Boolean);
  const renamed = { ...name, family: fields["family"] ?? "", ...some({ given }) };
  const names = official ? (patient.name ?? []).map((one) => (one === official ? renamed : one)) : [renamed];
  const known = patient.telecom?.find(({ system }) => system === "phone");
  const others = (patient.telecom ?? []).filter((one) => one !== known);
  const phone = { ...(known ?? { system: "phone" as const }), value: fields["phone"] ?? "" };
  const { birthDate, telecom, ...rest } = patient;
  return {
    ...rest,
    ...(!isOther("birthDate") && birthDate !== undefined && { birthDate }),
    ...(isOther("family", "given") && { name: names }),
    ...(isOther("birthDate") && fields["birthDate"] && { birthDate: birthDateOf(fields["birthDate"]) }),
    gender: fields["gender"] as NonNullable<Patient["gender"]>,
    ...some({ telecom: isOther("phone") ? [...(fields["phone"] ? [phone] : []), ...others] : (telecom ?? []) }),
  };
}

/** The value of a field as text. */
function textOf(name: string, value: string): string {
  if (name === "gender") return sexOf(value);
  return name === "birthDate" && birthDateIn(value, today()) ? dateOf(value) : value;
}

/** Normalizes a date of birth typed in words. */
const readOf = (typed: Draft): Draft =>
  typed["birthDate"] === undefined ? typed : { ...typed, birthDate: birthDateOf(typed["birthDate"]) };

export function DetailsDialog({ patient, onClose, onStored }: { patient: Patient; onClose: () => void; onStored: () => void }) {
  const editing = useRecordEditing({ of: patient, fieldsOf, withFields, readOf, onClose, onDone: onStored });
  const { fields, set } = editing;
  const labels = {
    family: t("person.family"),
    given: t("person.given"),
    birthDate: t("person.birthDate"),
    gender: t("person.sex"),
    phone: t("person.phone"),
  };
  const field = (name: (typeof FIELDS)[number], more: object = {}) =>
    html`<${Field} label=${labels[name]} name=${`details-${name}`} value=${fields[name] ?? ""} onValue=${(text: string) => set(name, text)} ...${more} />`;
  return html`<${Dialog} title=${t("chart.details")} onClose=${onClose}>
    <${EditingOf} editing=${editing} label=${t("chart.details")} labels=${labels} textOf=${textOf}>
      <${Form} send=${() => editing.send(t("details.stored"))} submit=${t("store")} onCancel=${editing.leave}>
        ${() => html`<div class="fields">${field("family", { required: true })}${field("given")}<${BirthDateField} label=${labels.birthDate} name="details-birthDate" value=${fields["birthDate"] ?? ""} onValue=${(text: string) => set("birthDate", text)} />${field("gender", { options: sexChoices() })}${field("phone", { type: "tel" })}</div>`}
      <//>
    <//>
  <//>`;
}
