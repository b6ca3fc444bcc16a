/** Records a dose: given after scanning wristband and package, or not given with a reason. */
import { useState } from "preact/hooks";
import type { MedicationRequest, Patient } from "../../../../../fhir/r4.ts";
import type { DoseOutcome, DueDose } from "../../../../pharmacy/doses.contract.ts";
import type { pharmacy as pharmacyContract } from "../../../../pharmacy/pharmacy.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { TimeField } from "../../parts/time-field.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf, Refused } from "../../platform/api.ts";
import { lastInstantOf, momentOf, timeOf } from "../../platform/clock.ts";
import { dueText } from "../../platform/medications.ts";
import { nameOf } from "../../platform/names.ts";
import { amountIn, requireOneWay } from "../../platform/numbers.ts";
import { joined, leading, listed, t } from "../../platform/texts.ts";
import { useKept } from "../../platform/drafts.ts";
import { typedIn } from "../../platform/shown-values.ts";
import { NotKnown, Partial } from "../../parts/panel.ts";
import { useLoad } from "../../platform/load.ts";
import { routeText } from "../../platform/routes.ts";
import { givenBy, LastGiven } from "./last-given.ts";

const pharmacy = actionsOf<typeof pharmacyContract>("pharmacy");
/** Refusals that can be overridden with a reason. */
const OVERRIDABLE = ["NOT_SCANNED", "DOSE_DIFFERS", "DOSE_OUT_OF_TIME", "WRONG_MEDICATION"];
/** Refusals by a limit of the prescription, which need a reason of their own. */
const BY_LIMIT = ["DOSE_TOO_EARLY", "DOSE_OVER_MAXIMUM"];

/** The field of a refusal. */
const FIELD_OF = {
  WRONG_PATIENT: "wristband",
  WRONG_MEDICATION: "packed",
  NO_AMOUNT: "dose",
  NOT_SCANNED: "why",
  DOSE_REASON_MISSING: "why",
  DOSE_DIFFERS: "why",
  DOSE_OUT_OF_TIME: "why",
  DOSE_TOO_EARLY: "limit",
  DOSE_OVER_MAXIMUM: "limit",
};

/** A dose to be recorded: one that is due, or the next one of a prescription without a schedule. */
export type DoseToNote = Omit<DueDose, "dueAt" | "isLate"> & { dueAt?: string; of?: MedicationRequest };

interface DoseProps {
  dose: DoseToNote;
  patient: Patient | undefined;
  /** Those that are known. */
  allergies: string[];
  /** In a chart, where each dialog names its patient. */
  isNamed?: boolean;
  onClose: () => void;
  onDone: () => void;
}

