/** The mother of a child who was born here, and the children of a mother: links to their records. */
import type { Patient, RelatedPerson } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { search } from "../../platform/api.ts";
import { ageOf, today } from "../../platform/clock.ts";
import { useLoad } from "../../platform/load.ts";
import { offers } from "../../platform/menu.ts";
import { nameOf, numberOf, sexOf } from "../../platform/names.ts";
import { replacedBy } from "../../platform/patients.ts";
import { hrefOf } from "../../platform/router.ts";
import { joined, leading, type TextKey } from "../../platform/texts.ts";

/** Age until which the mother is asked for, years. */
const GROWN_UP = 18;
/** Children of one mother that are shown. */
const MAX_CHILDREN = 20;

interface Relatives {
  mothers: Patient[];
  children: Patient[];
}

const isYoung = ({ birthDate = "" }: Patient): boolean => Number(today().slice(0, 4)) - Number(birthDate.slice(0, 4)) <= GROWN_UP;

/** The relatives at the child's end of a search for RelatedPersons, or at the mother's; records that were merged into others are left out. */
async function found(query: Record<string, string>): Promise<Patient[]> {
  const { included } = await search<RelatedPerson>("RelatedPerson", query);
  return included.filter((one): one is Patient => one.resourceType === "Patient" && !replacedBy(one));
}

async function relativesOf({ id, link = [], ...patient }: Patient): Promise<Relatives> {
  const linked = link.flatMap(({ other: { reference = "" } }) => (reference.startsWith("RelatedPerson/") ? [reference.slice(14)] : []));
  const ids = linked.slice(-MAX_CHILDREN).join(",");
  const [mothers, children] = await Promise.all([
    isYoung({ ...patient }) ? found({ patient: `Patient/${id}`, relationship: "MTH", _revinclude: "Patient:link" }) : [],
    ids === "" ? [] : found({ _id: ids, _count: `${MAX_CHILDREN}`, _include: "RelatedPerson:patient" }),
  ]);
  return { mothers, children };
}

/** Nothing, as long as there is nobody. */
export function Family({ patient }: { patient: Patient }) {
  const relatives = useLoad(`family ${patient.id} ${patient.link?.length}`, () => relativesOf(patient), 0, offers("see RelatedPerson"));
  const { mothers = [], children = [] } = relatives.value ?? {};
  const line = (of: Patient[], title: TextKey) =>
    of.length > 0 &&
    html`<p class="buttons"><span class="muted">${leading(title)}</span>${of.map(
      (one) =>
        html`<a key=${one.id} href=${hrefOf("chart", one.id)}>${joined(nameOf(one), title === "family.children" && sexOf(one.gender), one.birthDate && ageOf(one.birthDate), numberOf(one))}</a>`,
    )}</p>`;
  return html`${line(mothers, "newborn.mother")}${line(children, "family.children")}`;
}
