/** Actions on the stock; `pharmacy.contract.ts` names the errors. */
import { createHash } from "node:crypto";
import type { Context } from "moleculer";
import { v7 as timeOrderedId } from "uuid";
import { parseJson } from "../../../fhir/json.ts";
import type { Medication, SupplyDelivery } from "../../../fhir/r4.ts";
import type { WithDirectory } from "../../../federation/directory.ts";
import { isType } from "../../../federation/errors.ts";
import type { StepResult } from "../../../federation/owner-contract.ts";
import type { OccurrenceTime } from "../../../mesh/occurrence-time-contract.ts";
import type { WithFhir } from "../../../mixins/fhir/fhir.ts";
import { occurrenceTime, withLateReason } from "../../../mixins/fhir/occurrence-time.ts";
import { requireReference } from "../../../mixins/fhir/domain-references.ts";
import { REASON } from "../../../mixins/fhir/rules/reasons.ts";
import { counted } from "../../../store/counted.ts";
import type { Adjustment, Code, LotState, Receipt, StockTransfer, Where } from "../pharmacy.contract.ts";
import { lotChanged, lotMissing, lotNotBlocked, samePlace, stockChanged } from "../pharmacy.errors.ts";
import { deliveryOf } from "../pharmacy.model.ts";
import { adjustmentOf, transferOf } from "../stocktaking.model.ts";
import { booksOf, keptBy } from "./books.ts";
import { shelvesCounted, sumOf, unitsIn } from "./deliveries.ts";
import { afterMoving, unitsOfMedication } from "./listing.ts";
import { lotUnitsOf, portionsIn } from "./portions.model.ts";

type Pharmacy = WithFhir & WithDirectory;

/** Attempts of a count while others take from the shelf. */
const COUNT_ATTEMPTS = 8;

/** @throws 404 NOT_FOUND for an unknown place */
async function requirePlaces({ directory }: Pharmacy, ctx: Context, ...places: (string | undefined)[]): Promise<void> {
  await Promise.all(places.map((place) => place !== undefined && requireReference({ caller: ctx, directory }, place)));
}

/** Stores the SupplyDelivery. */
const recorded = ({ fhir }: Pharmacy, delivery: SupplyDelivery & { id: string }, happened: OccurrenceTime): Promise<StepResult> =>
  fhir.create(withLateReason(delivery, happened));

const referenceTo = ({ id }: StepResult): string => `SupplyDelivery/${id}`;

/** `pharmacy.receive` */
export async function receive(
  pharmacy: Pharmacy,
  ctx: Context<{ medication: Code; quantity: number; unit?: string; expires?: string } & Where & OccurrenceTime>,
): Promise<Receipt> {
  const { medication, place, lot, expires } = ctx.params;
  if (expires !== undefined && lot === undefined) throw lotMissing();
  await requirePlaces(pharmacy, ctx, place);
  const at = occurrenceTime(ctx.params, { now: new Date() });
  const delivery = await recorded(pharmacy, deliveryOf(timeOrderedId(), ctx.params, at), ctx.params);
  const moved = unitsIn(parseJson(delivery.json as string) as SupplyDelivery);
  return {
    delivery: referenceTo(delivery),
    stock: { medication, quantity: afterMoving(await unitsOfMedication(pharmacy.store, medication), moved) },
  };
}

/** Parameters of a correction. */
type AdjustmentAsked = { medication: Code; by: number; reason: string; booked?: number } & Where & OccurrenceTime;

/** `pharmacy.adjust` */
export async function adjust(pharmacy: Pharmacy, ctx: Context<AdjustmentAsked>): Promise<Adjustment> {
  await requirePlaces(pharmacy, ctx, ctx.params.place);
  return adjusted(pharmacy, ctx.params);
}

