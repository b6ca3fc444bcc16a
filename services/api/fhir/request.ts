/** One FHIR request as the interactions see it, over HTTP or as an entry of a batch. */
import type { IncomingMessage } from "node:http";
import type { Caller } from "../../../mesh/caller.ts";
import type { Directory } from "../../../federation/directory.ts";
import { newBudget } from "../../../federation/query-context.ts";
import type { Profiles } from "../../../federation/profiles.ts";
import type { DateReading } from "../../../fhir/search/types/date.ts";
import type { Budget } from "../../../store/too-costly.ts";
import { nonNull } from "../../../fhir/non-null.ts";
import { headerText } from "../../../fhir/search/condition.ts";
import { readBytes, readText } from "../http/body.ts";
import { httpError } from "../http/http-error.ts";
import { noteSent } from "../access/refusal-entries.ts";
import { isFhirJson, isOtherVersion, mediaTypeOf } from "./media-types.ts";

/** What the client prefers (RFC 7240; R4, http.html#ops). */
export interface Prefer {
  /** Content of the answer to a write. Default: the resource. */
  return?: "minimal" | "representation" | "OperationOutcome";
  /** Handling of unknown search parameters, and of a part of a search that cannot be answered. */
  handling?: "strict" | "lenient";
}

/** One FHIR request, and what it needs of the mesh. */
export interface FhirRequest {
  method: string;
  /** Path behind the base, decoded: ["Patient", "1"]. */
  path: string[];
  /** Query parameters in order, decoded. */
  query: [name: string, value: string][];
  /** The query as sent, without `?`. */
  search: string;
  /** URL of the server's FHIR base as the client knows it, e.g. http://127.0.0.1:3000/fhir */
  base: string;
  /** All base URLs by which the client may refer to this server, `base` first. */
  bases: string[];
  prefer: Prefer;
  header(name: string): string | undefined;
  /** The body as text; refused with 415 unless it is FHIR JSON, or one of the given media types. */
  body(...also: string[]): Promise<string>;
  /** The body as received, of any media type; instead of `body`, as it can be read once only. */
  bytes(): Promise<Buffer>;
  /**
   * Logs an error, unless it is a refusal: for errors that do not become the answer to the request itself.
   * @param caller who was refused, if that is an entry's; default: the request's @param sent what the entry was to write
   * @returns the error as they may see it
   */
  report(error: unknown, caller?: Caller, sent?: string): unknown;
  /** Counts bytes of an answer that is still being made. @throws 503 if there is no room for them */
  hold(bytes: number): void;
  /** Waits for the client's turn for a large answer. @returns a function that gives it back @throws 503 */
  largeTurn(): Promise<() => void>;
  /** Bytes of the largest recent answer to reads of this kind, `Binary/id`; an estimate for unknown ones. */
  expectedSize(kind: string): number;
  /** Remembers it. */
  noteSize(kind: string, bytes: number): void;
  /** Whether the client has left, so that nothing waits for the answer any more. */
  isGone(): boolean;
  /** Waits for that turn; the request gives it back with its answer. @throws 503 */
  becomeLarge?(): Promise<void>;
  /** Whether a conditional delete may remove several resources. */
  conditionalDelete: "single" | "multiple";
  /** How searches by date compare periods. */
  dates: DateReading;
  /** Whether browser apps of other origins may use the server. */
  isCrossOrigin: boolean;
  caller: Caller;
  directory: Directory;
  /** Answers to clients show the authors of versions. */
  showsAuthors: true;
  /** Stored profiles, for `$validate`. */
  profiles: Profiles;
  /** Patient records that were merged and are therefore searched by the record that replaced them: its id by theirs. */
  replaced?: ReadonlyMap<string, string>;
  /** What is left of the request's processor time in stores, for all entries of a bundle. */
  budget: Budget;
}

/** The headers of a write that name versions: If-Match and If-None-Match, as a bundle's entry has them. */
export function namedVersions({ header }: Pick<FhirRequest, "header">): { ifMatch?: string; ifNoneMatch?: string } {
  const [ifMatch, ifNoneMatch] = [header("if-match"), header("if-none-match")];
  return { ...(ifMatch !== undefined && { ifMatch }), ...(ifNoneMatch !== undefined && { ifNoneMatch }) };
}

/**
 * Parses the request's URL and headers.
 * @param rest the URL behind `/fhir`, with its query
 * @param bases by which the client may refer to this server; the first is the server's own
 */
export function fhirRequest(
  request: IncomingMessage,
  rest: string,
  bases: string[],
  mesh: Pick<
    FhirRequest,
    | "caller"
    | "directory"
    | "conditionalDelete"
    | "dates"
    | "isCrossOrigin"
    | "profiles"
    | "report"
    | "hold"
    | "largeTurn"
    | "expectedSize"
    | "noteSize"
    | "isGone"
  >,
): FhirRequest {
  const mark = rest.indexOf("?");
  const search = mark < 0 ? "" : rest.slice(mark + 1);
  const header = (name: string) => {
    const value = request.headers[name.toLowerCase()];
    const text = Array.isArray(value) ? value.join(",") : value;
    return text === undefined ? undefined : headerText(text);
  };
  return {
    method: request.method === "HEAD" ? "GET" : (request.method ?? "GET"),
    path: pathOf(mark < 0 ? rest : rest.slice(0, mark)),
    query: pairsOf(search),
    search,
    base: nonNull(bases[0]),
    bases,
    prefer: preferOf(header("prefer")),
    header,
    body: (...also) => textBody(request, also),
    bytes: () => readBytes(request),
    showsAuthors: true,
    budget: newBudget(),
    ...mesh,
  };
}

