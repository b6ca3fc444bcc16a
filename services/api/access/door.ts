/** Who comes to a gateway, and what is open to everybody. */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Access, notAllowed, type Rights, rolesBehind, signInNeeded } from "../../../mesh/access/access.ts";
import { STAMP_LIFE_MS } from "../../../mesh/access/stamps.ts";
import type { Identity } from "../../../mesh/access/identity.ts";
import type { Interaction } from "../../../mesh/access/roles.ts";
import type { Caller } from "../../../mesh/caller.ts";
import { PROVENANCE } from "../../../federation/version-authors.ts";
import { anybodyAt, type Requester } from "../http/client-address.ts";
import { httpError } from "../http/http-error.ts";
import { type GoodToken, invalidToken, type TokenCheck } from "./tokens.ts";

/** A request takes less than this, milliseconds: for so long its stamp must be good. */
const LONGEST_REQUEST_MS = 45_000;
/** So long a stamp serves further requests. Milliseconds. */
const KEEP_STAMP_MS = STAMP_LIFE_MS - LONGEST_REQUEST_MS;

/** What tells nothing of people. Health and metrics have doors of their own (http/probes.ts). */
const OPEN_PATHS = new Set(["/fhir/metadata", "/openapi.json", "/", "/docs"]);
/** Files of the pages. */
const OPEN_FILES = /^\/(?:(?:docs\/)?[a-z-]+\.(?:css|js)|desk(?:\/.*)?)$/;

/** HL7 v3 PurposeOfUse, those that a hospital meets. */
const PURPOSES = new Set([
  "TREAT",
  "ETREAT",
  "BTG",
  "CAREMGT",
  "CLINTRCH",
  "COC",
  "COVERAGE",
  "FAMRQT",
  "HLEGAL",
  "HMARKT",
  "HOPERAT",
  "HPAYMT",
  "HQUALIMP",
  "HRESCH",
  "HSYSADMIN",
  "HTEST",
  "PATADMIN",
  "PATRQT",
  "PUBHLTH",
  "PWATRNY",
  "RECORDMGT",
  "SUPNWK",
  "SYSADMIN",
]);

const metas = new WeakMap<IncomingMessage, Record<string, unknown>>();

/** What the door has put into the meta of a request last; undefined: it has not come there. */
export const metaOf = (request: IncomingMessage): Record<string, unknown> | undefined => metas.get(request);

/** Puts the stamp of who asks into the request's meta. */
export class Door {
  readonly #access: Access;
  readonly #tokens: TokenCheck;
  readonly #stamps = new WeakMap<GoodToken, { stamp: string; until: number; generation: number }>();

  constructor(access: Access, tokens: TokenCheck) {
    this.#access = access;
    this.#tokens = tokens;
  }

