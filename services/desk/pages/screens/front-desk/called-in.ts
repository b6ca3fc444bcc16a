/** Waiting patients are called in by who sees them: the attending physician of the visit, from then on. */
import { attendingOf } from "../../../../../fhir/open-encounters.ts";
import type { Encounter } from "../../../../../fhir/r4.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { update } from "../../platform/api.ts";
import { offers } from "../../platform/menu.ts";
import { person } from "../../platform/sign-in.ts";
import { takeBack } from "../../platform/taken-back.ts";
import { t } from "../../platform/texts.ts";

const TYPE = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";

/** Who sees the patient, and since when; undefined: the patient waits. */
export function seenBy(visit: Encounter): { who: string; since: string | undefined } | undefined {
  const attending = attendingOf(visit);
  return attending && { who: attending.individual?.display ?? "", since: attending.period?.start };
}

/** The Practitioner of the signed-in person, if this person calls patients in. */
export function whoCalls(): string | undefined {
  const { fhirUser = "" } = person.value ?? {};
  const reference = /Practitioner\/[^/]+$/.exec(fhirUser)?.[0];
  return offers("calls patients in") ? reference : undefined;
}

/** Calls a patient in; it can be undone. @param onDone called when the visit has changed */
export async function callIn(visit: Encounter, name: string, onDone: () => void): Promise<void> {
  const attending = {
    type: [{ coding: [{ system: TYPE, code: "ATND", display: "attender" }] }],
    period: { start: new Date().toISOString() },
    individual: { reference: whoCalls() ?? "", ...(person.value?.name && { display: person.value.name }) },
  };
  try {
    const stored = await update({ ...visit, participant: [...(visit.participant ?? []), attending] });
    say(t("queue.calledIn", { name }), () => takeBack(visit, stored).then(onDone));
  } catch (error) {
    sayFault(error);
  }
  onDone();
}
