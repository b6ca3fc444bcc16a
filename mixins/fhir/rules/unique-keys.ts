/** Keys that no two existing resources of a service may share: a rule over several resources ("one open visit per patient"). */
import type { FhirResource, ResourceOf, ResourceType } from "../../../fhir/r4.ts";
import type { Resource } from "../../../fhir/resource.ts";
import type { UniqueKey, Write } from "../../../store/writes.ts";
import type { SteppedChange } from "./evaluate.ts";
import type { GatheredFacts } from "./gather.ts";
import type { Facts } from "./rule.ts";
import type { Rulebook } from "./rulebook.ts";

/** A unique key with its element, so that a refusal says where. */
export interface KeyOf extends Required<UniqueKey> {
  /** Id of the rule to which it belongs: where that does not refuse, the key is not unique. Absent: it always is. */
  rule?: string;
}

/** Computes the keys of a resource from its content alone. Pure. */
export type KeysOf<Of> = (resource: Of) => KeyOf[];

/** Keys that depend on facts about what the resource refers to, e.g. whether a place is a bed. Pure. */
export interface KeysByFacts<Of> {
  /** References whose facts are needed; called at each write; empty where none are needed. */
  about(resource: Of): string[];
  keys(resource: Of, facts: Pick<Facts, "of">): KeyOf[];
}

/** The keys of a service, by type. */
export type UniqueOf = { [Type in ResourceType]?: KeysOf<ResourceOf<Type>> | KeysByFacts<ResourceOf<Type>> };

/** The keys of any type, for the mixin. */
export type AnyKeys = Record<string, KeysOf<Resource> | KeysByFacts<Resource> | undefined>;

/** Whether keys of the type depend on facts. */
export const areByFacts = (keys: AnyKeys[string]): keys is KeysByFacts<Resource> => typeof keys === "object";

/** Adds the keys that depend on facts. @throws 503 OWNER_DOWN when an owner whose facts are needed is down */
export async function addKeysByFacts(
  writes: Write[],
  { unique, changes, facts, rules }: { unique: AnyKeys; changes: SteppedChange[]; facts: GatheredFacts; rules: Rulebook },
): Promise<void> {
  const keyed = changes.flatMap(({ step, type, change: { after } }) => {
    const keys = unique[type];
    return after && areByFacts(keys) ? [{ step, type, keys, resource: after as FhirResource as unknown as Resource }] : [];
  });
  if (keyed.length === 0) return;
  await facts.ask(keyed.flatMap(({ keys, resource }) => keys.about(resource)));
  for (const { step, type, keys, resource } of keyed) {
    const write = writes[step];
    const held = keys.keys(resource, facts).flatMap(({ rule, ...key }) => (rule === undefined || rules.isOn(type, rule) ? [key] : []));
    if (write?.op === "create" || write?.op === "update") writes[step] = { ...write, unique: held };
  }
}
