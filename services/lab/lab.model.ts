import { type Code, type Finding, type LabOrder, OrderStatus } from "./lab.contract.ts";
import { orderNotActive } from "./lab.errors.ts";

// The rules of a lab order: plain data in, plain data out. No broker, no database, no clock.

/** As much of a FHIR ServiceRequest as this service works with. */
export interface ServiceRequest {
  resourceType: "ServiceRequest";
  id: string;
  meta?: { versionId?: string };
  status: string;
  intent: string;
  code?: { coding?: Code[] };
  subject: { reference: string };
  encounter?: { reference: string };
  authoredOn?: string;
  [more: string]: unknown;
}

const CATEGORY = [
  { coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory", display: "Laboratory" }] },
];
const UCUM = "http://unitsofmeasure.org";

export function newOrder(
  id: string,
  { patient, encounter, test }: { patient: string; encounter?: string; test: Code },
  now: Date,
): ServiceRequest {
  return {
    resourceType: "ServiceRequest",
    id,
    status: "active",
    intent: "order",
    category: [{ coding: [{ system: "http://snomed.info/sct", code: "108252007", display: "Laboratory procedure" }] }],
    code: { coding: [test] },
    subject: { reference: patient },
    ...(encounter !== undefined && { encounter: { reference: encounter } }),
    authoredOn: now.toISOString(),
  };
}

/** The resources of a result: the Observation, the report that issues it, the completed order. @throws 409 ORDER_NOT_ACTIVE */
export function resultOf(order: ServiceRequest, ids: { observation: string; report: string }, finding: Finding, now: Date) {
  if (order.status !== "active") throw orderNotActive(`ServiceRequest/${order.id}`);
  const issued = now.toISOString();
  const shared = {
    status: "final",
    code: order.code,
    subject: order.subject,
    ...(order.encounter && { encounter: order.encounter }),
    effectiveDateTime: issued,
    issued,
    basedOn: [{ reference: `ServiceRequest/${order.id}` }],
  };
  const value =
    "text" in finding
      ? { valueString: finding.text }
      : { valueQuantity: { value: finding.value, unit: finding.unit, system: UCUM, code: finding.unit } };
  return {
    observation: { resourceType: "Observation", id: ids.observation, category: CATEGORY, ...shared, ...value },
    report: {
      resourceType: "DiagnosticReport",
      id: ids.report,
      category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/v2-0074", code: "LAB", display: "Laboratory" }] }],
      ...shared,
      result: [{ reference: `Observation/${ids.observation}` }],
    },
    order: { ...order, status: "completed" },
  };
}

export function orderOf(order: ServiceRequest, version: number): LabOrder {
  return {
    order: `ServiceRequest/${order.id}`,
    version,
    patient: order.subject.reference,
    test: order.code?.coding?.[0] ?? { system: "", code: "" },
    status: order.status === "active" ? OrderStatus.active : OrderStatus.completed,
    orderedAt: order.authoredOn ?? "",
  };
}
