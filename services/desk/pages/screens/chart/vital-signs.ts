/** Records vital signs measured at one time: Observations according to R4's vital signs profiles (http://hl7.org/fhir/R4/observation-vitalsigns.html). */
import type { CodeableConcept, Observation, Quantity } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Form } from "../../parts/form.ts";
import { NumberField } from "../../parts/number-field.ts";
import { say } from "../../parts/notices.ts";
import { TimeField } from "../../parts/time-field.ts";
import { Refused, storeTogether } from "../../platform/api.ts";
import { lastInstantOf, momentOf } from "../../platform/clock.ts";
import { useDraft } from "../../platform/drafts.ts";
import { isolated, t, tIfAny } from "../../platform/texts.ts";
import { unitOf } from "../../platform/units.ts";

const LOINC = "http://loinc.org";
const UCUM = "http://unitsofmeasure.org";
const CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category";

/** A vital sign: its LOINC code, UCUM unit, and plausible range. */
interface Sign {
  code: string;
  display: string;
  unit: string;
  min: number;
  max: number;
  step: number;
}

const SIGNS: readonly Sign[] = [
  { code: "8310-5", display: "Body temperature", unit: "Cel", min: 20, max: 45, step: 0.1 },
  { code: "8867-4", display: "Heart rate", unit: "/min", min: 10, max: 350, step: 1 },
  { code: "9279-1", display: "Respiratory rate", unit: "/min", min: 1, max: 150, step: 1 },
  { code: "2708-6", display: "Oxygen saturation in Arterial blood", unit: "%", min: 20, max: 100, step: 1 },
  { code: "29463-7", display: "Body weight", unit: "kg", min: 0.2, max: 600, step: 0.01 },
  { code: "8302-2", display: "Body height", unit: "cm", min: 15, max: 270, step: 0.1 },
];
const SYSTOLIC: Sign = { code: "8480-6", display: "Systolic blood pressure", unit: "mm[Hg]", min: 20, max: 350, step: 1 };
const DIASTOLIC: Sign = { code: "8462-4", display: "Diastolic blood pressure", unit: "mm[Hg]", min: 10, max: 250, step: 1 };
const PRESSURE = { code: "85354-9", display: "Blood pressure panel with all children optional" };
/** Order of the fields: the blood pressure before what is counted. */
const IN_ORDER: readonly Sign[] = [...SIGNS.slice(0, 2), SYSTOLIC, DIASTOLIC, ...SIGNS.slice(2)];

/** Name of the time of measurement among the drafts of the values. */
const TIME = "time";

const conceptOf = ({ code, display }: { code: string; display: string }): CodeableConcept => ({
  coding: [{ system: LOINC, code, display }],
});
const quantityOf = ({ unit }: Sign, value: number): Quantity => ({ value, unit: unitOf(unit), system: UCUM, code: unit });

/** Where and when it was measured. */
interface Measured {
  /** "Patient/…" */
  patient: string;
  /** "Encounter/…", if there is one. */
  encounter: string | undefined;
  /** ISO 8601 */
  at: string;
}

/** One Observation per typed value; the two blood pressures share one. @param values what was typed, by code */
function observationsOf(values: Record<string, string>, { patient, encounter, at }: Measured): Observation[] {
  const typed = (sign: Sign) => (values[sign.code] ?? "").trim();
  const of = (code: CodeableConcept, what: Partial<Observation>): Observation => ({
    resourceType: "Observation",
    status: "final",
    category: [{ coding: [{ system: CATEGORY, code: "vital-signs", display: "Vital Signs" }] }],
    code,
    subject: { reference: patient },
    ...(encounter !== undefined && { encounter: { reference: encounter } }),
    effectiveDateTime: at,
    ...what,
  });
  const found = SIGNS.filter((sign) => typed(sign) !== "").map((sign) =>
    of(conceptOf(sign), { valueQuantity: quantityOf(sign, Number(typed(sign))) }),
  );
  if (typed(SYSTOLIC) === "") return found;
  const component = [SYSTOLIC, DIASTOLIC].map((sign) => ({ code: conceptOf(sign), valueQuantity: quantityOf(sign, Number(typed(sign))) }));
  return [...found, of(conceptOf(PRESSURE), { component })];
}

interface VitalSignsProps {
  /** "Patient/…" */
  patient: string;
  encounter: string | undefined;
  onClose: () => void;
  onDone: () => void;
}

export function VitalSigns({ patient, encounter, onClose, onDone }: VitalSignsProps) {
  const kept = `vitals.${patient}`;
  const { draft, set } = useDraft(kept);
  const isTyped = ({ code }: Sign) => (draft.value[code] ?? "").trim() !== "";
  const send = async () => {
    const { [TIME]: time = "" } = draft.value;
    const at = time === "" ? new Date().toISOString() : lastInstantOf(time);
    const observations = observationsOf(draft.value, { patient, encounter, at });
    if (observations.length === 0) throw new Refused(422, "NOTHING_MEASURED", "");
    const stored = await storeTogether({ made: observations });
    const taken = stored.map((one): Observation => ({ ...(one as Observation), status: "entered-in-error" }));
    say(t("vitals.noted", { n: observations.length }), () => storeTogether({ changed: taken }).then(onDone));
    onClose();
    onDone();
  };
  return html`<${Dialog} title=${t("vitals.note")} onClose=${onClose}>
    <${Form} draft=${kept} send=${send} submit=${t("vitals.note")} onCancel=${onClose} fieldOf=${{ NOTHING_MEASURED: SIGNS[0]?.code ?? "" }}>
      ${(faultOf: (field: string) => string | undefined) =>
        html`<div class="fields">${IN_ORDER.map(
          (sign, index) =>
            html`<${NumberField} key=${sign.code} label=${`${tIfAny(`vital.${sign.code}`) ?? sign.display} (${isolated(unitOf(sign.unit))})`} name=${`vital-${sign.code}`}
            min=${`${sign.min}`} max=${`${sign.max}`} step=${`${sign.step}`} value=${draft.value[sign.code] ?? ""} onValue=${(text: string) => set(sign.code, text)}
            required=${(sign === SYSTOLIC && isTyped(DIASTOLIC)) || (sign === DIASTOLIC && isTyped(SYSTOLIC))} autofocus=${index === 0} fault=${faultOf(sign.code)} />`,
        )}<${TimeField} label=${t("round.at")} name="vital-time" value=${draft.value[TIME] ?? ""} onValue=${(text: string) => set(TIME, text)} textOf=${(typed: string) => momentOf(lastInstantOf(typed))} /></div>`}
    <//>
  <//>`;
}
