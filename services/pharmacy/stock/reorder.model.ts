/** Reorder levels: a FHIR MedicationKnowledge for each medication and place. Plain data in, plain data out. */
import { createHash } from "node:crypto";
import { numberOf } from "../../../fhir/json.ts";
import type { MedicationKnowledge, Stored } from "../../../fhir/r4.ts";
import { localReference } from "../../../federation/facts.ts";
import { counted } from "../../../store/counted.ts";
import type { Code, ReorderLevel } from "../stock.contract.ts";
import { codesOf } from "../pharmacy.model.ts";
import type { Portion } from "./portions.model.ts";

/** URL of an extension of a MedicationKnowledge: `place` (a Reference; absent: the default place) and `level` (a decimal, units). */
const REORDER_LEVEL = "urn:openward:reorder-level";
/** Tag of levels in use, by which they are found. */
export const IN_USE = { system: "urn:openward:stock", code: "reorder-level" } as const;

/** The level of one medication at one place; an absent place is the default one. */
export interface LevelSaid {
  medication: Code;
  place?: string;
  level: number;
}

/** Id of the record, derived from medication and place, so that there is one. */
export const recordOf = ({ medication: { system, code }, place = "" }: Omit<LevelSaid, "level">): string =>
  `reorder-${createHash("sha256")
    .update(JSON.stringify([system, code, place]))
    .digest("hex")
    .slice(0, 40)}`;

/** The record of a level; with a level of 0 it is no longer in use. */
export function recordedLevel(said: LevelSaid, before: Stored<MedicationKnowledge> | undefined): MedicationKnowledge & { id: string } {
  const { medication, place, level } = said;
  const isUsed = level > 0;
  const { tag: tags = [], ...others } = before?.meta ?? {};
  const tag = [...tags.filter(({ system }) => system !== IN_USE.system), ...(isUsed ? [IN_USE] : [])];
  const meta = { ...others, ...(tag.length > 0 && { tag }) };
  const at = place === undefined ? [] : [{ url: "place", valueReference: { reference: place } }];
  return {
    resourceType: "MedicationKnowledge",
    id: recordOf(said),
    ...(Object.keys(meta).length > 0 && { meta }),
    status: isUsed ? "active" : "inactive",
    code: { coding: [medication] },
    extension: [{ url: REORDER_LEVEL, extension: [...at, { url: "level", valueDecimal: level }] }],
  };
}

/** The level in a record; undefined if it cannot be read. */
export function levelIn({ code, extension = [] }: MedicationKnowledge): LevelSaid | undefined {
  const parts = extension.find(({ url }) => url === REORDER_LEVEL)?.extension ?? [];
  const level = numberOf(parts.find(({ url }) => url === "level")?.valueDecimal);
  const place = localReference(parts.find(({ url }) => url === "place")?.valueReference?.reference);
  const [medication] = codesOf(code);
  if (level === undefined || level <= 0 || medication === undefined) return undefined;
  return { medication, level, ...(place !== undefined && { place }) };
}

/** The level with the usable stock. @param shelves of the medication, without expired or blocked lots */
export function reorderLevel({ medication, place, level }: LevelSaid, shelves: readonly Portion[]): ReorderLevel {
  const quantity = counted(shelves.filter((it) => it.place === (place ?? "")).reduce((sum, it) => sum + it.quantity, 0));
  return { medication, ...(place !== undefined && { place }), level, quantity, isBelow: quantity <= level };
}
