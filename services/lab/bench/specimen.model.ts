/** Specimens and their labels. Plain data in, plain data out; time is passed in. */
import type { ServiceRequest, Specimen } from "../../../fhir/r4.ts";
import type { KeyOf } from "../../../mixins/fhir/rules/unique-keys.ts";
import { placeOf } from "../../../mixins/fhir/rules/common.ts";
import type { Label } from "../bench.contract.ts";
import { ACCESSION_TAKEN, orderNotActive, ordersDiffer, specimenOver } from "../lab.errors.ts";

/** Identifier system of accession numbers. */
const ACCESSION = "urn:openward:accession";

/** The common patient of orders for one specimen. @throws 409 ORDER_NOT_ACTIVE, ORDERS_DIFFER */
export function subjectOfAll(orders: (ServiceRequest & { id: string })[]): ServiceRequest["subject"] {
  const [first] = orders;
  if (!first) throw ordersDiffer();
  for (const order of orders) {
    if (order.status !== "active") throw orderNotActive(`ServiceRequest/${order.id}`);
    if (placeOf(order.subject) !== placeOf(first.subject)) throw ordersDiffer();
  }
  return first.subject;
}

/** The Specimen of a container. */
export function specimenOf(
  id: string,
  orders: (ServiceRequest & { id: string })[],
  { accession, kind, collector }: { accession: string; kind: string; collector?: string },
  at: Date,
): Specimen & { id: string } {
  return {
    resourceType: "Specimen",
    id,
    status: "available",
    accessionIdentifier: { system: ACCESSION, value: accession },
    type: { text: kind },
    subject: subjectOfAll(orders),
    request: orders.map((order) => ({ reference: `ServiceRequest/${order.id}` })),
    collection: { ...(collector !== undefined && { collector: { reference: collector } }), collectedDateTime: at.toISOString() },
  };
}

/** The specimen as rejected: another one has to be collected. @throws 409 SPECIMEN_OVER */
export function rejectSpecimen<Of extends Specimen>(specimen: Of, reason: string, now: Date): Of {
  if (specimen.status !== undefined && specimen.status !== "available") throw specimenOver(`Specimen/${specimen.id}`);
  return { ...specimen, status: "unsatisfactory", note: [...(specimen.note ?? []), { time: now.toISOString(), text: reason }] };
}

/** Unique keys: no two specimens have the same accession number. */
export function accessionKeys({ accessionIdentifier }: Specimen): KeyOf[] {
  if (accessionIdentifier?.system !== ACCESSION || accessionIdentifier.value === undefined) return [];
  const says = "Another specimen has this number: give this one its own.";
  return [{ key: `accession:${accessionIdentifier.value}`, error: ACCESSION_TAKEN, says, at: "Specimen.accessionIdentifier" }];
}

/** A label as callers get it. */
export const labelOf = (specimen: Specimen & { id: string }): Label => ({
  specimen: `Specimen/${specimen.id}`,
  accession: specimen.accessionIdentifier?.value ?? "",
  patient: placeOf(specimen.subject) ?? "",
  orders: specimen.request?.flatMap((it) => placeOf(it) ?? []) ?? [],
  kind: specimen.type?.text ?? "",
  collectedAt: specimen.collection?.collectedDateTime ?? "",
});
