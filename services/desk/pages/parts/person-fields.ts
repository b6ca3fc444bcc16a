/** The fields of what is noted of a person besides name, sex and birth (`platform/person-details.ts`). */
import { html } from "../html.ts";
import type { Draft } from "../platform/drafts.ts";
import { type Detail, relationChoices } from "../platform/person-details.ts";
import { joined, t } from "../platform/texts.ts";
import { Field } from "./field.ts";

/** The labels of the fields, each understood without the others. */
export const detailLabels = (): Record<Detail, string> => ({
  address: t("person.address"),
  postalCode: t("person.postalCode"),
  city: t("person.city"),
  mothersName: t("person.mothersName"),
  kinFamily: joined(t("kin"), t("person.family")),
  kinGiven: joined(t("kin"), t("person.given")),
  kinRelation: joined(t("kin"), t("kin.is")),
  kinPhone: joined(t("kin"), t("person.phone")),
});

interface PersonFieldsProps {
  /** Before the names of the fields in the document. */
  prefix: string;
  values: Draft;
  onValue: (name: Detail, text: string) => void;
  faultOf?: (field: string) => string | undefined;
}

/** Address, mother's name, next of kin, of whom the family name is required if anything else is noted. */
export function PersonFields({ prefix, values, onValue, faultOf = () => undefined }: PersonFieldsProps) {
  const field = (name: Detail, label: string, more: object = {}) =>
    html`<${Field} label=${label} name=${`${prefix}${name}`} value=${values[name] ?? ""} onValue=${(text: string) => onValue(name, text)} ...${more} />`;
  const hasKin = (["kinGiven", "kinRelation", "kinPhone"] as const).some((name) => values[name]?.trim());
  return html`${field("address", t("person.address"), { fault: faultOf("addresses[0].line[0]") })}
    <div class="fields">
      ${field("postalCode", t("person.postalCode"), { fault: faultOf("addresses[0].postalCode") })}
      ${field("city", t("person.city"), { fault: faultOf("addresses[0].city") })}
      ${field("mothersName", t("person.mothersName"), { fault: faultOf("mothersName") })}
    </div>
    <fieldset><legend>${t("kin")}</legend><div class="fields">
      ${field("kinFamily", t("person.family"), { required: hasKin, fault: faultOf("contacts[0].family") })}
      ${field("kinGiven", t("person.given"), { fault: faultOf("contacts[0].given[0]") })}
      ${field("kinRelation", t("kin.is"), { options: relationChoices() })}
      ${field("kinPhone", t("person.phone"), { type: "tel", fault: faultOf("contacts[0].phone") })}
    </div></fieldset>`;
}
