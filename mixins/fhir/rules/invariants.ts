/** Invariants of a service's stored data, which hold between writes; `npm run check-data` evaluates them. Pure: plain data in, plain data out. */
import type { FhirResource, ResourceOf, ResourceType } from "../../../fhir/r4.ts";
import type { RulesOf } from "./rule.ts";

/** The invariants of one type. */
export interface Standing<Of extends FhirResource = FhirResource> {
  /** By how much a resource has moved counters of its service. @param has whether a counter was ever moved */
  counters?(resource: Of, has: (counter: string) => boolean): [counter: string, by: number][];
  /** Names of what exactly one other resource of the service must provide; each ends with that resource, e.g. `the billed charge ChargeItem/1`. */
  needs?(resource: Of): string[];
  /** Names of what it provides to others; what no resource needs is reported separately, as it may be right. */
  gives?(resource: Of): string[];
  /** The resource as the counters require it; undefined if it is so already. @param value of a counter; undefined if it was never moved */
  follows?(resource: Of, value: (counter: string) => number | undefined): Of | undefined;
  /** The resource changed only so that it provides what is needed; undefined if people must decide. */
  mended?(resource: Of, isNeeded: boolean): Of | undefined;
}

/** Invariants by type, and how counters relate to each other. */
export interface Invariants {
  standings?: { [Type in ResourceType]?: Standing<ResourceOf<Type>> };
  /** Name prefixes of the counters that are sums over resources. */
  counted?: readonly string[];
  /** Name prefixes of the counters that describe resources and are not sums. */
  noted?: readonly string[];
  /** The counter of which another is a part; the parts add up to the whole. Undefined: it is not a part. */
  wholeOf?(counter: string): string | undefined;
  /** The part that changes with a counter which is set to the sum over the resources now; undefined: the counter has no parts. */
  partAt?(whole: string, now: Date): string | undefined;
  /** Whether a counter is never below zero, however many resources are stored. */
  isNeverNegative?(counter: string): boolean;
  /** Rules that are not applied to writes but to all stored resources, as if each were created. */
  always?: RulesOf;
}
