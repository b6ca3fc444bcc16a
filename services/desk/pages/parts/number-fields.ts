/** The fields of numbers by which a person is identified elsewhere (`platform/identity-numbers.ts`). */
import { NUMBER_KINDS, type NumberKind } from "../../../../fhir/identifier-systems.ts";
import type { NumberSystem } from "../../../patients/patients.contract.ts";
import { html } from "../html.ts";
import type { Draft } from "../platform/drafts.ts";
import { isNumber, numberLabel } from "../platform/identity-numbers.ts";
import type { Loaded } from "../platform/load.ts";
import { t } from "../platform/texts.ts";
import { Field } from "./field.ts";

interface NumberFieldsProps {
  /** Before the names of the fields in the document. */
  prefix: string;
  /** Those of the hospital. While they are being loaded, the fields are there already, so that nothing moves. */
  systems: Pick<Loaded<NumberSystem[]>, "value" | "isLoading">;
  /** The kinds that are shown. Default: all. */
  kinds?: readonly NumberKind[];
  values: Draft;
  onValue: (name: NumberKind, text: string) => void;
  faultOf?: (field: string) => string | undefined;
}

/** One field for each kind; a form with a number that cannot be right is not sent. */
export function NumberFields({ prefix, systems, kinds = NUMBER_KINDS, values, onValue, faultOf = () => undefined }: NumberFieldsProps) {
  const { value: known = [], isLoading } = systems;
  return kinds
    .filter((kind) => isLoading || known.some(({ type }) => type === kind))
    .map((kind) => {
      const value = values[kind] ?? "";
      const wrong = isNumber(value, kind, known) ? "" : t("error.IDENTIFIER_INVALID");
      return html`<${Field} key=${kind} label=${numberLabel(kind)} name=${`${prefix}${kind}`} value=${value}
        onValue=${(text: string) => onValue(kind, text)} fault=${faultOf(kind)} data-fault=${wrong} />`;
    });
}
