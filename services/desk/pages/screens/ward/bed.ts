/** The content of a bed on the board. Each state has a word or a sign, not only a colour. */
import type { BoardBed, BoardPatient, BoardStay } from "../../../../wards/board.contract.ts";
import { html } from "../../html.ts";
import { Dotted } from "../../parts/dotted.ts";
import { sexOf } from "../../platform/names.ts";
import { joined, listed, spokenAs, t, tIfAny } from "../../platform/texts.ts";
import { calledIn, stateOf } from "./move.ts";
import { TransferTag } from "./transfer.ts";

/** Name, sex and age in one line. */
export function Who({ person }: { person: BoardPatient }) {
  const { age, sex, names = [] } = person;
  const facts = joined(sex && sexOf(sex), age && t(`age.${age.unit}`, { n: age.value }));
  return html`<span class="person"><strong><bdi lang=${spokenAs(calledIn(person))}>${calledIn(person)}</bdi></strong> ${names.length > 0 && html`<bdi class="muted" lang=${spokenAs(names.join())}>${joined(...names)}</bdi>${facts && html`<span class="muted">\u00a0·</span>`} `}<span class="muted nowrap">${facts}</span></span>`;
}

/** Pending work as signs, with words for screen readers. */
export function Waits({ stay: { waits, transfer } }: { stay: BoardStay }) {
  const shown = (["results", "doses", "requests"] as const).filter((part) => waits[part] > 0);
  return html`<${TransferTag} transfer=${transfer} />${shown.map((part) => html`<span key=${part} class="tag warn">${t(`waits.${part}`, { n: waits[part] })}</span> `)}`;
}

export function BedContent({ bed }: { bed: BoardBed }) {
  const { stay, attributes } = bed;
  return html`<span class="bed-head"><span class="bed-name">${bed.name}</span> <span class="muted">${listed(attributes.map((one) => tIfAny(`attribute.${one}`) ?? one))}</span>
      ${!stay && html`<span class="tag ${bed.status}">${stateOf(bed)}</span>`}</span>
    ${
      stay &&
      html`<span class="bed-who"><${Who} person=${stay} /></span>
      <span class="bed-why"><${Dotted} of=${[html`<span class="nowrap">${t("ward.day", { n: stay.days + 1 })}</span>`, stay.diagnosis]} /></span>
      <span class="bed-tags">
        ${stay.allergies.length > 0 && html`<span class="tag bad">⚠ ${listed(stay.allergies)}</span> `}
        ${stay.isolation && html`<span class="tag bad">⊘ ${stay.isolation}</span> `}
        ${stay.leave && html`<span class="tag">${t("encounter.status.onleave")}</span> `}
        <${Waits} stay=${stay} />
      </span>`
    }`;
}
