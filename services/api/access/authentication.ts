/** Authentication of requests at a gateway, and the paths that need none. */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { meshTime } from "../../../mesh/mesh-time.ts";
import { type Access, notAllowed, type Rights, rolesBehind, signInNeeded } from "../../../mesh/access/access.ts";
import { STAMP_LIFE_MS } from "../../../mesh/access/stamps.ts";
import type { Identity } from "../../../mesh/access/identity.ts";
import type { Interaction } from "../../../mesh/access/roles.ts";
import type { Caller } from "../../../mesh/caller.ts";
import { PROVENANCE } from "../../../federation/version-authors.ts";
import { anybodyAt, EVERYBODY, type Requester } from "../http/client-address.ts";
import { httpError } from "../http/http-error.ts";
import { type GoodToken, invalidToken, type TokenCheck } from "./tokens.ts";

/** Upper limit of the duration of a request, for which its stamp must stay valid, milliseconds. */
const LONGEST_REQUEST_MS = 45_000;
/** For how long a stamp is used for further requests. Milliseconds. */
const KEEP_STAMP_MS = STAMP_LIFE_MS - LONGEST_REQUEST_MS;

/** Paths without personal data. Health and metrics are handled separately (http/probes.ts). */
const OPEN_PATHS = new Set(["/fhir/metadata", "/openapi.json", "/", "/docs"]);
/** Files of the pages. */
const OPEN_FILES = /^\/(?:(?:docs\/)?[a-z-]+\.(?:css|js)|desk(?:\/.*)?)$/;

/** The codes of HL7 v3 PurposeOfUse that occur in a hospital. */
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

/** The request's meta as last set by `Door.enter`; undefined if it has not been called. */
export const metaOf = (request: IncomingMessage): Record<string, unknown> | undefined => metas.get(request);

/** Puts the caller's stamp into the request's meta. */
export class Authentication {
  readonly #access: Access;
  readonly #tokens: TokenCheck;
  readonly #addressOf: (request: IncomingMessage) => string;
  readonly #stamps = new WeakMap<GoodToken, { stamp: string; until: number; generation: number }>();

  /** @param addressOf the network address of a request's client */
  constructor(access: Access, tokens: TokenCheck, addressOf: (request: IncomingMessage) => string) {
    this.#addressOf = addressOf;
    this.#access = access;
    this.#tokens = tokens;
  }

