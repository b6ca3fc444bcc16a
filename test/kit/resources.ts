/** Writes for stores in tests: a patient with a name and an identifier. */
import type { Clause, IndexRows } from "../../fhir/search/query.ts";
import type { Write } from "../../store/writes.ts";

export const NAME = 101;
export const IDENTIFIER = 102;
export const BIRTH = 111;

export interface PatientOf {
  name?: string;
  identifier?: string;
  born?: number;
}

export const nothing: IndexRows = { keys: [], ranges: [] };

export function indexOf({ name, identifier, born }: PatientOf): IndexRows {
  return {
    keys: [
      ...(name ? [[NAME, `~${name}`] as [number, string]] : []),
      ...(identifier ? [[IDENTIFIER, `=${identifier}`] as [number, string]] : []),
    ],
    ranges: born === undefined ? [] : [[BIRTH, born, born + 999, ""]],
  };
}

const bodyOf = ({ name = "" }: PatientOf) => ({ meta: "", rest: `,"name":[{"family":${JSON.stringify(name)}}]}` });

type Create = Extract<Write, { op: "create" }>;
type Update = Extract<Write, { op: "update" }>;

export const create = (id: string, patient: PatientOf = {}, more: Partial<Create> = {}): Create => {
  return { op: "create", type: "Patient", id, body: bodyOf(patient), index: indexOf(patient), ...more };
};

export const update = (id: string, patient: PatientOf = {}, more: Partial<Update> = {}): Update => {
  return { op: "update", type: "Patient", id, body: bodyOf(patient), index: indexOf(patient), upsert: true, ...more };
};

export const remove = (id: string, more: Partial<Extract<Write, { op: "delete" }>> = {}): Write => ({
  op: "delete",
  type: "Patient",
  id,
  ...more,
});

export const named = (name: string): Clause => ({ kind: "key", slots: [NAME], any: [{ eq: `~${name}` }] });
export const identified = (identifier: string): Clause => ({ kind: "key", slots: [IDENTIFIER], any: [{ eq: `=${identifier}` }] });

/** The condition of a conditional create by identifier. */
export const unlessIdentified = (identifier: string) => ({
  ifNoneExist: { lock: `Patient?identifier=${identifier}`, clauses: [identified(identifier)] },
});

/** Two patients cannot lie in one bed. */
export const inBed = (bed: string) => ({ unique: [{ key: `bed:${bed}`, error: "BED_OCCUPIED" }] });
