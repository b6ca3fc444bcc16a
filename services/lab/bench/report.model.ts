/** Entry and release of an order's results. Plain data in, plain data out; time is passed in. */
import { numberOf } from "../../../fhir/json.ts";
import type { Annotation, Coding, DiagnosticReport, Observation, ServiceRequest } from "../../../fhir/r4.ts";
import { type MeasuredNumber, readMeasuredNumber } from "../../../fhir/typed-number.ts";
import { placeOf } from "../../../mixins/fhir/rules/common.ts";
import { versionOf } from "../../../mixins/fhir/write-steps.ts";
import {
  type Catalogue,
  type CatalogueTest,
  CRITICAL,
  type CriticalValue,
  type Entered,
  type LabReport,
  type ReportLine,
} from "../bench.contract.ts";
import { notCritical, notOrdered, nothingEntered, numberUnclear, orderNotActive, resultsMissing, unitDiffers } from "../lab.errors.ts";
import { CATEGORY, LAB_REPORT } from "../lab.model.ts";
import { codingOf, orderedIn, testsOf } from "./catalogue.ts";
import { alerting, interpreted, isTagged, tagged } from "./interpretation.ts";
import { flagIn, foundIn, isCritical, type SexAndAge, valueIn } from "./measured-values.ts";

type WithId<Of> = Of & { id: string };

/** An order with its results so far. */
export interface Case {
  order: WithId<ServiceRequest>;
  /** Absent: nothing has been entered. */
  report?: WithId<DiagnosticReport>;
  observations: WithId<Observation>[];
}

/** The person at work, and the times. */
export interface Moment {
  now: Date;
  /** Time of the measurement. */
  found: Date;
  /** "Practitioner/…" */
  performer?: string;
}

/** The code that was ordered. */
export const orderedCode = (catalogue: Catalogue, { code }: ServiceRequest): string => orderedIn(catalogue, code)?.code ?? "";

/** The code of a result. */
const codeOf = ({ code }: Observation): string => code.coding?.[0]?.code ?? "";

/** The test of a value. @throws 409 NOT_ORDERED, UNIT_DIFFERS */
function testFor(catalogue: Catalogue, order: WithId<ServiceRequest>, { code, unit }: Entered): CatalogueTest {
  const test = testsOf(catalogue, orderedCode(catalogue, order)).find((it) => it.code === code);
  if (!test) throw notOrdered(`ServiceRequest/${order.id}`);
  if (unit !== undefined && unit !== test.unit) throw unitDiffers(`ServiceRequest/${order.id}`);
  return test;
}

/**
 * The preliminary report with these values, which are new or replace earlier ones.
 * @param newId makes ids
 * @throws 409 ORDER_NOT_ACTIVE, NOT_ORDERED, UNIT_DIFFERS
 */
export function enter(
  { order, report, observations }: Case,
  given: { results: Entered[]; specimen?: string; person: SexAndAge; catalogue: Catalogue; newId(): string },
  { now, found, performer }: Moment,
): Required<Omit<Case, "order">> {
  if (order.status !== "active") throw orderNotActive(`ServiceRequest/${order.id}`);
  const { results, specimen, person, catalogue } = given;
  const shared = {
    subject: order.subject,
    ...(order.encounter && { encounter: order.encounter }),
    effectiveDateTime: found.toISOString(),
    issued: now.toISOString(),
    basedOn: [{ reference: `ServiceRequest/${order.id}` }],
    ...(performer !== undefined && { performer: [{ reference: performer }] }),
    ...(specimen !== undefined && { specimen: { reference: specimen } }),
  };
  const entered = results.map((one, index): WithId<Observation> => {
    const test = testFor(catalogue, order, one);
    const before = observations.find((it) => codeOf(it) === one.code);
    return {
      resourceType: "Observation",
      id: before?.id ?? given.newId(),
      ...(before?.meta && { meta: before.meta }),
      status: "preliminary",
      category: CATEGORY,
      code: { coding: [codingOf(catalogue, one.code) as Coding] },
      ...shared,
      ...foundIn(test, readEntered(one.value, `results[${index}].value`), person),
    };
  });
  const kept = observations.filter((it) => !entered.some(({ id }) => id === it.id));
  const all = inOrder([...kept, ...entered], testsOf(catalogue, orderedCode(catalogue, order)));
  const { specimen: tube, ...ofReport } = shared;
  return {
    observations: entered,
    report: {
      resourceType: "DiagnosticReport",
      id: report?.id ?? given.newId(),
      ...(report?.meta && { meta: report.meta }),
      status: "preliminary",
      category: LAB_REPORT,
      code: order.code ?? {},
      ...ofReport,
      ...(tube && { specimen: [tube] }),
      result: all.map(({ id }) => ({ reference: `Observation/${id}` })),
    },
  };
}

