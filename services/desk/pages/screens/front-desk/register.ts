/** Registers a patient: records that may be of the same person are shown beside the form while it is filled in. */
import { useEffect, useState } from "preact/hooks";
import { NUMBER_KINDS, type NumberKind } from "../../../../../fhir/identifier-systems.ts";
import type { Patient } from "../../../../../fhir/r4.ts";
import type { GradedPatient, NumberSystem, patients as patientsContract, Registration } from "../../../../patients/patients.contract.ts";
import { html } from "../../html.ts";
import { BirthDateField, birthDateOf } from "../../parts/birth-date-field.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { NumberFields } from "../../parts/number-fields.ts";
import { PersonFields } from "../../parts/person-fields.ts";
import { actionsOf, readAll, Refused } from "../../platform/api.ts";
import { sexChoices } from "../../platform/choices.ts";
import { type Draft, useDraft } from "../../platform/drafts.ts";
import { identifiersIn, numberSystems, useNumberSystems } from "../../platform/identity-numbers.ts";
import { DETAILS, type Detail, detailsIn } from "../../platform/person-details.ts";
import { t } from "../../platform/texts.ts";
import { type Candidate, Candidates, CandidatesLink } from "./candidates.ts";
import { Newborn, Unknown } from "./special.ts";

const patients = actionsOf<typeof patientsContract>("patients");
/** Pause in typing after which candidates are requested, milliseconds. */
const PAUSE_MS = 300;

const words = (text: string) => text.trim().split(/\s+/).filter(Boolean);

/** The typed fields as parameters of the action. */
function described(fields: Draft, systems: NumberSystem[]) {
  const { family = "", given: typed = "", oneName, birthDate, gender, phone, otherFamily, otherGiven = "", ...more } = fields;
  const given = oneName ? "" : typed;
  const identifiers = identifiersIn(fields, systems);
  return {
    ...(family.trim() && { family: family.trim() }),
    ...(words(given).length > 0 && { given: words(given) }),
    ...(birthDate && { birthDate: birthDateOf(birthDate) }),
    ...(gender && { gender: gender as Registration["gender"] }),
    ...(phone && { phone: phone.trim() }),
    ...(otherFamily?.trim() && { otherNames: [{ family: otherFamily.trim(), given: oneName ? [] : words(otherGiven) }] }),
    ...(identifiers.length > 0 && { identifiers }),
    ...detailsIn(more),
  };
}

async function graded(found: GradedPatient[]): Promise<Candidate[]> {
  const records = await readAll<Patient>(found.map(({ patient }) => patient));
  return found.map((one) => ({ ...one, record: records.get(one.patient) }));
}

