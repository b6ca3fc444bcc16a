/** Lists the movements of a medication's stock, the latest first, each with its resource. */
import { parseJson } from "../../../fhir/json.ts";
import type { Extension, FhirResource, MedicationAdministration, MedicationDispense, SupplyDelivery } from "../../../fhir/r4.ts";
import { tokenClause } from "../../../fhir/search/exact-clauses.ts";
import type { Clause } from "../../../fhir/search/query.ts";
import { REASON } from "../../../mixins/fhir/rules/reasons.ts";
import type { Store } from "../../../store/store.ts";
import { codeOfCounter, codesOf, STOCK } from "../pharmacy.model.ts";
import type { StockMovement } from "../stock.contract.ts";
import { isWithdrawal, originOf } from "../stocktaking.model.ts";
import { isArrived, onShelves, unitsIn } from "./deliveries.ts";
import { lotUnitsOf, negative, plainOf, type Portion, portionsOf } from "./portions.model.ts";
import { takingOfDispense, takingOfDose } from "./taking.ts";

/** Movements in one answer. */
const MAX_MOVEMENTS = 200;
/** Deliveries of all medications that are read, the latest, 1 kB each: R4 cannot search them by their item. */
const MAX_DELIVERIES = 2_000;

type Medication = Portion["medication"];
type Told = Pick<StockMovement, "kind" | "at" | "reason">;

const isOf = ({ system, code }: Medication, other: Medication): boolean => system === other.system && code === other.code;

/** The portions of a resource; without any it has moved stock without a lot, at the default place. */
function borne(resource: { extension?: Extension[] }, codes: Medication[], units: number, medication: Medication): Portion[] {
  const portions = portionsOf(resource)?.filter((one) => isOf(one.medication, medication));
  return portions ?? (codes.some((code) => isOf(code, medication)) ? [plainOf(medication, units)] : []);
}

const reasonOf = ({ extension = [] }: { extension?: Extension[] }): string | undefined =>
  extension.find(({ url }) => url === REASON)?.valueString;

function movedBy(delivery: SupplyDelivery, medication: Medication): [Told, Portion[]] {
  const { suppliedItem, occurrenceDateTime: at = "", meta } = delivery;
  const portions = isArrived(delivery)
    ? onShelves(delivery, borne(delivery, codesOf(suppliedItem?.itemCodeableConcept), unitsIn(delivery), medication))
    : [];
  const reason = reasonOf(delivery);
  const isCorrection = isWithdrawal(delivery) || reason !== undefined;
  const kind = originOf(delivery) !== undefined ? "transfer" : isCorrection ? "correction" : "delivery";
  return [{ kind, at: at || (meta?.lastUpdated ?? ""), ...(reason !== undefined && { reason }) }, portions];
}

function dispensed(dispense: MedicationDispense, medication: Medication): [Told, Portion[]] {
  const taking = takingOfDispense(dispense);
  const codes = codesOf(dispense.medicationCodeableConcept);
  const at = dispense.whenHandedOver ?? dispense.meta?.lastUpdated ?? "";
  return [{ kind: "dispense", at }, taking ? negative(borne(dispense, codes, taking.units, medication)) : []];
}

function given(dose: MedicationAdministration, medication: Medication): [Told, Portion[]] {
  const portions = takingOfDose(dose) ? borne(dose, [], 0, medication) : [];
  return [{ kind: "dose", at: dose.effectiveDateTime ?? dose.effectivePeriod?.start ?? dose.meta?.lastUpdated ?? "" }, negative(portions)];
}

async function latest<Of extends FhirResource>(store: Store, type: Of["resourceType"], clauses: Clause[], limit: number): Promise<Of[]> {
  const { rows } = await store.search({ type, clauses, sort: [{ by: "updated", desc: true }], want: "rows", limit });
  return rows.flatMap(({ json }) => (json === undefined ? [] : [parseJson(json) as Of]));
}

/**
 * @param text `system|code`
 * @returns at most 200; of dispenses and doses those that name the medication by its code
 */
export async function movementsOf(store: Store, text: string): Promise<StockMovement[]> {
  const medication = codeOfCounter(STOCK + text);
  const byCode = (type: string) => [tokenClause(type, "code", { system: medication.system, value: medication.code })];
  const [deliveries, dispenses, doses] = await Promise.all([
    latest<SupplyDelivery>(store, "SupplyDelivery", [], MAX_DELIVERIES),
    latest<MedicationDispense>(store, "MedicationDispense", byCode("MedicationDispense"), MAX_MOVEMENTS),
    latest<MedicationAdministration>(store, "MedicationAdministration", byCode("MedicationAdministration"), MAX_MOVEMENTS),
  ]);
  const all = [
    ...deliveries.map((one) => [one, ...movedBy(one, medication)] as const),
    ...dispenses.map((one) => [one, ...dispensed(one, medication)] as const),
    ...doses.map((one) => [one, ...given(one, medication)] as const),
  ];
  return all
    .flatMap(([{ resourceType, id }, told, portions]) =>
      portions.map((one) => ({ ...told, record: `${resourceType}/${id}`, ...lotUnitsOf(one) })),
    )
    .filter(({ quantity }) => quantity !== 0)
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at))
    .slice(0, MAX_MOVEMENTS);
}
