/** Two records, line by line, with differences marked. One is kept; references to the other move to it. */
import type { Patient } from "../../../../../fhir/r4.ts";
import type { patients as patientsContract } from "../../../../patients/patients.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { KnownFirst } from "../../parts/known-first.ts";
import { Wide } from "../../parts/wide.ts";
import { actionsOf } from "../../platform/api.ts";
import { dateOf } from "../../platform/clock.ts";
import { useKept } from "../../platform/drafts.ts";
import { useLoad } from "../../platform/load.ts";
import { nameOf, otherNamesOf, sexOf } from "../../platform/names.ts";
import { detailFieldsOf, kinText } from "../../platform/person-details.ts";
import { listed, t } from "../../platform/texts.ts";

const patients = actionsOf<typeof patientsContract>("patients");

/** The compared lines: name, and value of a record. */
const LINES: [() => string, (patient: Patient) => string][] = [
  [() => t("person.name"), (one) => nameOf(one)],
  [() => t("person.otherNames"), (one) => listed(otherNamesOf(one))],
  [() => t("person.birthDate"), ({ birthDate }) => dateOf(birthDate)],
  [() => t("person.sex"), ({ gender }) => sexOf(gender)],
  [() => t("person.numbers"), ({ identifier = [] }) => listed(identifier.map(({ value }) => value))],
  [() => t("person.phone"), ({ telecom = [] }) => listed(telecom.map(({ value }) => value))],
  [() => t("person.address"), ({ address: [first] = [] }) => listed([first?.line?.join(" "), first?.city])],
  [() => t("person.mothersName"), (one) => detailFieldsOf(one).mothersName],
  [() => t("kin"), ({ contact = [] }) => listed(contact.map(kinText))],
];

interface SideProps {
  one: Patient;
  other: Patient;
  /** @param confirm the reason, if there are doubts */
  onMerge: (pair: { source: Patient; target: Patient }, confirm: string | undefined) => Promise<void>;
  onClose: () => void;
}

export function SideBySide({ one, other, onMerge, onClose }: SideProps) {
  const kept = `merge ${[one.id, other.id].sort().join(" ")}`;
  const [staying = "", setStaying] = useKept(kept, "staying", one.id);
  const [confirm, setConfirm] = useKept(kept, "confirm");
  const isOneKept = staying !== other.id;
  const [source, target] = isOneKept ? [other, one] : [one, other];
  const preview = useLoad(`preview ${source.id} ${target.id}`, () =>
    patients.merge({ source: `Patient/${source.id}`, target: `Patient/${target.id}`, preview: true }),
  );
  const doubts = preview.value?.doubts ?? [];
  const merge = () => onMerge({ source, target }, doubts.length > 0 ? confirm : undefined);
  const keep = (
    isOne: boolean,
  ) => html`<label class="choice"><input type="radio" name="kept" checked=${isOneKept === isOne} onChange=${() => setStaying((isOne ? one : other).id ?? "")} />
    ${t("records.keep")}<span class="visually-hidden"> ${nameOf(isOne ? one : other)}</span></label>`;
  return html`<${Dialog} title=${t("records.compare")} onClose=${onClose}>
    <div class="stack">
      <${Wide} label=${t("records.compare")}><table>
        <thead><tr><td></td><th scope="col">1</th><th scope="col">2</th></tr></thead>
        <tbody>${LINES.map(([name, line]) => {
          const [first, second] = [line(one), line(other)];
          return html`<tr key=${name()} class=${first === second ? "" : "differs"}><th scope="row">${name()} ${first !== second && html`<span class="tag warn">${t("records.differs")}</span>`}</th><td><bdi>${first}</bdi></td><td><bdi>${second}</bdi></td></tr>`;
        })}
        <tr><td></td><td>${keep(true)}</td><td>${keep(false)}</td></tr></tbody>
      </table><//>
      <${KnownFirst} key=${source.id} facts=${[preview]}>
        <p class="muted" role="status">${preview.value && t("records.preview", { n: preview.value.left })}</p>
        <${Form} send=${merge} submit=${t("records.merge")} draft=${kept}>
          ${(faultOf: (field: string) => string | undefined) =>
            doubts.length > 0 &&
            html`<ul class="not-known">${doubts.map((doubt) => html`<li key=${doubt}>${t(`merge.doubt.${doubt}`)}</li>`)}</ul>
            <${Field} label=${t("records.onePerson")} name="confirm" value=${confirm} onValue=${setConfirm} required fault=${faultOf("confirm")} />`}
        <//>
      <//>
    </div>
  <//>`;
}
