/** A sheet for printing: hospital, title, patient, content, and when it was printed by whom. */
import type { Patient } from "../../../../fhir/r4.ts";
import { type Children, html } from "../html.ts";
import { Dotted } from "./dotted.ts";
import { momentOf, now } from "../platform/clock.ts";
import { linesOf, useOrganization } from "../platform/letterhead.ts";
import { person } from "../platform/sign-in.ts";
import { t } from "../platform/texts.ts";
import { PaperChoice, usePaper } from "./paper-choice.ts";
import { PersonLine } from "./person-line.ts";

interface SheetProps {
  title: string;
  /** Absent: it concerns no patient. */
  patient?: Patient | undefined;
  isBusy?: boolean;
  /** Has a line for a handwritten signature. */
  isSigned?: boolean;
  /** May also be printed on a roll. */
  hasRoll?: boolean;
  children?: Children;
}

export function Sheet({ title, patient, isBusy = false, isSigned = false, hasRoll = false, children }: SheetProps) {
  const { value: organization, isLoading } = useOrganization();
  const [paper, choose] = usePaper();
  const isWaiting = isBusy || isLoading;
  const printWhole = () => isWaiting || print(); // what is missing on paper is not asked for again
  const printed = t("print.at", { at: momentOf(new Date(now.value).toISOString()) });
  return html`${hasRoll && html`<${PaperChoice} paper=${paper} onChoose=${choose} />`}
  <div class=${hasRoll ? `print report ${paper}` : "print report"} aria-busy=${isWaiting}>
    ${organization && html`<p class="letterhead"><strong><bdi>${organization.name ?? ""}</bdi></strong>${linesOf(organization).map((line) => html`<br /><bdi key=${line}>${line}</bdi>`)}</p>`}
    <h3>${title}</h3>
    ${patient && html`<p class="whose"><${PersonLine} patient=${patient} /></p>`}
    ${children}
    ${isSigned && html`<p class="signature">${t("print.signature")}</p>`}
    <p class="printed"><${Dotted} of=${[printed, person.value?.name]} /></p>
  </div>
  <div class="buttons"><button type="button" class="main" autofocus aria-disabled=${isWaiting} onClick=${printWhole}>${t("print")}</button></div>`;
}
