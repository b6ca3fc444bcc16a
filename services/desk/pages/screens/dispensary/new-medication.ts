/** Adds a medication to the hospital's list, for deliveries and prescriptions: a FHIR Medication without a lot. */
import type { Medication } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { create, update } from "../../platform/api.ts";
import { HOSPITAL_CODES, type KnownCode } from "../../platform/known-codes.ts";
import { t } from "../../platform/texts.ts";
import { useKept } from "../../platform/drafts.ts";

/** Code systems of medications, with their common names. */
const SYSTEMS: readonly [system: string, name: string][] = [
  ["http://www.whocc.no/atc", "ATC"],
  ["http://www.nlm.nih.gov/research/umls/rxnorm", "RxNorm"],
  ["http://snomed.info/sct", "SNOMED CT"],
];

/** A code made from the name if none is known: "Paracetamol 500 mg" becomes PARACETAMOL-500-MG. */
const codeFrom = (name: string): string =>
  name
    .trim()
    .toUpperCase()
    .replaceAll(/[\s|]+/g, "-")
    .slice(0, 200);

interface NewProps {
  /** Existing medications: two with the same name could not be distinguished. */
  names: KnownCode[];
  onClose: () => void;
  onDone: () => void;
}

export function NewMedication({ names, onClose, onDone }: NewProps) {
  const kept = `new medication`;
  const [name, setName] = useKept(kept, "name");
  const [code, setCode] = useKept(kept, "code");
  const [system, setSystem] = useKept(kept, "system", HOSPITAL_CODES);
  const isThere = names.some(({ display }) => display.toLowerCase() === name.trim().toLowerCase());
  const send = async () => {
    const display = name.trim();
    const coding = code.trim() === "" ? { system: HOSPITAL_CODES, code: codeFrom(display) } : { system, code: code.trim() };
    const of: Medication = { resourceType: "Medication", status: "active", code: { coding: [{ ...coding, display }], text: display } };
    const criteria = new URLSearchParams({ code: `${coding.system}|${coding.code}`, "lot-number:missing": "true", status: "active" });
    const stored = await create<Medication>(of, `${criteria}`);
    say(t("medication.isNew", { name: display }), () => update<Medication>({ ...stored, status: "entered-in-error" }).then(onDone));
    onClose();
    onDone();
  };
  const choices: [string, string][] = [
    [HOSPITAL_CODES, t("medication.hospitalCode")],
    ...SYSTEMS.map(([one, known]): [string, string] => [one, known]),
  ];
  return html`<${Dialog} title=${t("medication.new")} onClose=${onClose}>
    <${Form} draft=${kept} send=${send} submit=${t("store")} onCancel=${onClose}>
      ${(
        faultOf: (field: string) => string | undefined,
      ) => html`<${Field} label=${t("medication.name")} name="medication-name" value=${name} onValue=${setName} required autofocus data-fault=${isThere ? t("medication.isThere") : ""} hint=${isThere ? t("medication.isThere") : t("medication.nameHint")} fault=${faultOf("name")} />
        <div class="fields">
          <${Field} label=${t("medication.code")} name="medication-code" value=${code} onValue=${setCode} hint=${t("medication.codeHint")} fault=${faultOf("code")} />
          <${Field} label=${t("medication.system")} name="medication-system" value=${system} onValue=${setSystem} options=${choices} />
        </div>`}
    <//>
  <//>`;
}
