/** `$meta`, `$meta-add`, `$meta-delete`: profiles, tags and security labels (FHIR R4, resource-operations.html#meta). */
import { isDeepStrictEqual } from "node:util";
import { areFulfilled, preconditionsOf } from "../../../../fhir/preconditions.ts";
import { parseJson } from "../../../../fhir/json.ts";
import { fhirError } from "../../../../fhir/outcome.ts";
import { ownerOf } from "../../../../federation/owner-contract.ts";
import { gone, locked, staleVersion } from "../../../../federation/errors.ts";
import { asWriteConflict, retryOnConflict } from "../../../../federation/retry-on-conflict.ts";
import { readResource, readVersion } from "../../../../federation/read.ts";
import { seesNothingOf } from "../../../../federation/unseen-types.ts";
import type { Answer } from "../../http/answer.ts";
import { asArray, fhirAnswer, givenIn, type Json } from "../operation-input.ts";
import { rewrite, versionNamed } from "../interactions/resource.ts";
import { type FhirRequest, namedVersions } from "../request.ts";
import { requireParameter, tokenOfRow } from "../../../../fhir/search/exact-clauses.ts";

const metaAnswer = (meta: unknown): Answer =>
  fhirAnswer({ resourceType: "Parameters", parameter: [{ name: "return", valueMeta: meta ?? {} }] });

/** GET Type/id/$meta, and of one version: Type/id/_history/version/$meta */
export async function meta(request: FhirRequest, type: string, id: string, version?: string): Promise<Answer> {
  const stored =
    version === undefined ? await readResource(request, type, id) : await readVersion(request, type, id, versionNamed(type, id, version));
  if (stored.json === undefined) throw gone(type, id, stored.version);
  return metaAnswer((parseJson(stored.json) as Json).meta);
}

/** Limit of the profiles, tags and labels in one answer. */
const MAX_IN_USE = 10_000;
const IN_USE = { profile: "_profile", security: "_security", tag: "_tag" } as const;
type Member = keyof typeof IN_USE;

/**
 * GET Type/$meta and GET $meta: what is used in the type, or in the system. One call per owner. The answer is made from search values, so codings
 * come without display, and a profile that is named with a version also without it.
 */
export async function metaInUse(request: FhirRequest, type?: string): Promise<Answer> {
  const { directory, caller } = request;
  const types = type === undefined ? directory.types().filter((one) => !seesNothingOf(caller, one)) : [type];
  const members = new Map<number, Member>();
  const slotsOf = new Map<string, number[]>();
  for (const one of types) {
    for (const [member, code] of Object.entries(IN_USE) as [Member, string][]) {
      for (const slot of requireParameter(one, code).slots) {
        members.set(slot, member);
        for (const owner of directory.ownersOf(one)) slotsOf.set(owner, [...(slotsOf.get(owner) ?? []), slot]);
      }
    }
  }
  const perOwner = await Promise.all(
    [...slotsOf].map(([owner, slots]) => ownerOf(owner).distinct(caller, { slots: slots.sort((a, b) => a - b), limit: MAX_IN_USE + 1 })),
  );
  if (perOwner.some((rows) => rows.length > MAX_IN_USE)) {
    const narrower = type === undefined ? " Ask for one type." : "";
    throw fhirError(400, "too-costly", `More than ${MAX_IN_USE} profiles, tags and security labels are in use.${narrower}`);
  }
  const used: Record<Member, Set<string>> = { profile: new Set(), security: new Set(), tag: new Set() };
  for (const [slot, value] of perOwner.flat()) used[members.get(slot) as Member].add(value.slice(1));
  const sorted = (member: Member) => [...used[member]].sort();
  return metaAnswer(whenAny({ profile: sorted("profile"), security: sorted("security").map(codingOf), tag: sorted("tag").map(codingOf) }));
}

function codingOf(token: string): Json {
  const { code, system } = tokenOfRow(token);
  return { ...(system && { system }), ...(code && { code }) };
}

/**
 * POST Type/id/$meta-add and $meta-delete: profiles, tags and security labels; a change makes a new version, adding what is there and
 * deleting what is not does not. With If-Match only of that one (412); without, it is applied again after concurrent writes.
 */
export async function changeMeta(request: FhirRequest, type: string, id: string, change: "add" | "delete"): Promise<Answer> {
  const { value } = givenIn(await request.body(), "meta");
  if (!value || value.resourceType !== undefined) {
    throw fhirError(400, "required", "The body must be Parameters with a parameter meta of type Meta.", "Parameters.parameter");
  }
  const preconditions = preconditionsOf(namedVersions(request));
  const changed = async () => {
    const stored = await readResource(request, type, id);
    if (!areFulfilled(preconditions, stored.version)) throw staleVersion({ type, id, version: stored.version });
    const resource = parseJson(stored.json) as Json & { resourceType: string };
    const present = (resource.meta ?? {}) as Json;
    const next = change === "add" ? withMeta(present, value) : withoutMeta(present, value);
    if (isDeepStrictEqual(next, present)) return metaAnswer(present);
    const rewritten = rewrite({ ...request, prefer: {} }, { ...resource, id, meta: next }, stored.version);
    const { body = "{}" } = await (preconditions.versions ? rewritten : asWriteConflict(rewritten));
    return metaAnswer((parseJson(body) as Json).meta);
  };
  return retryOnConflict(
    () => [`${type}/${id}`],
    changed,
    () => locked({ type, id }),
  );
}

/** A key that is equal for equal codings. */
const codingKey = ({ system, code }: Json): string => JSON.stringify([system, code]);
const keysOf = (codings: Json[]): ReadonlySet<string> => new Set(codings.map(codingKey));

function withMeta(meta: Json, more: Json): Json {
  const codings = (name: string) => {
    const own = asArray(meta[name]);
    const known = keysOf(own);
    return [...own, ...asArray(more[name]).filter((it) => !known.has(codingKey(it)))];
  };
  const profile = [...new Set([...asArray(meta.profile), ...asArray(more.profile)])];
  return { ...meta, ...whenAny({ profile, tag: codings("tag"), security: codings("security") }) };
}

function withoutMeta(meta: Json, less: Json): Json {
  const codings = (name: string) => {
    const gone = keysOf(asArray(less[name]));
    return asArray(meta[name]).filter((it) => !gone.has(codingKey(it)));
  };
  const goneProfiles = new Set(asArray(less.profile));
  const profile = asArray(meta.profile).filter((it) => !goneProfiles.has(it));
  const { profile: _1, tag: _2, security: _3, ...rest } = meta;
  return { ...rest, ...whenAny({ profile, tag: codings("tag"), security: codings("security") }) };
}

const whenAny = (lists: Record<string, unknown[]>): Json => Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
