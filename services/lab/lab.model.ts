import type { DiagnosticReport, Observation, ServiceRequest } from "../../fhir/r4.ts";
import { measuredQuantity, readMeasuredNumber, readTypedNumber } from "../../fhir/typed-number.ts";
import { because } from "../../mixins/fhir/rules/reasons.ts";
import type { Priority } from "./bench.contract.ts";
import { type Code, type Finding, type LabOrder, OrderStatus } from "./lab.contract.ts";
import { numberInWords, numberUnclear, orderNotActive, resultNotFinal } from "./lab.errors.ts";
import { without } from "../../fhir/typed.ts";

// The rules of a lab order: plain data in, plain data out. No broker, no database, no clock.

/** The category of laboratory results. */
export const CATEGORY = [
  { coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory", display: "Laboratory" }] },
];
/** The category of laboratory reports. */
export const LAB_REPORT = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/v2-0074", code: "LAB", display: "Laboratory" }] }];
const UCUM = "http://unitsofmeasure.org";

/** The ServiceRequest of a new order. */
export function newOrder(
  id: string,
  { patient, encounter, test, priority }: { patient: string; encounter?: string; test: Code; priority?: Priority },
  now: Date,
): ServiceRequest & { id: string } {
  return {
    resourceType: "ServiceRequest",
    id,
    status: "active",
    intent: "order",
    ...(priority !== undefined && { priority }),
    category: [{ coding: [{ system: "http://snomed.info/sct", code: "108252007", display: "Laboratory procedure" }] }],
    code: { coding: [test] },
    subject: { reference: patient },
    ...(encounter !== undefined && { encounter: { reference: encounter } }),
    authoredOn: now.toISOString(),
  };
}

/** The resources of a result. */
export interface ResultResources<Order> {
  observation: Observation & { id: string };
  /** Issues the Observation. */
  report: DiagnosticReport & { id: string };
  /** The order, completed. */
  order: Order;
}

/** The resources that a finding makes of an active order. @param times of the measurement, and of the issue. @throws 409 ORDER_NOT_ACTIVE, 422 NUMBER_UNCLEAR, NUMBER_IN_WORDS */
export function resultOf<Order extends ServiceRequest>(
  order: Order,
  ids: { observation: string; report: string },
  finding: Finding,
  { found, now }: { found: Date; now: Date },
): ResultResources<Order> {
  if (order.status !== "active") throw orderNotActive(`ServiceRequest/${order.id}`);
  const issued = now.toISOString();
  const shared = {
    status: "final" as const,
    code: order.code ?? {},
    subject: order.subject,
    ...(order.encounter && { encounter: order.encounter }),
    effectiveDateTime: found.toISOString(),
    issued,
    basedOn: [{ reference: `ServiceRequest/${order.id}` }],
  };
  return {
    observation: { resourceType: "Observation", id: ids.observation, category: CATEGORY, ...shared, ...valueIn(finding) },
    report: {
      resourceType: "DiagnosticReport",
      id: ids.report,
      category: LAB_REPORT,
      ...shared,
      result: [{ reference: `Observation/${ids.observation}` }],
    },
    order: { ...order, status: "completed" },
  };
}

/** @throws 422 NUMBER_UNCLEAR, NUMBER_IN_WORDS */
function valueIn(finding: Finding): Pick<Observation, "valueString" | "valueQuantity"> {
  if ("text" in finding) {
    const read = readTypedNumber(finding.text);
    if (read === "unclear") throw numberUnclear("finding.text");
    if (read) throw numberInWords("finding.unit");
    return { valueString: finding.text };
  }
  const { value, unit } = finding;
  const read = typeof value === "number" ? { value } : readMeasuredNumber(value);
  if (read === undefined || read === "unclear") throw numberUnclear("finding.value");
  return { valueQuantity: { ...measuredQuantity(read), unit, system: UCUM, code: unit } };
}

/** HL7's extension of requests: the reason of their status. */
const STATUS_REASON = "http://hl7.org/fhir/StructureDefinition/request-statusReason";

/** The order as cancelled. @throws 409 ORDER_NOT_ACTIVE */
export function cancelOrder<Order extends ServiceRequest>(order: Order, reason: string): Order {
  if (order.status !== "active") throw orderNotActive(`ServiceRequest/${order.id}`);
  const because = { url: STATUS_REASON, valueCodeableConcept: { text: reason } };
  return { ...order, status: "revoked", extension: [...(order.extension ?? []), because] };
}

/** Statuses of issued results. */
const ISSUED = ["final", "amended", "corrected", "appended"];

/** The result with another finding, without the interpretation of the previous one. @throws 409 RESULT_NOT_FINAL, 422 NUMBER_UNCLEAR, NUMBER_IN_WORDS */
export function correctResult<Of extends Observation>(
  observation: Of,
  { finding, reason }: { finding: Finding; reason: string },
  now: Date,
): Of {
  if (!ISSUED.includes(observation.status)) throw resultNotFinal(`Observation/${observation.id}`);
  const former = Object.keys(observation).filter((name) => /^_?value[A-Z]|^(?:interpretation|dataAbsentReason)$/.test(name));
  const time = now.toISOString();
  return {
    ...without(observation, ...(former as (keyof Of)[])),
    status: "corrected",
    issued: time,
    ...valueIn(finding),
    note: [...(observation.note ?? []), { time, text: reason }],
  };
}

/** The reports of a corrected result, issued again. */
export const correctReports = <Of extends DiagnosticReport>(reports: Of[], reason: string, now: Date): Of[] =>
  reports.flatMap((report) => {
    const extension = [...(report.extension ?? []), because(reason)];
    return ISSUED.includes(report.status) ? [{ ...report, status: "corrected", issued: now.toISOString(), extension }] : [];
  });

/** The code of the test; empty if a client has ordered one without. */
function codingOf({ code }: ServiceRequest): Code {
  const { system = "", code: value = "", display } = code?.coding?.[0] ?? {};
  return { system, code: value, ...(display !== undefined && { display }) };
}

/** An order as callers get it. */
export function orderOf(order: ServiceRequest, version: number): LabOrder {
  return {
    order: `ServiceRequest/${order.id}`,
    version,
    patient: order.subject.reference ?? "",
    test: codingOf(order),
    status: order.status === "active" ? OrderStatus.active : order.status === "revoked" ? OrderStatus.revoked : OrderStatus.completed,
    orderedAt: order.authoredOn ?? "",
  };
}
