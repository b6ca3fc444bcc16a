/** Which steps of a write its caller may send to an owner. Refused is the whole write, and the step named. */
import type { Errors, Context } from "moleculer";
import { parseJson } from "../../fhir/json.ts";
import { accessOf, notAllowed, outsideOfPart } from "../../mesh/access/access.ts";
import { isSystem } from "../../mesh/access/identity.ts";
import type { Interaction } from "../../mesh/access/roles.ts";
import { countsMoves } from "../../federation/moves.ts";
import type { OwnerStep, ResourceOwnerStep } from "../../federation/owner-contract.ts";
import type { Store } from "../../store/store.ts";
import { isVisible, type Sight, sightOf } from "./sight.ts";

const WORDS: Record<Interaction, string> = { c: "create", r: "read", u: "update", d: "delete", s: "search" };

/**
 * Requires that the caller may do all of it.
 * @returns whether it may read what it has written, by step
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

/** What of a step the caller may not do; undefined: nothing. */
async function refusalOf(sight: Sight, store: Store, step: OwnerStep, isOwnWork: boolean): Promise<string | undefined> {
  const lacks = (type: string, interaction: Interaction) =>
    sight.reach(type, interaction) === "none" ? `${WORDS[interaction]} ${type}` : undefined;
  // A condition tells whether anybody's resource answers it.
  const lacksAll = (type: string) => (sight.reach(type, "s") === "all" ? undefined : `search all of ${type}`);
  const subscribed = subscribedBy(step);
  if (subscribed !== undefined && lacksAll(subscribed)) return `subscribe to ${subscribed}`;
  switch (step.op) {
    case "create":
      return lacks(step.type, "c") ?? (step.ifNoneExist && lacksAll(step.type)) ?? outsideOf(sight, store, step, ["c"]);
    case "update": {
      // Most may do both: then nobody needs to know whether it is there.
      if (sight.reach(step.type, "c") === "all" && sight.reach(step.type, "u") === "all") return undefined;
      const isNew = step.upsert && (await store.read(step.type, step.id))?.json === undefined && step.was === undefined;
      // Under an id of its own choice nobody makes anything who could find out so which ids are taken by what they may not see.
      if (isNew && sight.reach(step.type, "r") !== "all" && sight.reach(step.type, "u") !== "all") {
        return outsideOfPart("update", step.type);
      }
      return lacks(step.type, isNew ? "c" : "u") ?? outsideOf(sight, store, step, [isNew ? "c" : "u"]);
    }
    case "delete":
      // What only moves to another owner is an update, as its client sees it.
      return lacks(step.type, step.moved ? "u" : "d") ?? outsideOf(sight, store, step, [step.moved ? "u" : "d"]);
    case "hold":
      return lacksAll(step.type);
    case "add":
      return isOwnWork || countsMoves(step.counter) ? undefined : "count by yourself";
    default:
      return isOwnWork ? undefined : "tell events";
  }
}

/** What a Subscription notifies of: its writer must see it, as notifications are made with the mesh's own right. Undefined for other steps. */
function subscribedBy(step: OwnerStep): string | undefined {
  if (!("text" in step) || step.type !== "Subscription") return undefined;
  const { criteria } = parseJson(step.text) as { criteria?: unknown };
  return typeof criteria === "string" ? criteria.split("?", 1)[0] : undefined;
}

/** Of who reaches a part of a type, one patient's record for one: what is written was in it, and stays in it. */
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