function useCandidates(draft: Draft, systems: NumberSystem[]): Candidate[] {
  const [found, setFound] = useState<Candidate[]>([]);
  const person = described(draft, systems);
  const key = JSON.stringify(person);
  useEffect(() => {
    if (person.family === undefined && person.phone === undefined && !person.identifiers) return setFound([]);
    let isOver = false;
    const ask = async () => {
      const all = await graded(await patients.candidates({ ...person, limit: 5 }));
      if (!isOver) setFound(all);
    };
    const timer = setTimeout(() => ask().catch(() => {}), PAUSE_MS); // only a help: registering checks again
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [key]);
  return found;
}

interface RegisterProps {
  onRegistered: (reference: string) => void;
  onFound: (patient: Patient) => void;
}

/** The three ways of registering. */
export function Register({ onRegistered, onFound }: RegisterProps) {
  const [kind, setKind] = useState<"known" | "unknown" | "newborn">("known");
  return html`<div class="tabs" role="group" aria-label=${t("register")}>
      ${(["known", "unknown", "newborn"] as const).map(
        (one) =>
          html`<button key=${one} type="button" aria-pressed=${kind === one} onClick=${() => setKind(one)}>${t(`register.${one}`)}</button>`,
      )}
    </div>
    ${kind === "known" && html`<${Known} onRegistered=${onRegistered} onFound=${onFound} />`}
    ${kind === "unknown" && html`<${Unknown} onRegistered=${onRegistered} />`}
    ${kind === "newborn" && html`<${Newborn} onRegistered=${onRegistered} />`}`;
}

function Known({ onRegistered, onFound }: RegisterProps) {
  const { draft, set, clear } = useDraft("register");
  const [similar, setSimilar] = useState<Candidate[] | undefined>();
  const systems = useNumberSystems();
  const candidates = useCandidates(draft.value, systems.value ?? []);
  const value = (name: string) => draft.value[name] ?? "";
  const send = async () => {
    const { confirm } = draft.value;
    try {
      const hasNumbers = NUMBER_KINDS.some((kind) => value(kind).trim() !== "");
      const person = described(draft.value, hasNumbers ? await numberSystems() : []) as Registration;
      const { patient } = await patients.register({ ...person, ...(similar && confirm && { confirm }) });
      clear();
      say(t("register.done"));
      onRegistered(patient);
    } catch (error) {
      const found =
        error instanceof Refused && error.type === "POSSIBLE_DUPLICATE" ? (error.data["candidates"] as GradedPatient[]) : undefined;
      if (found) setSimilar(await graded(found));
      throw error;
    }
  };
  /** After a change of the description, a confirmation that it is another person no longer applies: candidates are requested again. */
  const describe = (name: string, text: string) => {
    setSimilar(undefined);
    set("confirm", "");
    set(name, text);
  };
  const hasOneName = value("oneName") !== "";
  const [hasMore] = useState(() => [...DETAILS, "MB", "PPN"].some((name) => value(name) !== ""));
  const numbers = (kinds: NumberKind[], faultOf: (field: string) => string | undefined) =>
    html`<${NumberFields} prefix="" kinds=${kinds} systems=${systems} values=${draft.value} onValue=${describe} faultOf=${faultOf} />`;
  const field = (name: string, label: string, more: object = {}) =>
    html`<${Field} label=${label} name=${name} value=${value(name)} onValue=${(text: string) => describe(name, text)} ...${more} />`;
  const fieldOf = { POSSIBLE_DUPLICATE: "confirm", ...(value("NI") && { PATIENT_ALREADY_REGISTERED: "NI" }) };
  return html`<${Form} send=${send} submit=${t("register.submit")} label=${t("register.known")} fieldOf=${fieldOf}>
      ${(faultOf: (field: string) => string | undefined) => html`<div class="fields">
        ${field("family", t("person.family"), { required: true, fault: faultOf("family") })}
        ${!hasOneName && field("given", t("person.given"), { required: true, fault: faultOf("given") })}
        <${BirthDateField} label=${t("person.birthDate")} name="birthDate" value=${value("birthDate")} onValue=${(text: string) => describe("birthDate", text)} fault=${faultOf("birthDate")} />
        ${field("gender", t("person.sex"), { required: true, fault: faultOf("gender"), options: [["", t("choose")], ...sexChoices()] })}
        ${field("phone", t("person.phone"), { type: "tel", fault: faultOf("phone") })}
        ${numbers(["NI"], faultOf)}
      </div>
      <div class="fields">
        ${field("otherFamily", t("person.otherFamily"), { fault: faultOf("otherNames[0].family") })}
        ${!hasOneName && field("otherGiven", t("person.otherGiven"), { fault: faultOf("otherNames[0].given") })}
      </div>
      <label class="choice"><input type="checkbox" name="oneName" checked=${hasOneName} onChange=${() => describe("oneName", hasOneName ? "" : "yes")} /> ${t("register.oneName")}</label>
      <details open=${hasMore}><summary>${t("person.more")}</summary><div class="stack">
        <div class="fields">${numbers(["MB", "PPN"], faultOf)}</div>
        <${PersonFields} prefix="" values=${draft.value} onValue=${(name: Detail, text: string) => describe(name, text)} faultOf=${faultOf} />
      </div></details>
      ${similar && field("confirm", t("register.confirm"), { fault: faultOf("confirm"), onValue: (text: string) => set("confirm", text) })}
      <${CandidatesLink} candidates=${similar ?? candidates} />`}
    <//>
    <${Candidates} candidates=${similar ?? candidates} onPick=${(one: Patient) => {
      clear();
      onFound(one);
    }} />`;
}
