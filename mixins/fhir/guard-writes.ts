/** Which steps of a write its caller may send to an owner. A refusal concerns the whole write and names the step. */
import type { Errors, Context } from "moleculer";
import { parseJson } from "../../fhir/json.ts";
import { typesReadBy } from "../../fhir/search/types-read.ts";
import { accessOf, notAllowed, outsideOfPart } from "../../mesh/access/access.ts";
import { isSystem } from "../../mesh/access/identity.ts";
import type { Interaction } from "../../mesh/access/roles.ts";
import { countsMoves } from "../../federation/moves.ts";
import type { OwnerStep, ResourceOwnerStep } from "../../federation/owner-contract.ts";
import type { Store } from "../../store/store.ts";
import { isVisible, type Sight, sightOf } from "./sight.ts";

const WORDS: Record<Interaction, string> = { c: "create", r: "read", u: "update", d: "delete", s: "search" };

/**
 * Requires that the caller may do all of the steps.
 * @returns a function: whether the caller may read what a step has written
 * @throws 401 SIGN_IN_NEEDED, 403 NOT_ALLOWED with `data.step`
 */
export async function requireMayWrite(ctx: Context, store: Store, steps: OwnerStep[]): Promise<(step: OwnerStep | undefined) => boolean> {
  const sight = sightOf(ctx);
  if (!sight) return () => true;
  const access = accessOf(ctx.broker);
  const isOwnWork = isSystem(access.identityOf(ctx));
  for (const [index, step] of steps.entries()) {
    const refused = await refusalOf(sight, store, step, isOwnWork);
    if (refused !== undefined) throw ofStep(notAllowed(refused), index);
  }
  return (step) => {
    if (step === undefined || !("type" in step)) return false;
    return "text" in step ? isVisible(sight, { type: step.type, json: step.text }) : sight.reach(step.type, "r") !== "none";
  };
}

/** What the caller may not do of a step; undefined: nothing. */
async function refusalOf(sight: Sight, store: Store, step: OwnerStep, isOwnWork: boolean): Promise<string | undefined> {
  const lacks = (type: string, interaction: Interaction) =>
    sight.reach(type, interaction) === "none" ? `${WORDS[interaction]} ${type}` : undefined;
  // The outcome of a condition reveals whether any resource matches it, also one that the caller may not see.
  const lacksAll = (type: string) => (sight.reach(type, "s") === "all" ? undefined : `search all of ${type}`);
  const unseen = subscribedBy(step).find(lacksAll);
  if (unseen !== undefined) return `subscribe to ${unseen}`;
  switch (step.op) {
    case "create":
      return lacks(step.type, "c") ?? (step.ifNoneExist && lacksAll(step.type)) ?? outsideOf(sight, store, step, ["c"]);
    case "update": {
      // Most callers may both create and update: then it does not matter which of them it is.
      const { type, id, was } = step;
      if (sight.reach(type, "c") === "all" && sight.reach(type, "u") === "all") return undefined;
      if (sight.reach(type, "c") === "none" && sight.reach(type, "u") === "none") return lacks(type, "u");
      const json = (await store.read(type, id))?.json ?? was;
      // Otherwise the caller could find out which ids are taken by resources that it may not see; so it cannot create under an id of its choice.
      const seesAll = sight.reach(type, "r") === "all" || sight.reach(type, "u") === "all";
      if (!seesAll && (json === undefined || !isVisible(sight, { type, json }))) return outsideOfPart("update", type);
      const isNew = step.upsert && json === undefined;
      return lacks(step.type, isNew ? "c" : "u") ?? outsideOf(sight, store, step, [isNew ? "c" : "u"]);
    }
    case "delete":
      // A resource that moves to another owner is updated, from its client's point of view.
      return lacks(step.type, step.moved ? "u" : "d") ?? outsideOf(sight, store, step, [step.moved ? "u" : "d"]);
    case "hold":
      return lacksAll(step.type);
    case "add":
      return isOwnWork || countsMoves(step.counter) ? undefined : "count by yourself";
    default:
      return isOwnWork ? undefined : "tell events";
  }
}

/** The types that a Subscription's criteria look at: its writer must be allowed to see them, as the mesh compares and notifies with its own rights. None for other steps. */
function subscribedBy(step: OwnerStep): readonly string[] {
  if (!("text" in step) || step.type !== "Subscription") return [];
  const { criteria } = parseJson(step.text) as { criteria?: unknown };
  return typeof criteria === "string" ? typesReadBy(criteria) : [];
}

/** For callers who reach only a part of a type, e.g. one patient's record: the resource must be in it before and after the write. */
async function outsideOf(sight: Sight, store: Store, step: ResourceOwnerStep, [interaction]: [Interaction]): Promise<string | undefined> {
  if (typeof sight.reach(step.type, interaction) === "string") return undefined;
  const texts = [
    "text" in step ? step.text : step.becomes,
    "was" in step ? step.was : undefined,
    (await store.read(step.type, step.id))?.json,
  ];
  const isOutside = texts.some((json) => json !== undefined && !isVisible(sight, { type: step.type, json }, interaction));
  return isOutside ? outsideOfPart(WORDS[interaction], step.type) : undefined;
}

function ofStep(error: Errors.MoleculerError, step: number): Errors.MoleculerError {
  error.data = { step };
  return error;
}
