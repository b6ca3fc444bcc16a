/** The values that were entered for an order, as they are reviewed before the release. */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { DiagnosticReport, Observation } from "../../../../../fhir/r4.ts";
import type { LabReport, ReportLine } from "../../../../lab/bench.contract.ts";
import { html } from "../../html.ts";
import { findingOf, flagOf, FlagOf, rangeOf } from "../../parts/finding.ts";
import { search } from "../../platform/api.ts";
import { conceptOf, measureIn } from "../../platform/shown-values.ts";
import { testText } from "../../platform/test-names.ts";
import { t } from "../../platform/texts.ts";
import { unitOf } from "../../platform/units.ts";

/** One value as text. */
interface Entered {
  id: string;
  version: number;
  code: string;
  name: string;
  finding: string;
  flag: string | undefined;
  range: string;
}

/** What is reviewed. */
export interface Review {
  /** Version of the report; 0: nothing was entered. */
  version: number;
  values: Entered[];
  /** Codes of ordered tests without a value. */
  missing: string[];
  /** Whether it was entered in this dialog. */
  isOwn: boolean;
}

const rangeText = ({ range }: ReportLine): string =>
  range ? [range.low, range.high].map((end) => (end === undefined ? "" : measureIn(end))).join(" – ") : "";

/** What was just entered. @param system of the catalogue's codes */
export function reviewOf({ version, lines, missing }: LabReport, system: string): Review {
  const text = ({ value, digits }: ReportLine) => (typeof value === "number" ? measureIn(value, digits) : value);
  const values = lines.map((line) => ({
    id: line.observation,
    version: line.version,
    code: line.code,
    name: testText({ system, code: line.code, display: line.display }),
    finding: `${text(line)} ${unitOf(line.unit ?? "")}`,
    flag: line.flag,
    range: rangeText(line),
  }));
  return { version, values, missing, isOwn: true };
}

/** The newest report that a search finds, with its values. */
export async function reportWithValues(
  query: Record<string, string>,
): Promise<{ report: DiagnosticReport | undefined; values: Observation[] }> {
  const newest = { ...query, _include: "DiagnosticReport:result", _sort: "-issued", _count: "1" };
  const { resources, included } = await search<DiagnosticReport>("DiagnosticReport", newest);
  const results = new Map(included.map((one) => [`${one.resourceType}/${one.id}`, one as Observation]));
  const [report] = resources;
  return { report, values: (report?.result ?? []).flatMap(({ reference = "" }) => results.get(reference) ?? []) };
}

/** What was entered before, perhaps by another person. @param order "ServiceRequest/…" @param tests codes of what is ordered */
export async function reviewOfOrder(order: string, tests: string[]): Promise<Review> {
  const { report, values: found } = await reportWithValues({ "based-on": order, status: "preliminary" });
  const values = found.map((one) => ({
    id: `Observation/${one.id}`,
    version: Number(one.meta?.versionId),
    code: one.code.coding?.find(({ code = "" }) => tests.includes(code))?.code ?? "",
    name: conceptOf(one.code),
    finding: findingOf(one),
    flag: flagOf(one),
    range: rangeOf(one),
  }));
  return {
    version: Number(report?.meta?.versionId ?? 0),
    values,
    missing: tests.filter((code) => !values.some((one) => one.code === code)),
    isOwn: false,
  };
}

/** After they are entered the focus is here: one more Enter releases nothing. */
export function EnteredValues({ review: { values, isOwn } }: { review: Review }) {
  const table = useRef<HTMLTableElement>(null);
  useLayoutEffect(() => {
    if (!isOwn) return;
    table.current?.focus({ preventScroll: true });
    table.current?.scrollIntoView({ block: "start" }); // to be reviewed before the release, on a phone too
  }, [values]);
  return html`<table ref=${table} tabindex="-1" aria-label=${t("bench.report")}><tbody>${values.map(
    ({ id, name, finding, flag, range }) => html`<tr key=${id}><th scope="row"><bdi>${name}</bdi></th>
      <td class="figure"><bdi>${finding}</bdi> <${FlagOf} code=${flag} /></td><td class="muted nowrap"><bdi>${range}</bdi></td></tr>`,
  )}</tbody></table>`;
}
