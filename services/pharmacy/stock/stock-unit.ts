/**
 * The stock of a medication is counted in one unit: that of its packs' content according to the catalogue (MedicationKnowledge.packaging), otherwise
 * that of its first movement that names one. A quantity in another unit is converted by the catalogue, or refused by an error that names the stock's
 * unit. A quantity without a unit is in the stock's.
 */
import type { Extension, FhirResource, MedicationKnowledge, Quantity } from "../../../fhir/r4.ts";
import { numberOf } from "../../../fhir/json.ts";
import { tokenClause } from "../../../fhir/search/exact-clauses.ts";
import { splitPlace } from "../../../federation/facts.ts";
import { typed } from "../../../fhir/typed.ts";
import { ruleType } from "../../../mixins/fhir/rules/common.ts";
import type { Effect, EffectTools, FullEffect, Movement } from "../../../mixins/fhir/rules/effects.ts";
import { OWN_EXTENSIONS } from "../../../mixins/fhir/rules/final.ts";
import type { Change, Facts, Question } from "../../../mixins/fhir/rules/rule.ts";
import { counted } from "../../../store/counted.ts";
import type { Store } from "../../../store/store.ts";
import type { Code } from "../pharmacy.contract.ts";
import { codeOfCounter, STOCK } from "../pharmacy.model.ts";
import { isOneUnit, type Unit, unitOf } from "../unit.model.ts";
import { keptBy } from "./books.ts";
import { itemOf, type Named } from "./item.ts";
import { partsOf, type Shelf } from "./portions.model.ts";

/** Prefix of the names of counters of movements that name a unit. */
export const UNITS = "units/";
/** Prefix of the names of counters that change when the unit of a stock is decided. */
const FIRST = "first-unit/";
/** URL of an extension of a dispense or a delivery with a unit: the stock's units per own unit, and the stock. */
const STOCK_UNIT = OWN_EXTENSIONS.unit;
/** Codes by which the catalogue is searched, and packs of one medication that are used. */
const [MAX_CODES, MAX_PACKS] = [3, 100];
const LEAST = 0.000_001;

type Marked = { extension?: Extension[] };

const markOf = (resource: Marked | undefined): Extension | undefined => resource?.extension?.find(({ url }) => url === STOCK_UNIT);
const part = (of: Extension | undefined, name: string): Extension | undefined => of?.extension?.find(({ url }) => url === name);

/** The stock's units per unit of the resource. */
const factorOf = (resource: Marked | undefined): number => numberOf(part(markOf(resource), "in")?.valueQuantity?.value) ?? 1;

/** Quantity in the stock's unit. @param own quantity in the resource's own unit */
export const inStock = (own: number, resource: Marked | undefined): number => counted(own * factorOf(resource));

/** The counters by which a resource counts for the unit of its stock. */
export function unitLevels(resource: Marked | undefined): [counter: string, by: number][] {
  const mark = markOf(resource);
  const { system = "", code = "" } = part(mark, "medication")?.valueCoding ?? {};
  const unit = part(mark, "in")?.valueQuantity;
  return unit ? [[unitCounter({ system, code }, unitOf(unit)), 1]] : [];
}

const unitsOfStock = ({ system, code }: Shelf["medication"]): string => `${UNITS}${partsOf([`${system}|${code}`])}/`;
const unitCounter = (medication: Shelf["medication"], { unit = "", system = "", code = "" }: Unit): string =>
  unitsOfStock(medication) + partsOf([unit, system, code]);

function unitOfCounter(name: string): Unit {
  const [unit, system, code] = name.split("/").slice(-3).map(decodeURIComponent);
  return unitOf({ ...(unit && { unit }), ...(system && { system }), ...(code && { code }) });
}

/** The unit of a medication's stock; undefined: no movement has named one. */
async function stockUnitOf(medication: Shelf["medication"], { counters }: Pick<EffectTools, "counters">): Promise<Unit | undefined> {
  const named = (await counters(unitsOfStock(medication))).find(({ value }) => value > 0);
  return named && unitOfCounter(named.name);
}