  /** @throws 401 SIGN_IN_NEEDED, INVALID_TOKEN; 503 while nobody can tell whether a token is good, or what roles may */
  async enter(request: IncomingMessage, meta: Record<string, unknown>): Promise<void> {
    delete meta["as"];
    delete meta["purpose"];
    delete meta["asked"];
    if (this.#access.isOpen) return;
    metas.set(request, meta);
    if (request.headers.authorization !== undefined) meta["asked"] = `${request.method} ${request.url}`;
    const token = tokenOf(request);
    if (token === undefined) {
      const [path = ""] = (request.url ?? "/").split("?", 1);
      const isQuestion = request.method === "GET" || request.method === "HEAD" || request.method === "OPTIONS";
      if (isQuestion && (OPEN_PATHS.has(path) || OPEN_FILES.test(path))) return;
      const error = signInNeeded();
      error.data = { authenticate: 'Bearer realm="OpenWard"' };
      throw error;
    }
    const good = await this.#tokens.read(token);
    if (!this.#access.rolesNow.isUpToDate) await this.#learnRoles();
    // A role that wants a second factor is had by nobody without, also where it wants it only since the token was issued.
    if (good.lacksSecondFactor && this.#wantsSecondFactor(good.identity)) throw invalidToken("factor", good);
    meta["as"] = this.#stampOf(good);
    const purpose = purposeOf(request);
    if (purpose !== undefined) meta["purpose"] = purpose;
  }

  /** Whom a request from this address is counted for: who has signed in, once their token was found good. Not refused, whatever it says. */
  requesterAt(address: string, { headers: { authorization = "" } }: Pick<IncomingMessage, "headers">): Requester {
    const token = this.#access.isOpen ? undefined : bearerIn(authorization);
    const good = token === undefined ? undefined : this.#tokens.known(token);
    return good ? { name: `sub ${good.identity.sub}`, address } : anybodyAt(address);
  }

  /** What the caller may do; undefined where that is everything, or nobody has said who asks. */
  rightsOf(ctx: Pick<Caller, "meta">): Rights | undefined {
    return this.#access.isOpen || ctx.meta?.["as"] === undefined ? undefined : this.#access.rightsOf(this.#access.identityOf(ctx));
  }

  /** The name of an idempotency key: each caller has keys of its own. */
  keyOf(key: string, ctx: Pick<Caller, "meta">): string {
    if (this.#access.isOpen) return key;
    return createHash("sha256")
      .update(`${this.#access.identityOf(ctx).sub} ${key}`)
      .digest("base64url");
  }

  /**
   * What a kept answer is bound to besides its request: the app, the roles and the scopes that it was made for. To others it would show what they
   * may not see.
   */
  boundTo(ctx: Pick<Caller, "meta">): string {
    if (this.#access.isOpen) return "";
    const { client, roles, scope, patient } = this.#access.identityOf(ctx);
    return JSON.stringify([client, [...roles].sort(), scope, patient]);
  }

  #wantsSecondFactor({ roles }: Identity): boolean {
    return roles.some((role) => this.#access.rolesNow.get(role)?.secondFactor === true);
  }

  /** One stamp serves the requests of a quarter of its life: services verify it once. */
  #stampOf(good: GoodToken): string {
    const now = Date.now();
    const known = this.#stamps.get(good);
    const generation = this.#access.rolesNow.stampedGeneration;
    // Nor one that was made ahead of now, by a clock that was set back since: to others it comes from the future.
    const isOfNow = known && known.until > now && known.until <= now + KEEP_STAMP_MS;
    if (isOfNow && known.generation === generation) return known.stamp;
    const stamp = this.#access.stampOf(good.identity);
    this.#stamps.set(good, { stamp, until: now + KEEP_STAMP_MS, generation });
    return stamp;
  }

  /** Nobody comes in while this gateway can only guess what the roles may do now. */
  async #learnRoles(): Promise<void> {
    await this.#access.rolesNow.refresh().catch(() => {
      throw rolesBehind();
    });
    if (!this.#access.rolesNow.isUpToDate) throw rolesBehind();
  }
}

/** Why a person asks, as the app says: a code of HL7's PurposeOfUse (TREAT, ETREAT, HPAYMT, …). It is noted, and gives no right. */
function purposeOf({ headers }: IncomingMessage): string | undefined {
  const purpose = headers["x-purpose-of-use"];
  if (purpose === undefined) return undefined;
  if (typeof purpose === "string" && PURPOSES.has(purpose)) return purpose;
  throw httpError(400, "INVALID_PURPOSE", `X-Purpose-Of-Use must be one of ${[...PURPOSES].join(", ")}.`);
}

/** RFC 6750, 2.1. A token in the URL would stand in logs: it is not taken. */
const bearerIn = (authorization: string): string | undefined => /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1];

function tokenOf({ headers: { authorization } }: IncomingMessage): string | undefined {
  if (authorization === undefined) return undefined;
  const token = bearerIn(authorization);
  if (token !== undefined) return token;
  throw httpError(401, "INVALID_TOKEN", "Authorization must be: Bearer, a blank, and an access token.", {
    authenticate: 'Bearer realm="OpenWard", error="invalid_request"',
  });
}

/** Interactions, one of which a request by this method at this place of a type is. */
function interactionsOf(method: string, path: string[]): Interaction[] {
  const [, id, third] = path;
  const isOperation = id?.startsWith("$") || third?.startsWith("$");
  if (isOperation) return method === "POST" && (third === "$meta-add" || third === "$meta-delete") ? ["u"] : [];
  switch (method) {
    case "GET":
    case "HEAD":
      return id === undefined || id.startsWith("_") || (third !== undefined && third !== "_history") ? ["s"] : ["r"];
    case "POST":
      return id === undefined ? ["c"] : ["s"];
    case "PUT":
      return ["u", "c"];
    case "PATCH":
      return ["u"];
    case "DELETE":
      return ["d"];
    default:
      return [];
  }
}

/** All of them. */
export const INTERACTIONS: readonly Interaction[] = ["c", "r", "u", "d", "s"];

const WORDS: Record<Interaction, string> = { c: "create", r: "read", u: "update", d: "delete", s: "search" };

/**
 * Refuses at the gateway what the owners would answer by finding nothing: that the caller has no right to this interaction with the type at all. It depends
 * on the caller and the request only, not on what there is.
 * @param path behind `/fhir`, in parts @throws 403 NOT_ALLOWED
 */
export function refuseForbidden(access: Access, meta: Record<string, unknown>, method: string, path: string[]): void {
  const [first, , third] = path;
  if (access.isOpen || first === undefined || !/^[A-Z]/.test(first)) return;
  // In a compartment (Patient/1/Observation) it is the other type that is searched.
  const type = third !== undefined && /^[A-Z]/.test(third) ? third : first;
  const wanted = interactionsOf(method, path);
  // Who may read a resource may know who has made it; of what others have stored nothing is shown without the right to it.
  if (type === PROVENANCE && wanted.every((one) => one === "r" || one === "s")) return;
  if (wanted.length === 0) return;
  const rights = access.rightsOf(access.identityOf({ meta }));
  if (wanted.every((one) => rights.with(type, one) === "none")) throw forbidden(`${WORDS[wanted[0] as Interaction]} ${type}`);
}

function forbidden(what: string): Error {
  const error = notAllowed(what);
  error.data = { authenticate: 'Bearer realm="OpenWard", error="insufficient_scope"' };
  return error;
}