  /** @throws 401 SIGN_IN_NEEDED, INVALID_TOKEN; 503 while tokens or roles cannot be checked */
  async enter(request: IncomingMessage, meta: Record<string, unknown>): Promise<void> {
    delete meta["as"];
    delete meta["purpose"];
    delete meta["asked"];
    delete meta["from"];
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
    // A role that requires a second factor applies only with one, even if the requirement is newer than the token.
    if (good.lacksSecondFactor && this.#wantsSecondFactor(good.identity)) throw invalidToken("factor", good);
    meta["as"] = this.#stampOf(good);
    const address = this.#addressOf(request);
    if (address !== EVERYBODY) meta["from"] = address;
    const purpose = purposeOf(request);
    if (purpose !== undefined) meta["purpose"] = purpose;
  }

  /** The client for which a request from this address is counted: the signed-in person if the token was found valid before. Never refuses. */
  requesterAt(address: string, { headers: { authorization = "" } }: Pick<IncomingMessage, "headers">): Requester {
    const token = this.#access.isOpen ? undefined : bearerIn(authorization);
    const good = token === undefined ? undefined : this.#tokens.known(token);
    return good ? { name: `sub ${good.identity.sub}`, address } : anybodyAt(address);
  }

  /** The caller's rights; undefined if they are unlimited, or the caller is unknown. */
  rightsOf(ctx: Pick<Caller, "meta">): Rights | undefined {
    return this.#access.isOpen || ctx.meta?.["as"] === undefined ? undefined : this.#access.rightsOf(this.#access.identityOf(ctx));
  }

  /** The internal name of an idempotency key: each caller has its own keys. */
  keyOf(key: string, ctx: Pick<Caller, "meta">): string {
    if (this.#access.isOpen) return key;
    return createHash("sha256")
      .update(`${this.#access.identityOf(ctx).sub} ${key}`)
      .digest("base64url");
  }

  /**
   * What a stored answer is bound to besides its request: the app, roles and scopes that it was made for. With others, it might contain what
   * the caller may not see.
   */
  boundTo(ctx: Pick<Caller, "meta">): string {
    if (this.#access.isOpen) return "";
    const { client, roles, scope, patient } = this.#access.identityOf(ctx);
    return JSON.stringify([client, [...roles].sort(), scope, patient]);
  }

  #wantsSecondFactor({ roles }: Identity): boolean {
    return roles.some((role) => this.#access.rolesNow.get(role)?.secondFactor === true);
  }

  /** One stamp is used for several requests, for a quarter of its validity: services verify it once. */
  #stampOf(good: GoodToken): string {
    const now = meshTime.now();
    const known = this.#stamps.get(good);
    const generation = this.#access.rolesNow.stampedGeneration;
    // Nor one that was issued in the future, before the clock was set back: other nodes would refuse it.
    const isOfNow = known && known.until > now && known.until <= now + KEEP_STAMP_MS;
    if (isOfNow && known.generation === generation) return known.stamp;
    const stamp = this.#access.stampOf(good.identity);
    this.#stamps.set(good, { stamp, until: now + KEEP_STAMP_MS, generation });
    return stamp;
  }

  /** No request is accepted while this gateway cannot know what the roles may do now. */
  async #learnRoles(): Promise<void> {
    await this.#access.rolesNow.refresh().catch(() => {
      throw rolesBehind();
    });
    if (!this.#access.rolesNow.isUpToDate) throw rolesBehind();
  }
}

/** The purpose of access, as given by the app: a code of HL7's PurposeOfUse (TREAT, ETREAT, HPAYMT, …). It is recorded, and gives no rights. */
function purposeOf({ headers }: IncomingMessage): string | undefined {
  const purpose = headers["x-purpose-of-use"];
  if (purpose === undefined) return undefined;
  if (typeof purpose === "string" && PURPOSES.has(purpose)) return purpose;
  throw httpError(400, "INVALID_PURPOSE", `X-Purpose-Of-Use must be one of ${[...PURPOSES].join(", ")}.`);
}

/** RFC 6750, 2.1. Tokens in the URL are not accepted, as they would end up in logs. */
const bearerIn = (authorization: string): string | undefined => /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1];

function tokenOf({ headers: { authorization } }: IncomingMessage): string | undefined {
  if (authorization === undefined) return undefined;
  const token = bearerIn(authorization);
  if (token !== undefined) return token;
  throw httpError(401, "INVALID_TOKEN", "Authorization must be: Bearer, a blank, and an access token.", {
    authenticate: 'Bearer realm="OpenWard", error="invalid_request"',
  });
}

/** The interactions that a request by this method at this path of a type may be. */
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

/** All interactions. */
export const INTERACTIONS: readonly Interaction[] = ["c", "r", "u", "d", "s"];

const WORDS: Record<Interaction, string> = { c: "create", r: "read", u: "update", d: "delete", s: "search" };

/**
 * Refuses at the gateway a caller who has no right at all to this interaction with the type; owners would answer as if nothing existed. It
 * depends only on the caller and the request, not on the data.
 * @param path behind `/fhir`, in parts @throws 403 NOT_ALLOWED
 */
export function refuseForbidden(access: Access, meta: Record<string, unknown>, method: string, path: string[]): void {
  const [first, , third] = path;
  if (access.isOpen || first === undefined || !/^[A-Z]/.test(first)) return;
  // In a compartment (Patient/1/Observation) the searched type is the second one.
  const type = third !== undefined && /^[A-Z]/.test(third) ? third : first;
  const wanted = interactionsOf(method, path);
  // Callers who may read a resource may see its author; stored Provenances need the right to them, which their owner checks.
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