/** The unit of each stock, or of one. */
export async function unitsNamed(
  store: Pick<Store, "counters">,
  medication: Shelf["medication"] | undefined,
  limit: number,
): Promise<{ medication: Shelf["medication"]; unit: string }[]> {
  const all = await store.counters(medication ? unitsOfStock(medication) : UNITS, limit);
  return all.flatMap(({ name, value }) => {
    const [of = ""] = name.slice(UNITS.length).split("/").map(decodeURIComponent);
    return value > 0 ? [{ medication: codeOfCounter(STOCK + of), unit: nameOf(unitOfCounter(name)) }] : [];
  });
}

/** Questions to the catalogue about a medication. */
export const packQuestions = (codes: Code[]): Question[] =>
  codes.slice(0, MAX_CODES).map(({ system, code }) => ({
    type: "MedicationKnowledge",
    clauses: [tokenClause("MedicationKnowledge", "code", { system, value: code })],
    limit: MAX_PACKS,
    isAnswer: (made) => typed<MedicationKnowledge>(made).code?.coding?.some((it) => it.system === system && it.code === code) ?? false,
  }));

/** A pack in the catalogue: one `pack` holds a number of `content`. */
interface Pack {
  pack: Unit[];
  content: Unit;
  holds: number;
}

function packsOf(codes: Code[], facts: Facts): Pack[] {
  const entries = packQuestions(codes).flatMap((question) => facts.found(question).map((it) => typed<MedicationKnowledge>(it)));
  return entries.flatMap((entry) => {
    const { type, quantity } = entry?.packaging ?? {};
    const holds = numberOf(quantity?.value);
    const words = [type?.text, ...(type?.coding ?? []).flatMap(({ code, display }) => [code, display])];
    const pack = words.flatMap((unit): Unit[] => (unit === undefined ? [] : [{ unit }]));
    if (entry?.status === "inactive" || entry?.status === "entered-in-error" || holds === undefined || holds <= 0) return [];
    const content = unitOf(quantity);
    return pack.length > 0 && Object.keys(content).length > 0 ? [{ pack, content, holds }] : [];
  });
}

/** Units of `to` per `from`, by the packs; undefined if they do not say, or contradict each other. */
function converted(from: Unit, to: Unit, packs: Pack[]): number | undefined {
  const sizes = (unit: Unit, { pack, content, holds }: Pack): number[] => [
    ...(isOneUnit(unit, content) ? [1] : []),
    ...(pack.some((word) => isOneUnit(unit, word)) ? [holds] : []),
  ];
  const found = new Set<number>();
  for (const one of packs) {
    for (const other of packs.filter(({ content }) => isOneUnit(content, one.content))) {
      for (const size of sizes(from, one)) for (const unit of sizes(to, other)) found.add(size / unit);
    }
  }
  const [only = 0] = found;
  // A third of a box would never add up to a box.
  return found.size === 1 && counted(counted(only) / only) === 1 && Math.abs(counted(only) - only) < LEAST / 1e6 ? only : undefined;
}

/** How resources of a type move stock by a quantity. */
export interface MovedBy<Of> {
  isMoving(resource: Of | undefined): boolean;
  quantityOf(resource: Of): Quantity | undefined;
  named(resource: Of): Named;
  /** Whether it may add a medication that is not stocked yet. */
  isNew: boolean;
  /** Name of the rule, and FHIRPath of the quantity. */
  rule: string;
  at: string;
}

/** A change whose resource records the conversion of its quantity to the stock's unit. */
export interface ChangeInStockUnit<Of extends FhirResource> {
  change: Change<Of>;
  movements: Movement[];
  refusals: FullEffect["refusals"];
}

/** The change, with the conversion to its stock's unit recorded on the resource. */
export async function inStockUnit<Of extends FhirResource & Marked>(
  change: Change<Of>,
  type: MovedBy<Of>,
  tools: EffectTools,
): Promise<ChangeInStockUnit<Of>> {
  const { before, after } = change;
  const stood = type.isMoving(before) ? before : undefined;
  if (!after || !type.isMoving(after)) return { change, movements: unitMovements(stood, undefined, {}), refusals: [] };
  const essence = (it: Of) => JSON.stringify([type.quantityOf(it), type.named(it)]);
  if (stood && essence(stood) === essence(after)) {
    return { change: { ...change, after: withMark(after, markOf(stood)) }, movements: [], refusals: [] };
  }
  const { mark, first = [], held = {}, refusals = [] } = await markFor(after, type, tools);
  const marked = withMark(after, mark);
  return { change: { ...change, after: marked }, movements: [...first, ...unitMovements(stood, marked, held)], refusals };
}

