/** `billing.listOutdated`: compares what was billed with the acts as they are now. */
import { parseJson } from "../../fhir/json.ts";
import type { FhirResource, Medication, Stored } from "../../fhir/r4.ts";
import { idClause } from "../../fhir/search/exact-clauses.ts";
import type { Row, StoreQuery } from "../../fhir/search/query.ts";
import { mapConcurrent } from "../../mesh/map-concurrent.ts";
import { isRetryable, isType } from "../../federation/errors.ts";
import type { QueryContext } from "../../federation/query-context.ts";
import { addForEachOwner, askTogether } from "../../federation/scatter-gather.ts";
import { readReference, splitReference } from "../../mixins/fhir/domain-references.ts";
import type { WithFhir } from "../../mixins/fhir/fhir.ts";
import { actOf, medicationOf } from "./acts.model.ts";
import type { Code, OutdatedCharges, Price } from "./billing.contract.ts";
import { chargesOn } from "./billing.model.ts";
import { billedBy } from "./credit.model.ts";
import { type BilledAct, followedBy, outdatedCharge } from "./outdated.model.ts";
import { notesOf } from "./payments/standing.ts";

/** Invoices in one call. */
export const MAX_COMPARED = 50;
/** Charges of all invoices of one call, so that it ends in time. */
const MAX_IN_CALL = 5_000;
/** Acts that are read at once, with one call to each owner: about half a megabyte. */
const AT_ONCE = 250;

type Billing = WithFhir & { firstPrice(codes: Code[]): Promise<Price | undefined> };

/** Those of a bill's charges that follow acts, without credited ones. */
async function actsOn(billing: Billing, invoice: string, charges: string[]): Promise<BilledAct[]> {
  if (charges.length === 0) return [];
  const credited = new Set((await notesOf(billing, invoice)).flatMap(chargesOn));
  const open = charges.filter((charge) => !credited.has(charge));
  const items = await Promise.all(open.map((charge) => billing.fhir.read("ChargeItem", splitReference(charge)[1])));
  return items.flatMap((item) => {
    const reference = item && followedBy(item);
    return item && reference !== undefined ? [{ invoice, item, reference }] : [];
  });
}

/** One resource by itself: of what a search does not find, it is decided here whether it is deleted, or not to be seen. */
async function readOne(mesh: QueryContext, reference: string): Promise<[string, FhirResource | undefined][]> {
  try {
    return [[reference, await readReference<FhirResource>(mesh, reference)]];
  } catch (error) {
    if (isType(error, "GONE")) return [[reference, undefined]];
    if (isRetryable(error) || isType(error, "NOT_FOUND") || isType(error, "NOT_SUPPORTED")) return [];
    throw error;
  }
}

/** Resources of one type. @returns undefined in the place of a deleted one; without those that their owner does not tell now */
async function readType(mesh: QueryContext, type: string, ids: string[]): Promise<[string, FhirResource | undefined][]> {
  const perOwner = new Map<string, StoreQuery[]>();
  const query: StoreQuery = { type, clauses: [idClause(ids)], sort: [], limit: ids.length, want: "rows" };
  addForEachOwner(mesh, perOwner, query, { partial: true, missing: new Set() });
  const newest = new Map<string, Row>();
  try {
    for (const row of (await askTogether(mesh, perOwner)).flatMap(({ rows }) => rows)) {
      if ((newest.get(row.id)?.version ?? 0) < row.version) newest.set(row.id, row);
    }
  } catch (error) {
    if (isRetryable(error)) return [];
    throw error;
  }
  const found = await mapConcurrent(ids, async (id): Promise<[string, FhirResource | undefined][]> => {
    const { json } = newest.get(id) ?? {};
    const reference = `${type}/${id}`;
    return json === undefined ? readOne(mesh, reference) : [[reference, parseJson(json) as Stored<FhirResource>]];
  });
  return found.flat();
}

/** As `readType`, for resources of any types. */
async function readNow(mesh: QueryContext, references: string[]): Promise<Map<string, FhirResource | undefined>> {
  const found = new Map<string, FhirResource | undefined>();
  const all = [...new Set(references)];
  for (let from = 0; from < all.length; from += AT_ONCE) {
    const byType = Map.groupBy(all.slice(from, from + AT_ONCE).map(splitReference), ([type]) => type);
    const read = [...byType].map(([type, some]) =>
      readType(
        mesh,
        type,
        some.map(([, id]) => id),
      ),
    );
    for (const [reference, resource] of (await Promise.all(read)).flat()) found.set(reference, resource);
  }
  return found;
}

/** @param mesh with the rights of this service, since a cashier does not read results or dispenses */
export async function listOutdated(billing: Billing, mesh: QueryContext, invoices: string[]): Promise<OutdatedCharges> {
  const billed: BilledAct[] = [];
  const unknown = new Set<string>();
  let left = MAX_IN_CALL;
  for (const invoice of new Set(invoices)) {
    const charges = billedBy(await billing.fhir.read("Invoice", splitReference(invoice)[1]));
    left -= charges.length;
    if (left < 0) unknown.add(invoice);
    else billed.push(...(await actsOn(billing, invoice, charges)));
  }
  const resources = await readNow(
    mesh,
    billed.map(({ reference }) => reference),
  );
  const medications = await readNow(
    mesh,
    [...resources.values()].flatMap((resource) => (resource && medicationOf(resource)) ?? []),
  );
  const charges = [];
  for (const one of billed) {
    const resource = resources.get(one.reference);
    const medication = resource && medicationOf(resource);
    if (!resources.has(one.reference) || (medication !== undefined && !medications.has(medication))) {
      unknown.add(one.invoice);
      continue;
    }
    const act = resource && actOf(resource, medication === undefined ? undefined : (medications.get(medication) as Medication | undefined));
    const listed = act?.state === "done" ? await billing.firstPrice(act.codes) : undefined;
    const outdated = outdatedCharge(one, { resource, act, listed });
    if (outdated) charges.push(outdated);
  }
  return { charges, unknown: [...unknown] };
}