async function adjusted(pharmacy: Pharmacy, asked: AdjustmentAsked): Promise<Adjustment> {
  const { medication, by } = asked;
  const delivery = await recorded(pharmacy, adjustmentOf(timeOrderedId(), asked, occurrenceTime(asked, { now: new Date() })), asked);
  return {
    delivery: referenceTo(delivery),
    by,
    stock: { medication, quantity: afterMoving(await unitsOfMedication(pharmacy.store, medication), by) },
  };
}

/** `pharmacy.count` */
export async function count(
  pharmacy: Pharmacy,
  ctx: Context<{ medication: Code; quantity: number; reason?: string; seen?: number } & Where>,
): Promise<Adjustment> {
  const { medication, quantity, reason = "counted", lot, place, seen } = ctx.params;
  await requirePlaces(pharmacy, ctx, place);
  for (let attempt = 1; ; attempt += 1) {
    const kept = await keptBy([medication], booksOf(pharmacy.store));
    const booked = kept ? sumOf(shelvesCounted(kept, { place: place ?? "", lot })) : 0;
    if (seen !== undefined && seen !== booked) throw stockChanged();
    const by = counted(quantity - booked);
    if (by === 0) return { by, stock: { medication, quantity: await unitsOfMedication(pharmacy.store, medication) } };
    try {
      return await adjusted(pharmacy, {
        medication,
        by,
        reason,
        booked,
        ...(lot !== undefined && { lot }),
        ...(place !== undefined && { place }),
      });
    } catch (error) {
      if (!isType(error, "STOCK_CHANGED") || attempt === COUNT_ATTEMPTS) throw error;
    }
  }
}

/** `pharmacy.transfer` */
export async function transfer(
  pharmacy: Pharmacy,
  ctx: Context<{ medication: Code; quantity: number; from?: string; to?: string; lot?: string; reason?: string } & OccurrenceTime>,
): Promise<StockTransfer> {
  const { medication, quantity, from, to, reason } = ctx.params;
  if (from === to) throw samePlace();
  await requirePlaces(pharmacy, ctx, from, to);
  const made = transferOf(timeOrderedId(), ctx.params, occurrenceTime(ctx.params, { now: new Date() }));
  const delivery = await recorded(
    pharmacy,
    reason === undefined ? made : { ...made, extension: [{ url: REASON, valueString: reason }] },
    ctx.params,
  );
  const shelves = (await keptBy([medication], booksOf(pharmacy.store)))?.shelves ?? [];
  const there = sumOf(shelves.filter((it) => it.place === (to ?? "")));
  return {
    delivery: referenceTo(delivery),
    quantity,
    lots: (portionsIn(delivery) ?? []).map(lotUnitsOf),
    stock: { medication, quantity: afterMoving(there, quantity) },
  };
}

/** Id of a lot's record, derived from the lot, so that there is one. */
const recordOf = ({ system, code }: Code, lot: string): string =>
  `lot-${createHash("sha256")
    .update(JSON.stringify([system, code, lot]))
    .digest("hex")
    .slice(0, 40)}`;

/** `pharmacy.blockLot` and `pharmacy.releaseLot`. @param status new status of the lot's record */
export async function markLot(
  { fhir }: Pharmacy,
  { medication, lot, reason }: { medication: Code; lot: string; reason: string },
  status: "active" | "inactive",
): Promise<LotState> {
  const id = recordOf(medication, lot);
  const before = await fhir.read("Medication", id);
  if (status === "active" && before?.status !== "inactive") throw lotNotBlocked(lot);
  const why = { url: REASON, valueString: reason };
  const others = before?.extension?.filter(({ url }) => url !== REASON) ?? [];
  const next: Medication & { id: string } = {
    ...(before ?? { resourceType: "Medication", id, code: { coding: [medication] }, batch: { lotNumber: lot } }),
    status,
    extension: [...others, why],
  };
  const write = before ? fhir.update(next) : fhir.create(next);
  const { version } = await write.catch((error: unknown) => {
    throw isType(error, "STALE_VERSION") || isType(error, "ID_TAKEN") ? lotChanged(lot) : error;
  });
  return { record: `Medication/${id}`, version, medication, lot, isBlocked: status === "inactive" };
}