export function DoseDialog({ dose, patient, allergies, isNamed = false, onClose, onDone }: DoseProps) {
  const kept = `dose ${dose.prescription} ${dose.dueAt ?? ""}`;
  const [outcome, setOutcome] = useKept(kept, "outcome", "given");
  const [wristband, setWristband] = useState("");
  const [packed, setPacked] = useState("");
  const prescribed = dose.dose ? `${typedIn(dose.dose.value)} ${dose.dose.unit}` : "";
  const [given, setGiven] = useKept(kept, "given", prescribed);
  const [reason, setReason] = useKept(kept, "reason");
  const [time, setTime] = useKept(kept, "time");
  const [limitReason, setLimitReason] = useKept(kept, "limit");
  const [mayOverride, setMayOverride] = useState(false);
  const [isBeyond, setBeyond] = useState(false);
  const isGiven = outcome === "given";
  /** After a new scan, only a further refusal needs a reason. */
  const scan = (set: (text: string) => void) => (text: string) => {
    setMayOverride(false);
    set(text);
  };
  /** Another amount or time may be within the limits. */
  const measure = (set: (text: string) => void) => (text: string) => {
    setBeyond(false);
    scan(set)(text);
  };
  /** The dose that was given; as prescribed unless changed. */
  const doseGiven = () => {
    if (given.trim() === prescribed) return dose.dose;
    requireOneWay(given, "dose");
    const amount = amountIn(given);
    if (!amount) throw new Refused(422, "NO_AMOUNT", "");
    return amount;
  };
  /** Scanners end with Enter: the focus moves to the package. */
  const onWristbandKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || wristband === "" || packed !== "") return;
    event.preventDefault();
    document.getElementById("field-packed")?.focus();
  };
  const send = async () => {
    const scanned = isGiven && wristband && packed ? { scanned: { patient: wristband.trim(), medication: packed.trim() } } : {};
    const because = reason === "" || (isGiven && !mayOverride) ? {} : isGiven ? { override: reason } : { reason };
    try {
      const { administration } = await pharmacy.administer({
        prescription: dose.prescription,
        outcome: outcome as DoseOutcome,
        ...(dose.dueAt !== undefined && { due: dose.dueAt }),
        ...(time && { at: lastInstantOf(time) }),
        ...(isGiven && dose.dose && { dose: doseGiven() }),
        ...(isGiven && dose.route && { route: dose.route }),
        ...scanned,
        ...because,
        ...(isGiven && isBeyond && limitReason && { limitReason }),
      });
      const back = () => pharmacy.cancelAdministration({ administration, reason: t("undo.reason") }).then(onDone);
      say(t(`round.done.${outcome as DoseOutcome}`, { name: nameOf(patient) }), back);
    } catch (error) {
      if (error instanceof Refused && OVERRIDABLE.includes(error.type)) setMayOverride(true);
      if (error instanceof Refused && BY_LIMIT.includes(error.type)) setBeyond(true);
      throw error;
    }
    onClose();
    onDone();
  };
  const possible = dose.dueAt === undefined ? (["given", "refused"] as const) : (["given", "held", "refused", "missed"] as const);
  const outcomes = possible.map((one) => [one, t(`round.${one}`)] as const);
  return html`<${Dialog} title=${joined(dueText(dose), timeOf(dose.dueAt))} onClose=${onClose}>
    <div class="stack">
      <${Whom} dose=${dose} patient=${isNamed ? undefined : patient} allergies=${allergies} />
      <${Form} draft=${kept} send=${send} submit=${t("round.note")} onCancel=${onClose} fieldOf=${FIELD_OF}>
        ${(faultOf: (field: string) => string | undefined) => html`
          ${
            isGiven &&
            html`<div class="fields">
            <${Field} label=${t("round.wristband")} name="wristband" value=${wristband} onValue=${scan(setWristband)} onKeyDown=${onWristbandKey} autofocus fault=${faultOf("wristband")} />
            <${Field} label=${t("round.package")} name="packed" value=${packed} onValue=${scan(setPacked)} fault=${faultOf("packed")} />
            ${dose.dose && html`<${Field} label=${t("round.dose")} name="dose-given" value=${given} onValue=${measure(setGiven)} fault=${faultOf("dose")} required />`}
          </div>`
          }
          <div class="fields">
            <${Field} label=${t("round.outcome")} name="outcome" value=${outcome} onValue=${setOutcome} options=${outcomes} />
            <${TimeField} label=${t("round.at")} name="dose-time" value=${time} onValue=${measure(setTime)} textOf=${(typed: string) => momentOf(lastInstantOf(typed))} fault=${faultOf("at")} />
            ${(!isGiven || mayOverride) && html`<${Field} label=${isGiven ? t("round.override") : t("reason")} name="why" value=${reason} onValue=${setReason} fault=${faultOf("why")} required />`}
            ${isGiven && isBeyond && html`<${Field} label=${t("round.limitReason")} name="limit-reason" value=${limitReason} onValue=${setLimitReason} fault=${faultOf("limit")} required />`}
          </div>`}
      <//>
    </div>
  <//>`;
}

/** Who gets what, and what speaks against it. @param patient absent: the dialog says it already */
function Whom({ dose, patient, allergies }: Pick<DoseProps, "dose" | "patient" | "allergies">) {
  return html`${patient && html`<p><${PersonLine} patient=${patient} /></p>`}
    ${allergies.length > 0 && html`<p class="alert">⚠ ${leading("allergies")} ${listed(allergies)}</p>`}
    <p><bdi>${dose.of ? dose.dosage : joined(dose.dosage, routeText(dose.route))}</bdi></p>
    ${dose.of && html`<${LastDose} of=${dose.of} />`}`;
}

/** When it was given last, as it is known at this moment. */
function LastDose({ of }: { of: MedicationRequest }) {
  const given = useLoad(`given ${of.id}`, () => givenBy([of]));
  if (!given.value) return given.isLoading ? html`<p class="muted">${t("loading")}</p>` : html`<${NotKnown} loaded=${given} />`;
  return html`<${Partial} isPartial=${given.value.isPartial} /><p><${LastGiven} of=${of} given=${given.value.by.get(`MedicationRequest/${of.id}`) ?? []} /></p>`;
}
