/** A patient's details, put right. Who has changed them meanwhile is not overwritten: both versions are shown, and one chooses. */
import { useState } from "preact/hooks";
import type { Patient } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { BirthDateField, birthDateOf } from "../../parts/birth-date-field.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { read, Refused, update } from "../../platform/api.ts";
import { birthDateIn } from "../../platform/birth-date.ts";
import { dateOf, today } from "../../platform/clock.ts";
import { sexOf } from "../../platform/names.ts";
import { sexChoices } from "../../platform/choices.ts";
import { type Draft, useDraft } from "../../platform/drafts.ts";
import { takeBack } from "../../platform/taken-back.ts";
import { t } from "../../platform/texts.ts";
import { MergeView } from "../../parts/merge-view.ts";

const FIELDS = ["family", "given", "birthDate", "gender", "phone"] as const;

const officialOf = ({ name = [] }: Patient) => name.find(({ use }) => use === "official") ?? name[0];

/** The fields of a record. */
function fieldsOf(patient: Patient): Draft {
  const { family = "", given = [] } = officialOf(patient) ?? {};
  const phone = patient.telecom?.find(({ system }) => system === "phone")?.value ?? "";
  return { family, given: given.join(" "), birthDate: patient.birthDate ?? "", gender: patient.gender ?? "unknown", phone };
}

/** Lists that have something in them: FHIR has no empty one. */
const some = <Lists extends Record<string, unknown[]>>(lists: Lists): Partial<Lists> =>
  Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)) as Partial<Lists>;

/** The record with these fields; all else stays, of a name and a telephone that are as they were too. */
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

/** What was stored here last: the page may not have read it again when the next change is begun, and one's own is no other's. */
let last: Patient | undefined;

const isNewer = (one: Patient, other: Patient): boolean =>
  one.id === other.id && Number(one.meta?.versionId) > Number(other.meta?.versionId);

/** A field as people read it. */
function textOf(name: string, value: string): string {
  if (name === "gender") return sexOf(value);
  return name === "birthDate" && birthDateIn(value, today()) ? dateOf(value) : value;
}

/** See the head of this file. */
export function DetailsDialog({ patient, onClose, onStored }: { patient: Patient; onClose: () => void; onStored: () => void }) {
  const [found] = useState(last && isNewer(last, patient) ? last : patient); // as the person saw it when the dialog opened
  const [base, setBase] = useState<Draft>({});
  const [theirs, setTheirs] = useState<Patient | undefined>();
  const { draft, set, clear, basis } = useDraft(`details.${patient.id}`, fieldsOf(found), found.meta?.versionId);
  /** @param seen the version that what was typed is about */
  const store = async (record: Patient, fields: Draft, seen = record.meta?.versionId) => {
    let stored: Patient;
    try {
      stored = await update(withFields(record, fields), seen);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 412) throw error;
      const reference = `Patient/${patient.id}`;
      const now = await read<Patient>(reference);
      if (!theirs) {
        // As both have found it: typed before a reload, it is an older version.
        const before =
          seen === record.meta?.versionId ? record : await read<Patient>(`${reference}/_history/${seen}`).catch(() => undefined);
        setBase(before ? fieldsOf(before) : {});
      }
      return setTheirs(now);
    }
    last = stored;
    clear();
    // What others have changed before was theirs: only what these fields were is taken back, and only while nobody has changed it since.
    say(t("details.stored"), async () => {
      last = await takeBack({ ...withFields(stored, fieldsOf(record)), ...(record.meta && { meta: record.meta }) }, stored);
      onStored();
    });
    onStored();
    onClose();
  };
  const leave = () => {
    clear();
    onClose();
  };
  /** A day of birth that is typed in words is the same day. */
  const mine = { ...draft.value, birthDate: birthDateOf(draft.value["birthDate"] ?? "") };
  const labels = {
    family: t("person.family"),
    given: t("person.given"),
    birthDate: t("person.birthDate"),
    gender: t("person.sex"),
    phone: t("person.phone"),
  };
  const field = (name: (typeof FIELDS)[number], more: object = {}) =>
    html`<${Field} label=${labels[name]} name=${`details-${name}`} value=${draft.value[name] ?? ""} onValue=${(text: string) => set(name, text)} ...${more} />`;
  return html`<${Dialog} title=${t("chart.details")} onClose=${onClose}>
    ${
      theirs
        ? html`<${MergeView} label=${t("chart.details")} labels=${labels} textOf=${textOf} base=${base} mine=${mine} theirs=${fieldsOf(theirs)} onChosen=${(chosen: Draft) => store(theirs, chosen)} onCancel=${leave} />`
        : html`<${Form} send=${() => store(found, draft.value, basis())} submit=${t("store")} onCancel=${onClose}>
          ${() => html`<div class="fields">${field("family", { required: true })}${field("given")}<${BirthDateField} label=${labels.birthDate} name="details-birthDate" value=${draft.value["birthDate"] ?? ""} onValue=${(text: string) => set("birthDate", text)} />${field("gender", { options: sexChoices() })}${field("phone", { type: "tel" })}</div>`}
        <//>`
    }
  <//>`;
}