/** The record of a resource's unit. */
interface MarkFor {
  mark?: Extension;
  /** Conditions while its unit is the first of the stock, so that of two concurrent ones the second is decided again. */
  first?: Movement[];
  /** Condition while others have the same unit. */
  held?: Pick<Movement, "above">;
  refusals?: FullEffect["refusals"];
}

async function markFor<Of extends FhirResource>(
  resource: Of,
  { quantityOf, named, isNew, rule, at }: MovedBy<Of>,
  tools: EffectTools,
): Promise<MarkFor> {
  const own = unitOf(quantityOf(resource));
  const { codes } = await itemOf(named(resource), tools);
  const [first] = codes;
  const medication = (await keptBy(codes, tools))?.medication ?? (isNew && first ? { system: first.system, code: first.code } : undefined);
  if (!medication || Object.keys(own).length === 0) return {};
  const packs = packsOf(codes, tools.facts);
  const decided = FIRST + unitsOfStock(medication);
  await tools.counter(decided); // before the unit is read, so that a concurrent decision conflicts
  const known = await stockUnitOf(medication, tools);
  const unit = known ?? packs.find(({ content }) => converted(own, content, packs) !== undefined)?.content ?? own;
  const factor = isOneUnit(own, unit) ? 1 : converted(own, unit, packs);
  if (factor === undefined) return { refusals: [{ rule, refusal: otherUnit(unit, own, { rule, at }) }] };
  const { system, code } = medication;
  const mark: Extension = {
    url: STOCK_UNIT,
    extension: [
      { url: "medication", valueCoding: { ...(system !== "" && { system }), code } },
      { url: "in", valueQuantity: { value: factor, ...unit } },
    ],
  };
  return known ? { mark, held: { above: 0 } } : { mark, first: [{ counter: decided, by: 1, isExact: true }] };
}

function withMark<Of extends Marked>(resource: Of, mark: Extension | undefined): Of {
  const { extension = [], ...rest } = resource;
  const all = [...extension.filter(({ url }) => url !== STOCK_UNIT), ...(mark ? [mark] : [])];
  return { ...rest, ...(all.length > 0 && { extension: all }) } as Of;
}

const nameOf = ({ unit, code }: Unit): string => unit ?? code ?? "";

const otherUnit = (stock: Unit, own: Unit, { rule, at }: { rule: string; at: string }) => ({
  code: 422 as const,
  type: ruleType(rule),
  message: `The stock of this medication is counted in "${nameOf(stock)}": give the quantity in it, or say in the catalogue how many a "${nameOf(own)}" holds (MedicationKnowledge.packaging).`,
  at,
  data: { unit: nameOf(stock) },
});

/** The movements of the units' counters by a change. */
function unitMovements(before: Marked | undefined, after: Marked | undefined, held: Pick<Movement, "above">): Movement[] {
  const moves = new Map<string, number>();
  for (const [name, by] of unitLevels(before)) moves.set(name, (moves.get(name) ?? 0) - by);
  for (const [name, by] of unitLevels(after)) moves.set(name, (moves.get(name) ?? 0) + by);
  return [...moves].flatMap(([counter, by]) => (by === 0 ? [] : [{ counter, by, ...(by > 0 && held) }]));
}

/** The combined effect. @param given the resource as it was sent */
export function withUnit<Of extends FhirResource & Marked>(
  effect: FullEffect,
  { change: { after, reference }, movements, refusals }: ChangeInStockUnit<Of>,
  given: Of | undefined,
): Effect {
  const isAmended = JSON.stringify(markOf(after)) !== JSON.stringify(markOf(given));
  const id = splitPlace(reference)[1];
  const isIn = effect.changes.some((it) => it.resourceType === after?.resourceType && it.id === id);
  return {
    ...effect,
    movements: [...effect.movements, ...movements],
    changes: after && isAmended && !isIn ? [...effect.changes, { ...after, id }] : effect.changes,
    refusals: [...refusals, ...effect.refusals],
  };
}
