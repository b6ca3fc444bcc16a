import { createHash } from "node:crypto";
import type { Subscription } from "../../fhir/r4.ts";
import { FhirError } from "../../fhir/outcome.ts";
import type { ParsedSearch } from "../../fhir/search/criteria.ts";
import { isResourceType } from "../../fhir/search/parameters.ts";
import { parseSearch } from "../../fhir/search/parse-search.ts";
import type { Clause } from "../../fhir/search/query.ts";
import type { DateReading } from "../../fhir/search/types/date.ts";

// The rules of a Subscription: plain data in, plain data out. No broker, no database, no network.

/** Header of each notification that names what has happened: the same however often it is sent. */
export const EVENT_ID = "X-Event-Id";
/** Header of the request that asks an endpoint whether it is there, before a subscription becomes active. */
export const HANDSHAKE = "X-Subscription-Handshake";
const PAYLOADS = ["application/fhir+json", "application/json"];
const MAX_HEADERS = 20;
/** Characters of criteria: all that are armed are read again each second. */
const MAX_CRITERIA = 16_000;
/**
 * What criteria may ask of each resource that is written, besides exact values and beginnings, which an index answers: a text that is looked
 * for within others is `CONTAINED`, one comparison with ranges 1. The largest resource is held against so much in some 0.2 s.
 */
const [MAX_COMPARED, CONTAINED] = [500, 25];
/** Headers that are the connection's, or ours. */
const OWN_HEADERS =
  /^(?:host|connection|content-length|content-type|transfer-encoding|upgrade|te|trailer|keep-alive|expect|proxy-.*|x-event-id|x-subscription-handshake)$/i;

/** What a Subscription asks for, checked. */
export interface SubscriptionRequest {
  type: string;
  /** The criteria without their type, as pairs. */
  pairs: [name: string, value: string][];
  /** undefined: websocket, to those who have bound one at a gateway. */
  hook?: { endpoint: URL; headers: Record<string, string>; isWithPayload: boolean };
}

/** How criteria are read: as the gateway reads a search. */
export interface Reading {
  /** The server's own base, for absolute references; "" for none. */
  base: string;
  dates?: DateReading;
}

/** @throws Error with a sentence for the client, which becomes `Subscription.error` */
export function wishOf({ criteria, channel }: Subscription, reading: Reading): SubscriptionRequest {
  if (criteria.length > MAX_CRITERIA) throw new Error(`criteria may have ${MAX_CRITERIA} characters: make several Subscriptions.`);
  const mark = criteria.indexOf("?");
  const type = mark < 0 ? criteria : criteria.slice(0, mark);
  if (!isResourceType(type)) throw new Error("criteria must be a search like Observation?code=718-7.");
  if (type === "Subscription") throw new Error("Nobody is told of Subscriptions themselves.");
  const pairs = mark < 0 ? [] : [...new URLSearchParams(criteria.slice(mark + 1))];
  if (searchOf(type, pairs, reading).clauses.reduce((sum, clause) => sum + comparedBy(clause), 0) > MAX_COMPARED) {
    throw new Error(
      "The criteria compare each resource with too many values that are not exact: name fewer, or make several Subscriptions.",
    );
  }
  if (channel.type === "websocket") return { type, pairs };
  if (channel.type !== "rest-hook") throw new Error(`The channel ${channel.type} is not supported: rest-hook and websocket are.`);
  if (channel.payload !== undefined && !PAYLOADS.includes(channel.payload.split(";", 1)[0]?.trim() ?? "")) {
    throw new Error(`channel.payload must be ${PAYLOADS[0]}, or absent for a notification without content.`);
  }
  return {
    type,
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

/** Another one when anything changes that a handshake was about. */
export const fingerprintOf = ({ criteria, channel }: Subscription): string =>
  createHash("sha256")
    .update(JSON.stringify([criteria, channel]))
    .digest("hex")
    .slice(0, 32);

/** Whether its time is over. */
export const isEnded = ({ end }: Subscription, now: number): boolean => end !== undefined && Date.parse(end) <= now;

/** What the clauses alone cannot tell of one resource: chains, `_has`, lists and full text are asked of the owners. */
export function needsOwners({ chains, has, lists, clauses }: ParsedSearch): boolean {
  return chains.length > 0 || has.length > 0 || lists.length > 0 || clauses.some(hasText);
}

const hasText = (clause: Clause): boolean => clause.kind === "text" || (clause.kind === "any" && clause.of.flat().some(hasText));

/** The Subscription as it becomes active. */
export function activated<Of extends Subscription>({ error: _, ...subscription }: Of): Omit<Of, "error"> & { status: "active" } {
  return { ...subscription, status: "active" };
}

/** The Subscription as it fails. @param sentence why, for its client */
export const failed = <Of extends Subscription>(subscription: Of, sentence: string): Of => ({
  ...subscription,
  status: "error",
  error: sentence,
});
