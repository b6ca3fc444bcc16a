/** The audit entry of an attempt that was refused or has failed. */
import type { IncomingMessage } from "node:http";
import { isOfPatients, MAX_NAMED, patientsOf } from "../../../federation/audit.ts";
import type { AuditedDeed, AuditEntry } from "../../../federation/audit-contract.ts";
import { isType } from "../../../federation/errors.ts";
import { ID_PATTERN } from "../../../fhir/ids.ts";
import type { Author } from "../../../mesh/access/author-contract.ts";
import { authorFrom } from "../../../mesh/access/author.ts";
import type { Identity } from "../../../mesh/access/identity.ts";
import { refusalOf } from "../fhir/fhir-refusals.ts";
import { namedInUrl } from "./named-in-url.ts";
import { badTokenOf } from "./tokens.ts";

const DEEDS: Record<string, AuditedDeed> = { POST: "create", PUT: "update", PATCH: "update", DELETE: "delete" };
const PLACE = new RegExp(
  `^/fhir/([A-Z][A-Za-z]+)(?:/(${ID_PATTERN}))?(/_history/${ID_PATTERN}|/_history)?(?:/([A-Z][A-Za-z]+|\\*|\\$[\\w-]+))?(?=[/?]|$)`,
);
const BASE = /^\/fhir\/?(?:\?|$)/;
const SEARCH_BY_POST = /\/_search(?:\?|$)/;
const ACTION = /^\/api\/([\w-]+)\/([\w-]+)/;
/** A resource as named by references in a body or in parameters, also within criteria. */
const NAMED = new RegExp(`["/=,]([A-Z][A-Za-z]+)/(${ID_PATTERN})(?=["/#|&,])`, "g");
/** Limits of the examined characters of a body and of the resources found: a bundle may have 32 MB, and everything waits meanwhile. */
const [MAX_SENT, MAX_PLACES] = [4_000_000, 10_000];
/** Characters of a URL that are kept. */
const MAX_ASKED = 4_000;

/** What was attempted. */
export interface Tried {
  /** `GET /fhir/Patient/1`, as set during authentication. */
  asked: string;
  /** Text of the body. */
  sent?: string | undefined;
  /** Id of the request. */
  call?: string | null | undefined;
}

/** Why it was not done, in terms of the gateway's answer; undefined for what is not recorded, where the client only has to try again. */
function outcomeOf(error: unknown): Pick<AuditEntry, "isFault" | "why"> | undefined {
  const { status } = refusalOf(error);
  if (status === 401 || status === 429 || status === 501 || status === 503 || status === 504) return undefined;
  const { type } = error as { type?: unknown };
  const named = typeof type === "string" && /^[A-Z][A-Z_0-9]{1,60}$/.test(type) ? ` ${type}` : "";
  return { why: `${status}${status === 500 ? "" : named}`, ...(status >= 500 && { isFault: true }) };
}

/**
 * The entry of an attempt by a known caller: everything that was refused for lack of rights, and what was refused for other reasons if it
 * concerns patients.
 * @param author JSON text of the caller
 */
export function refusalEntry(error: unknown, author: string, tried: Tried): AuditEntry | undefined {
  const outcome = outcomeOf(error);
  if (!outcome) return undefined;
  const { isAboutPatients, ...what } = whatOf(tried);
  if (!isAboutPatients && !isType(error, "NOT_ALLOWED")) return undefined;
  return { at: Date.now(), isDone: false, by: authorFrom(author), ...what, ...outcome };
}

/** For how long after its end a token may still be presented by a device that was asleep, milliseconds: the app then gets a new one. */
const SLEPT_MS = 86_400_000;

/**
 * The entry of an attempt with an invalid token; undefined for other errors, and if the token has only just expired, as every token does after
 * ten minutes: an attack would not be seen among these.
 * @param address of the client
 */
export function invalidTokenEntry(error: unknown, tried: Tried, address: string): AuditEntry | undefined {
  if (!isType(error, "INVALID_TOKEN")) return undefined;
  const { why = "unreadable", was } = badTokenOf(error) ?? {};
  if (why === "expired" && was && Date.now() - was.until < SLEPT_MS) return undefined;
  const { isAboutPatients: _, type: __, deed: ___, ...what } = whatOf({ ...tried, sent: undefined });
  return {
    at: Date.now(),
    deed: "token",
    isDone: false,
    by: was ? bearerOf(was.identity) : { who: "", role: "" },
    address,
    why: `401 ${why}`,
    ...what,
  };
}

const bearerOf = ({ sub, fhirUser, name, roles, client }: Identity): Author => ({
  who: fhirUser ?? sub,
  ...(name && { name }),
  role: roles.join(" "),
  ...(client && { client }),
});

/** The deed and its objects: resources of patients, and the patients themselves. */
function whatOf({ asked, sent = "", call }: Tried): Pick<
  AuditEntry,
  "deed" | "type" | "what" | "patients" | "patientCount" | "query" | "call"
> & {
  isAboutPatients: boolean;
} {
  const [method = "", url = ""] = asked.split(" ");
  const [, type, id, history, third] = PLACE.exec(url) ?? [];
  const action = ACTION.exec(url);
  const named = action ? `${action[1]}.${action[2]}` : third === undefined || /^[$*]/.test(third) ? type : third;
  const inUrl = namedInUrl(url);
  const places = new Set([...inUrl.places, ...inUrl.patients]);
  for (const [, of = "", its] of sent.slice(0, MAX_SENT).matchAll(NAMED)) {
    if (isOfPatients(of)) places.add(`${of}/${its}`);
    if (places.size > MAX_PLACES) break;
  }
  const patients = [...places].filter((place) => place.startsWith("Patient/"));
  // Of the references in a body, which was to be written, only the patients are recorded.
  const what = action ? [...places] : inUrl.places;
  const isOperation = action !== null || third?.startsWith("$") === true;
  const isRead = method === "GET" || method === "HEAD" || SEARCH_BY_POST.test(url);
  const isSearch = !isOperation && isRead && (id === undefined || third !== undefined);
  // A POST to the base is a bundle; what it was to write concerns patients, if anything.
  const isWrite = action === null && !isRead && (named === undefined ? BASE.test(url) : isOfPatients(named));
  return {
    deed: deedOf(method, { isOperation, isSearch, history }),
    ...(named !== undefined && { type: named }),
    ...(what.length > 0 && { what: what.slice(0, MAX_NAMED) }),
    ...patientsOf(new Set(patients)),
    query: asked.slice(0, MAX_ASKED),
    ...(call && { call }),
    isAboutPatients: patients.length > 0 || isWrite || what.some((place) => isOfPatients(place.split("/", 1)[0] as string)),
  };
}

function deedOf(
  method: string,
  { isOperation, isSearch, history }: { isOperation: boolean; isSearch: boolean; history: string | undefined },
): AuditedDeed {
  if (isOperation) return "operation";
  if (isSearch) return "search";
  const written = DEEDS[method];
  if (written) return written;
  if (history !== undefined) return history === "/_history" ? "history" : "vread";
  return "read";
}

const sentTexts = new WeakMap<IncomingMessage, string>();

/** Remembers the body of a request until it is answered. */
export function noteSent(request: IncomingMessage, text: string): void {
  sentTexts.set(request, text);
}

/** The body of a request, as far as it was read. */
export const sentBy = (request: IncomingMessage): string | undefined => sentTexts.get(request);

/** Called when the request is answered. */
export const forgetSent = (request: IncomingMessage): void => void sentTexts.delete(request);