/** @throws 422 NUMBER_UNCLEAR */
function readEntered(value: number | string, field: string): MeasuredNumber | string {
  const read = typeof value === "number" ? { value } : readMeasuredNumber(value);
  if (read === "unclear") throw numberUnclear(field);
  return read ?? String(value);
}

const inOrder = (observations: WithId<Observation>[], tests: CatalogueTest[]): WithId<Observation>[] => {
  const place = (it: Observation) => tests.findIndex(({ code }) => code === codeOf(it));
  return observations.toSorted((a, b) => place(a) - place(b));
};

/**
 * The final report and results, and the completed order; critical values wait to be acknowledged.
 * @param missingReason why some tests have no value
 * @throws 409 ORDER_NOT_ACTIVE, NOTHING_ENTERED, RESULTS_MISSING
 */
export function release(
  { order, report, observations }: Case,
  { catalogue, missingReason }: { catalogue: Catalogue; missingReason?: string },
  { now, performer }: Moment,
): Required<Case> {
  if (order.status !== "active") throw orderNotActive(`ServiceRequest/${order.id}`);
  if (!report || observations.length === 0) throw nothingEntered(`ServiceRequest/${order.id}`);
  const missing = missingIn(order, observations, catalogue);
  if (missing.length > 0 && missingReason === undefined) throw resultsMissing(`ServiceRequest/${order.id}`, missing);
  const issued = now.toISOString();
  const by = performer !== undefined && { resultsInterpreter: [{ reference: performer }] };
  return {
    order: { ...order, status: "completed" },
    report: {
      ...report,
      status: "final",
      issued,
      ...by,
      ...(missing.length > 0 && { conclusion: `${missing.join(", ")}: ${missingReason}` }),
    },
    observations: observations.map((it) => alerting({ ...interpreted(it, catalogue), status: "final" as const, issued })),
  };
}

/** Codes of ordered tests without a value. */
function missingIn(order: ServiceRequest, observations: Observation[], catalogue: Catalogue): string[] {
  const known = new Set(observations.map(codeOf));
  return testsOf(catalogue, orderedCode(catalogue, order)).flatMap(({ code }) => (known.has(code) ? [] : [code]));
}

/** A critical value as acknowledged, with person and time in a note. @throws 409 NOT_CRITICAL */
export function acknowledge<Of extends WithId<Observation>>(
  observation: Of,
  { performer, note }: { performer?: string; note?: string },
  now: Date,
): Of {
  if (!isTagged(observation, CRITICAL.waiting)) throw notCritical(`Observation/${observation.id}`);
  const text: Annotation = {
    time: now.toISOString(),
    ...(performer !== undefined && { authorReference: { reference: performer } }),
    text: `Critical value acknowledged${note === undefined ? "." : `: ${note}`}`,
  };
  return tagged({ ...observation, note: [...(observation.note ?? []), text] }, CRITICAL.acknowledged);
}

/** A critical value as callers get it. */
export function criticalOf(observation: WithId<Observation>, version: number): CriticalValue {
  const { system = "", code = "", display } = observation.code.coding?.[0] ?? {};
  const unit = observation.valueQuantity?.unit ?? observation.valueQuantity?.code;
  return {
    observation: `Observation/${observation.id}`,
    version,
    patient: placeOf(observation.subject) ?? "",
    ...(observation.encounter?.reference !== undefined && { encounter: observation.encounter.reference }),
    test: { system, code, ...(display !== undefined && { display }) },
    ...valueIn(observation),
    ...(unit !== undefined && { unit }),
    flag: flagIn(observation) ?? "N",
    releasedAt: observation.issued ?? observation.meta?.lastUpdated ?? "",
    isAcknowledged: isTagged(observation, CRITICAL.acknowledged),
  };
}

/** A report as callers get it. */
export function reportOf({ order, report, observations }: Required<Case>, catalogue: Catalogue): LabReport {
  return {
    report: `DiagnosticReport/${report.id}`,
    version: versionOf(report),
    order: `ServiceRequest/${order.id}`,
    patient: placeOf(order.subject) ?? "",
    status: report.status === "preliminary" ? "preliminary" : "final",
    lines: inOrder(observations, testsOf(catalogue, orderedCode(catalogue, order))).map(lineOf),
    missing: missingIn(order, observations, catalogue),
  };
}

function lineOf(it: WithId<Observation>): ReportLine {
  const [range, flag, unit] = [it.referenceRange?.[0], flagIn(it), it.valueQuantity?.unit];
  const [low, high] = [numberOf(range?.low?.value), numberOf(range?.high?.value)];
  return {
    observation: `Observation/${it.id}`,
    version: versionOf(it),
    code: codeOf(it),
    display: it.code.coding?.[0]?.display ?? "",
    value: "",
    ...valueIn(it),
    ...(unit !== undefined && { unit }),
    ...(flag && { flag }),
    ...(range && { range: { ...(low !== undefined && { low }), ...(high !== undefined && { high }) } }),
    isCritical: isCritical(flag),
  };
}
