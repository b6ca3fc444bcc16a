/** The targets of an act's references must exist when it is written. */
import type { FhirResource, Reference } from "../../../fhir/r4.ts";
import { ACT_REFERENCES, RESTED_ON } from "../../../federation/act-references.ts";
import { type Fact, localReference, splitPlace } from "../../../federation/facts.ts";
import { idOf, refusal } from "./common.ts";
import { isOfThePast } from "./past.ts";
import { type Change, lookedAt, oncePerChange, type Rule } from "./rule.ts";

/** A reference of an act, and its element. */
interface Placed {
  /** `Type/id` */
  place: string;
  path: string;
  isOwn: boolean;
}

/** By path; rules use few paths, many times. */
const names = new Map<string, readonly string[]>();

function namesOf(path: string): readonly string[] {
  const known = names.get(path) ?? path.split(".");
  names.set(path, known);
  return known;
}

const NONE: Reference[] = [];

/** The References at a path, through arrays; the list may be the resource's own. @param path as in R4's definitions, or one of a rule's own */
export function referencesAt(resource: unknown, path: string): Reference[] {
  const [first = "", ...others] = namesOf(path);
  const root = (resource as Record<string, unknown> | null | undefined)?.[first];
  if (root === undefined || root === null) return NONE;
  let values: unknown[] = Array.isArray(root) ? root : [root];
  for (const name of others) {
    if (values.length === 0) break;
    const next: unknown[] = [];
    for (const value of values) {
      const found = (value as Record<string, unknown> | null)?.[name];
      if (Array.isArray(found)) for (const one of found as unknown[]) next.push(one);
      else if (found !== undefined && found !== null) next.push(found);
    }
    values = next;
  }
  return values as Reference[];
}

function restedOn(type: string, resource: unknown): Placed[] {
  const all: Placed[] = [];
  for (const { path, isOwn = false } of ACT_REFERENCES[type] ?? []) {
    for (const { reference } of referencesAt(resource, path)) {
      const place = localReference(reference);
      if (place !== undefined && RESTED_ON.has(splitPlace(place)[0])) all.push({ place, path, isOwn });
    }
  }
  return all;
}

/** A record of the past without any target known here was made in another system: no act of this hospital depends on nothing. */
const isOfElsewhere = (found: (Fact["is"] | undefined)[], { op, after, arrives, now }: Change): boolean =>
  (op === "create" || arrives === true) && after !== undefined && isOfThePast(after, now) && found.every((is) => is === "absent");

const nameOf = ({ place, path }: Placed): string => `${path} ${place}`;

/** The rule of one type of act. References that the previous version already had are not checked again. */
export function referencesExist<Of extends FhirResource>(type: Of["resourceType"]): Rule<Of> {
  const id = `${idOf(type)}-references`;
  const allOf = oncePerChange(({ after }: Change<Of>): Placed[] => (after ? restedOn(type, after) : []));
  const added = oncePerChange((change: Change<Of>): Placed[] => {
    const before = lookedAt(change);
    if (!before) return allOf(change);
    const known = new Set(restedOn(type, before).map(nameOf));
    return allOf(change).filter((one) => !known.has(nameOf(one)));
  });
  const placesOf = oncePerChange((change: Change<Of>): string[] => added(change).map(({ place }) => place));
  return {
    id,
    group: "references",
    holdsAlways: true,
    says: `The resources on which the act depends exist: ${(ACT_REFERENCES[type] ?? []).map(({ path }) => path).join(", ")}. A past act from another system may be stored if none of these resources is known here.`,
    facts: placesOf,
    check(change, facts) {
      const all = allOf(change);
      if (all.length === 0) return undefined;
      const isNew = new Set(added(change));
      const dangling = all.filter((one) => {
        const fact = facts.of(one.place);
        // What the same write deletes (version 0) must not remain referred to, not even by earlier references.
        return (fact?.is === "deleted" && (fact.version === 0 || isNew.has(one))) || (fact?.is === "absent" && isNew.has(one));
      });
      const broken = dangling.find(({ isOwn }) => isOwn) ?? dangling[0];
      if (
        !broken ||
        (!broken.isOwn &&
          isOfElsewhere(
            all.map(({ place }) => facts.of(place)?.is),
            change,
          ))
      ) {
        return undefined;
      }
      const what = `${broken.place} is not here: refer to an existing resource, or store it first (or in the same transaction).`;
      return { ...refusal(id, what, `${type}.${broken.path}`), data: { reference: broken.place }, missing: broken.place };
    },
  };
}
