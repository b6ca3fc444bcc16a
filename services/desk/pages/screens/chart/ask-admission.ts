/** Requests an admission: planned, as an emergency, or of a newborn with its mother. The wards see it on their boards. */
import { useState } from "preact/hooks";
import type { Encounter, Patient, RelatedPerson } from "../../../../../fhir/r4.ts";
import type { hospitalizations as hospitalizationsContract } from "../../../../hospitalizations/hospitalizations.contract.ts";
import type { wards as wardsContract } from "../../../../wards/wards.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { DateField } from "../../parts/date-field.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { KnownFirst } from "../../parts/known-first.ts";
import { Needs } from "../../parts/needs.ts";
import { say } from "../../parts/notices.ts";
import { NotKnown } from "../../parts/panel.ts";
import { PatientSearch } from "../../parts/patient-search.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf, Refused, search } from "../../platform/api.ts";
import { daysOld, startOf, today } from "../../platform/clock.ts";
import { useDraft } from "../../platform/drafts.ts";
import { useLoad } from "../../platform/load.ts";
import { nameOf } from "../../platform/names.ts";
import { leading, t } from "../../platform/texts.ts";

const stays = actionsOf<typeof hospitalizationsContract>("hospitalizations");
const wards = actionsOf<typeof wardsContract>("wards");
const KINDS = ["emergency", "planned", "newborn"] as const;
type Kind = (typeof KINDS)[number];
/** Age up to which a patient counts as newborn, days. */
const NEWBORN_DAYS = 28;

/** The mother of a newborn according to its registration; null if not registered. */
async function motherOf(child: Patient): Promise<Patient | null> {
  const { resources } = await search<RelatedPerson>("RelatedPerson", { patient: `Patient/${child.id}`, relationship: "MTH", _count: "1" });
  const [related] = resources;
  if (!related) return null;
  return (await search<Patient>("Patient", { link: `RelatedPerson/${related.id}`, _count: "1" })).resources[0] ?? null;
}

/** @throws Refused MOTHER_NOT_HERE */
async function stayOf(mother: Patient): Promise<string> {
  const query = { subject: `Patient/${mother.id}`, class: "IMP", status: "in-progress,onleave", _count: "1" };
  const [stay] = (await search<Encounter>("Encounter", query)).resources;
  if (!stay) throw new Refused(409, "MOTHER_NOT_HERE", "");
  return `Encounter/${stay.id}`;
}

export function AskAdmission({ patient, onClose }: { patient: Patient; onClose: () => void }) {
  const isNewborn = daysOld(patient.birthDate) < NEWBORN_DAYS;
  const kept = `admission.${patient.id}`;
  const { draft, set } = useDraft(kept, { kind: isNewborn ? "newborn" : "emergency", needs: "" });
  const { kind = "", reason = "", plannedFor = "", needs = "" } = draft.value;
  const registered = useLoad(`mother of ${patient.id}`, async () => (isNewborn ? motherOf(patient) : null));
  const [chosen, setMother] = useState<Patient | null | undefined>();
  const mother = chosen === undefined ? registered.value : chosen; // if she is not known, she can be searched by name
  const wanted = needs.split(",").filter(Boolean);
  const send = async () => {
    const { request } = await stays.request({
      patient: `Patient/${patient.id}`,
      kind: kind as Kind,
      ...(reason && { reason }),
      ...(kind === "planned" && plannedFor && { plannedFor: startOf(plannedFor) }),
      ...(kind === "newborn" && mother && { motherStay: await stayOf(mother) }),
      ...(wanted.length > 0 && { needs: wanted }),
    });
    say(t("admission.asked", { name: nameOf(patient) }), () => stays.deny({ request, reason: t("undo.reason") }));
    onClose();
  };
  const options = KINDS.map((one) => [one, t(`request.${one}`)] as const);
  return html`<${Dialog} title=${t("admission.ask")} onClose=${onClose}>
    <div class="stack">
    <${KnownFirst} facts=${[registered]}>
    ${kind === "newborn" && !mother && html`<${PatientSearch} id="admission-mother" label=${t("newborn.mother")} onPick=${setMother} />`}
    <${Form} draft=${kept} send=${send} submit=${t("admission.ask")} onCancel=${onClose} fieldOf=${{ MOTHER_NOT_HERE: "kind" }}>
      ${(faultOf: (field: string) => string | undefined) => html`<div class="fields">
        <${Field} label=${t("admission.kind")} name="admission-kind" value=${kind} onValue=${(chosen: string) => set("kind", chosen)} options=${options} fault=${faultOf("kind")} />
        <${Field} label=${t("reason")} name="admission-reason" value=${reason} onValue=${(text: string) => set("reason", text)} autofocus fault=${faultOf("reason")} />
        ${kind === "planned" && html`<${DateField} label=${t("admission.day")} name="admission-day" min=${today()} value=${plannedFor} onValue=${(text: string) => set("plannedFor", text)} fault=${faultOf("plannedFor")} />`}
      </div>
      ${
        kind === "newborn" &&
        mother &&
        html`<p>${leading("newborn.mother")} <${PersonLine} patient=${mother} /> <button type="button" class="quiet" onClick=${() => setMother(null)}>${t("admission.otherMother")}</button></p>`
      }
      <${Needs} legend=${t("admission.needs")} chosen=${wanted} onChoose=${(chosen: string[]) => set("needs", chosen.join())} />
      <${FreeBeds} needs=${needs} sex=${patient.gender} />`}
    <//>
    <//>
    </div>
  <//>`;
}

/** The number of suitable free beds. */
function FreeBeds({ needs, sex }: { needs: string; sex: string | undefined }) {
  const known: "male" | "female" | undefined = sex === "male" || sex === "female" ? sex : undefined;
  const asked = { ...(needs && { needs }), ...(known && { sex: known }) };
  const free = useLoad(`free beds ${JSON.stringify(asked)}`, () => wards.findBeds(asked));
  if (free.error?.status === 403 || free.error?.isAbsent) return null;
  return html`<${NotKnown} loaded=${free} />${free.value && html`<p class="hint" role="status">${t("beds.count", { n: free.value.length })}</p>`}`;
}
