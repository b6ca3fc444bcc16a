/** The shape of `fhir/generated/search.json`, which `npm run generate` makes from HL7's definitions. */

/** [path, data type, system of a code]. "FamilyName" stands for the string in HumanName.family. */
export type Read = [path: string, type: string, system?: string];

/** Slot `FIRST_LOCAL + index` of its type. */
export type SlotJson =
  | { as: string; read: Read[] }
  /** A composite below the resource: the parts are read below each element at `base`. */
  | { as: string; base: string; parts: Read[][] };

/** A part of a composite: search type, and the local numbers of its slots. */
export interface PartJson {
  code: string;
  type: string;
  slots: number[];
}

/** One search parameter of one type, as `npm run generate` writes it. */
export interface ParameterJson {
  type: string;
  slots?: number[];
  /** Resource types that a reference may lead to; absent: any. */
  targets?: string[];
  /** Only references to this type count, although the element has others. */
  only?: string;
  /** For a composite: the parts' types and codes, each a parameter of this resource type. */
  parts?: PartJson[];
}

/** The slots and search parameters of one type; a slot's place in the list, plus FIRST_LOCAL, is its local number. */
export interface TypeJson {
  slots: SlotJson[];
  parameters: Record<string, ParameterJson>;
}

/** Locals 0 to 9 belong to the parameters that every type has. */
export const FIRST_LOCAL = 10;

/** What `fhir/generated/search.json` holds. */
export interface SearchJson {
  fhirVersion: string;
  /** Compartment → resource type → the parameters by which it belongs to it; "_id": the compartment's own resource. */
  compartments: Record<string, Record<string, string[]>>;
  /** All concrete resource types in alphabetical order. */
  types: Record<string, TypeJson>;
}
