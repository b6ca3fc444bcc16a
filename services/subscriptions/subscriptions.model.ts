import { createHash } from "node:crypto";
import type { Subscription } from "../../fhir/r4.ts";
import { FhirError } from "../../fhir/outcome.ts";
import type { ParsedSearch } from "../../fhir/search/criteria.ts";
import { isResourceType } from "../../fhir/search/parameters.ts";
import { parseSearch } from "../../fhir/search/parse-search.ts";
import type { Clause } from "../../fhir/search/query.ts";
import { typesRead } from "../../fhir/search/types-read.ts";
import type { DateReading } from "../../fhir/search/types/date.ts";

// The rules of a Subscription: plain data in, plain data out. No broker, no database, no network.

/** Header of each notification with the event's id, the same for every attempt. */
export const EVENT_ID = "X-Event-Id";
/** Header of the request that checks an endpoint before a subscription becomes active. */
export const HANDSHAKE = "X-Subscription-Handshake";
const PAYLOADS = ["application/fhir+json", "application/json"];
const MAX_HEADERS = 20;
/** Characters of criteria: all armed ones are read again each second. */
const MAX_CRITERIA = 16_000;
/**
 * Cost that criteria may have for each written resource, besides exact values and prefixes, which an index answers: a substring costs
 * `CONTAINED`, a comparison with ranges 1. For the largest resource this much takes about 0.2 s.
 */
const [MAX_COMPARED, CONTAINED] = [500, 25];
/** Headers that belong to the connection, or to this server. */
const OWN_HEADERS =
  /^(?:host|connection|content-length|content-type|transfer-encoding|upgrade|te|trailer|keep-alive|expect|proxy-.*|x-event-id|x-subscription-handshake)$/i;

/** The checked request of a Subscription. */
export interface SubscriptionRequest {
  type: string;
  /** All types that the criteria look at. */
  types: readonly string[];
  /** The criteria without their type, as pairs. */
  pairs: [name: string, value: string][];
  /** undefined: websocket, for clients that have bound one at a gateway. */
  hook?: { endpoint: URL; headers: Record<string, string>; isWithPayload: boolean };
}

/** How criteria are parsed: as the gateway parses a search. */
export interface Reading {
  /** The server's own base URL, for absolute references; "" for none. */
  base: string;
  dates?: DateReading;
}

/** @throws Error with a sentence for the client, which becomes `Subscription.error` */
export function wishOf({ criteria, channel }: Subscription, reading: Reading): SubscriptionRequest {
  if (criteria.length > MAX_CRITERIA) throw new Error(`criteria may have ${MAX_CRITERIA} characters: make several Subscriptions.`);
  const mark = criteria.indexOf("?");
  const type = mark < 0 ? criteria : criteria.slice(0, mark);
  if (!isResourceType(type)) throw new Error("criteria must be a search like Observation?code=718-7.");
  if (type === "Subscription") throw new Error("Subscriptions themselves cannot be subscribed to.");
  const pairs = mark < 0 ? [] : [...new URLSearchParams(criteria.slice(mark + 1))];
  const search = searchOf(type, pairs, reading);
  if (search.clauses.reduce((sum, clause) => sum + comparedBy(clause), 0) > MAX_COMPARED) {
    throw new Error(
      "The criteria compare each resource with too many values that are not exact: name fewer, or make several Subscriptions.",
    );
  }
  const types = [...typesRead(search)];
  if (channel.type === "websocket") return { type, types, pairs };
  if (channel.type !== "rest-hook") throw new Error(`The channel ${channel.type} is not supported: rest-hook and websocket are.`);
  if (channel.payload !== undefined && !PAYLOADS.includes(channel.payload.split(";", 1)[0]?.trim() ?? "")) {
    throw new Error(`channel.payload must be ${PAYLOADS[0]}, or absent for a notification without content.`);
  }
  return {
    type,
    types,
    pairs,
    hook: { endpoint: endpointOf(channel.endpoint), headers: headersOf(channel.header), isWithPayload: channel.payload !== undefined },
  };
}

function comparedBy(clause: Clause): number {
  if (clause.kind === "any") return clause.of.flat().reduce((sum, one) => sum + comparedBy(one), 0);
  if (clause.kind === "range") return clause.any.length;
  return clause.kind === "key" ? CONTAINED * clause.any.filter((match) => "facet" in match).length : 0;
}

/** @throws Error with a sentence for the client */
export function searchOf(type: string, pairs: [string, string][], { base, dates }: Reading): ParsedSearch {
  try {
    return parseSearch(type, pairs, { base, handling: "strict", dates });
  } catch (error) {
    if (error instanceof FhirError) {
      throw new Error(`The criteria cannot be searched for: ${error.issues.map(({ diagnostics }) => diagnostics).join(" ")}`);
    }
    throw error;
  }
}

function endpointOf(text = ""): URL {
  const url = URL.parse(text);
  if (!url || !["http:", "https:"].includes(url.protocol)) throw new Error("channel.endpoint must be an https address.");
  if (url.username || url.password || url.hash) {
    throw new Error("channel.endpoint must have no password and no fragment: credentials belong into channel.header.");
  }
  return url;
}

function headersOf(lines: string[] = []): Record<string, string> {
  if (lines.length > MAX_HEADERS) throw new Error(`channel.header may have ${MAX_HEADERS} lines.`);
  return Object.fromEntries(
    lines.map((line) => {
      const [, name = "", value = ""] = /^([!#$%&'*+.^_`|~\w-]{1,100}):[ \t]*([\t\x20-\x7e]{0,4000})$/.exec(line) ?? [];
      if (name === "" || OWN_HEADERS.test(name)) {
        throw new Error("A line of channel.header must be `Name: value`, and not one of the connection's own headers.");
      }
      return [name, value];
    }),
  );
}

/** Changes with everything that a handshake was made for. */
export const fingerprintOf = ({ criteria, channel }: Subscription): string =>
  createHash("sha256")
    .update(JSON.stringify([criteria, channel]))
    .digest("hex")
    .slice(0, 32);

/** Whether its end has passed. */
export const isEnded = ({ end }: Subscription, now: number): boolean => end !== undefined && Date.parse(end) <= now;

/** Whether clauses alone cannot decide it for one resource: chains, `_has`, lists and full text need questions to the owners. */
export function needsOwners({ chains, has, lists, clauses }: ParsedSearch): boolean {
  return chains.length > 0 || has.length > 0 || lists.length > 0 || clauses.some(hasText);
}

const hasText = (clause: Clause): boolean => clause.kind === "text" || (clause.kind === "any" && clause.of.flat().some(hasText));

/** The Subscription when it becomes active. */
export function activated<Of extends Subscription>({ error: _, ...subscription }: Of): Omit<Of, "error"> & { status: "active" } {
  return { ...subscription, status: "active" };
}

/** The Subscription when it has failed. @param sentence the reason, for its client */
export const failed = <Of extends Subscription>(subscription: Of, sentence: string): Of => ({
  ...subscription,
  status: "error",
  error: sentence,
});