/** @throws 400 for a path with broken percent-encoding */
export function pathOf(text: string): string[] {
  return text
    .split("/")
    .filter((part) => part !== "")
    .map(decoded);
}

/** Limit of the parameters in one query; no interaction takes nearly as many. */
const MAX_PAIRS = 10_000;
/** Limit of the characters of a search by POST. */
const MAX_OF_FORM = 1_000_000;

/** `a=1&b=2` as pairs, in order; `+` is a space. @throws 400 for broken percent-encoding, 413 for too many */
export function pairsOf(search: string): [string, string][] {
  if (search === "") return [];
  const parts = search.split("&", MAX_PAIRS + 1);
  if (parts.length > MAX_PAIRS) throw httpError(413, "QUERY_TOO_LARGE", `There are more than ${MAX_PAIRS} parameters: give fewer.`);
  return parts
    .filter((part) => part !== "")
    .map((part) => {
      const mark = part.indexOf("=");
      const [name, value] = mark < 0 ? [part, ""] : [part.slice(0, mark), part.slice(mark + 1)];
      return [decoded(name.replaceAll("+", " ")), decoded(value.replaceAll("+", " "))];
    });
}

function decoded(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw httpError(
      400,
      "BAD_URL",
      "The URL has a broken percent-encoding: what is no ASCII letter is written as its bytes in UTF-8, Ä as %C3%84.",
    );
  }
}

/** Parses the header (RFC 7240): names in any case, values optionally in quotes, spaces around `=`; the first occurrence of a name counts. */
function preferOf(header: string | undefined): Prefer {
  const prefer: Prefer = {};
  if (header === undefined) return prefer;
  for (const part of header.split(/[,;]/)) {
    // Anchored, so that the time is linear in the length of the header.
    const [, name, quoted, bare] = /^\s*([A-Za-z-]+)\s*=\s*(?:"([^"]*)"|([^\s"]*))/.exec(part) ?? [];
    if (name === undefined) continue;
    const value = quoted ?? bare ?? "";
    const preference = name.toLowerCase();
    if (preference === "return" && isOneOf(RETURNS, value)) prefer.return ??= value;
    if (preference === "handling" && isOneOf(HANDLINGS, value)) prefer.handling ??= value;
  }
  return prefer;
}

const RETURNS = ["minimal", "representation", "OperationOutcome"] as const;
const HANDLINGS = ["strict", "lenient"] as const;
const isOneOf = <T extends string>(known: readonly T[], value: string): value is T => (known as readonly string[]).includes(value);

async function textBody(request: IncomingMessage, also: string[]): Promise<string> {
  const type = request.headers["content-type"] && mediaTypeOf(request.headers["content-type"]);
  if (type !== undefined && !isFhirJson(type) && !also.includes(type)) {
    const taken = also.length > 0 ? also.join(" or ") : "application/fhir+json";
    throw httpError(415, "UNSUPPORTED_MEDIA_TYPE", `Send the body as ${taken}, not as ${type.slice(0, 100)}.`);
  }
  if (isOtherVersion(request.headers["content-type"] ?? "")) {
    throw httpError(415, "UNSUPPORTED_MEDIA_TYPE", "The body must be of FHIR R4: fhirVersion=4.0.");
  }
  const charset = /charset\s*=\s*"?([\w-]+)/i.exec(request.headers["content-type"] ?? "")?.[1];
  if (charset && charset.toLowerCase() !== "utf-8" && charset.toLowerCase() !== "utf8") {
    throw httpError(415, "UNSUPPORTED_MEDIA_TYPE", "The body must be UTF-8.");
  }
  const text = await readText(request);
  noteSent(request, text);
  if (text.trim() === "" && !also.includes(FORM)) throw httpError(400, "BODY_MISSING", "The request needs a body.");
  return text;
}

const FORM = "application/x-www-form-urlencoded";

/** The search by GET that is equivalent to a search by POST: the parameters of the form follow those of the URL. */
export async function formRequest(request: FhirRequest): Promise<FhirRequest> {
  const sent = request.header("content-type");
  const type = sent === undefined ? undefined : mediaTypeOf(sent);
  const form = type === undefined || type === FORM ? (await request.body(FORM)).trim() : "";
  if (type !== undefined && type !== FORM) throw httpError(415, "UNSUPPORTED_MEDIA_TYPE", `Send the search as ${FORM}.`);
  if (form.length > MAX_OF_FORM) {
    throw httpError(413, "QUERY_TOO_LARGE", `The search is longer than ${MAX_OF_FORM} characters: ask in parts.`);
  }
  const search = [request.search, form].filter((part) => part !== "").join("&");
  return readBy(request, search);
}

/** The GET that is equivalent to a POST. @param search its whole query: that of the URL, and what the body adds */
export function readBy(request: FhirRequest, search: string): FhirRequest {
  const { meta } = request.caller;
  // The audit log should show the criteria, not only the path.
  if (typeof meta?.["asked"] === "string") meta["asked"] = `${meta["asked"].split("?", 1)[0]}?${search.slice(0, MAX_OF_FORM)}`;
  return { ...request, method: "GET", search, query: pairsOf(search) };
}
