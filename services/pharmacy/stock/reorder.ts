/** Sets and lists reorder levels; `pharmacy.contract.ts` names the errors. */
import type { Context } from "moleculer";
import { tokenClause } from "../../../fhir/search/exact-clauses.ts";
import type { WithDirectory } from "../../../federation/directory.ts";
import { isType } from "../../../federation/errors.ts";
import type { WithFhir } from "../../../mixins/fhir/fhir.ts";
import { requireReference } from "../../../mixins/fhir/domain-references.ts";
import type { Store } from "../../../store/store.ts";
import type { ReorderLevel } from "../stock.contract.ts";
import { reorderLevelChanged } from "../pharmacy.errors.ts";
import { stockCounter } from "../pharmacy.model.ts";
import { type Books, stateOf } from "./books.ts";
import { shelvesIn } from "./listing.ts";
import { BLOCKED, type Portion } from "./portions.model.ts";
import { IN_USE, levelIn, type LevelSaid, recordedLevel, recordOf, reorderLevel } from "./reorder.model.ts";

/** Levels that are read, 600 bytes each: 1,000 medications at five places. */
const MAX_LEVELS = 5_000;
/** Levels in one answer. */
const MAX_ANSWERED = 1_000;
/** Blocked lots that are read. */
const MAX_BLOCKED = 10_000;

/** `pharmacy.setReorderLevel` */
export async function setReorderLevel(
  { fhir, store, directory }: WithFhir & WithDirectory,
  ctx: Context<LevelSaid & { seen?: number }>,
): Promise<ReorderLevel> {
  const { medication, place, level, seen } = ctx.params;
  if (place !== undefined) await requireReference({ caller: ctx, directory }, place);
  const said = { medication, level, ...(place !== undefined && { place }) };
  const before = await fhir.read("MedicationKnowledge", recordOf(said));
  const levelNow = (before && levelIn(before)?.level) ?? 0;
  if (seen !== undefined && seen !== levelNow) throw reorderLevelChanged();
  const next = recordedLevel(said, before);
  // A level of 0 that was never set needs no record.
  if (before || level > 0) {
    await (before ? fhir.update(next) : fhir.create(next)).catch((error: unknown) => {
      throw isType(error, "STALE_VERSION") || isType(error, "ID_TAKEN") ? reorderLevelChanged() : error;
    });
  }
  const usable = await usableShelves(store, `${medication.system}|${medication.code}`);
  return reorderLevel(said, usable.get(stockCounter(medication)) ?? []);
}

/** `pharmacy.listReorderLevels` */
export async function reorderLevels(
  { fhir, store }: WithFhir,
  { medication, isBelow }: { medication?: string; isBelow?: boolean },
): Promise<ReorderLevel[]> {
  const clauses = [tokenClause("MedicationKnowledge", "_tag", { system: IN_USE.system, value: IN_USE.code })];
  const [records, usable] = await Promise.all([
    fhir.find({ type: "MedicationKnowledge", clauses, limit: MAX_LEVELS }),
    usableShelves(store, medication),
  ]);
  return records
    .flatMap((record) => levelIn(record) ?? [])
    .filter(({ medication: { system, code } }) => medication === undefined || medication === `${system}|${code}`)
    .map((said) => reorderLevel(said, usable.get(stockCounter(said.medication)) ?? []))
    .filter((one) => isBelow === undefined || one.isBelow === isBelow)
    .sort((one, other) => one.quantity / one.level - other.quantity / other.level)
    .slice(0, MAX_ANSWERED);
}

/** The usable stock by the medication's counter: three questions to the store, however many levels there are. */
async function usableShelves(store: Store, medication: string | undefined): Promise<Map<string, Portion[]>> {
  const [shelves, marks] = await Promise.all([shelvesIn(store, medication), store.counters(BLOCKED, MAX_BLOCKED)]);
  const blocked = new Map(marks.map(({ name, value }) => [name, value]));
  const books: Books = { counter: async (name) => blocked.get(name), counters: async () => [] };
  const now = Date.now();
  const states = await Promise.all(shelves.map((it) => stateOf(it, now, books)));
  return Map.groupBy(
    shelves.filter((_, index) => states[index] === undefined),
    ({ medication: of }) => stockCounter(of),
  );
}
