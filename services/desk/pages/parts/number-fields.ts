/** The fields of numbers by which a person is identified elsewhere (`platform/identity-numbers.ts`). */
import type { NumberKind } from "../../../../fhir/identifier-systems.ts";
import type { NumberSystem } from "../../../patients/patients.contract.ts";
import { html } from "../html.ts";
import type { Draft } from "../platform/drafts.ts";
import { isNumber, numberLabel } from "../platform/identity-numbers.ts";
import { t } from "../platform/texts.ts";
import { Field } from "./field.ts";

interface NumberFieldsProps {
  /** Before the names of the fields in the document. */
  prefix: string;
  systems: NumberSystem[];
  /** The kinds that are shown. Default: all that the hospital asks for. */
  kinds?: NumberKind[];
  values: Draft;
  onValue: (name: NumberKind, text: string) => void;
  faultOf?: (field: string) => string | undefined;
}

/** One field for each kind; a form with a number that cannot be right is not sent. */
export function NumberFields({ prefix, systems, kinds, values, onValue, faultOf = () => undefined }: NumberFieldsProps) {
  return systems
    .filter(({ type }) => kinds?.includes(type) ?? true)
    .map((system) => {
      const { type } = system;
      const value = values[type] ?? "";
      const wrong = isNumber(value, system, systems) ? "" : t("error.IDENTIFIER_INVALID");
      return html`<${Field} key=${type} label=${numberLabel(type)} name=${`${prefix}${type}`} value=${value}
        onValue=${(text: string) => onValue(type, text)} fault=${faultOf(type)} data-fault=${wrong} />`;
    });
}
