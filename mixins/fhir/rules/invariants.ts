/** What is true of all that a service has stored, between writes; `npm run check-data` looks at it. Pure: plain data in, plain data out. */
import type { FhirResource, ResourceOf, ResourceType } from "../../../fhir/r4.ts";
import type { RulesOf } from "./rule.ts";

/** What one living resource of a type stands for. */
export interface Standing<Of extends FhirResource = FhirResource> {
  /** How far it has moved counters of its service. @param has whether a counter was ever moved */
  counters?(resource: Of, has: (counter: string) => boolean): [counter: string, by: number][];
  /** Names of what exactly one other living resource of the service must give; each ends with that resource, e.g. `the billed charge ChargeItem/1`. */
  needs?(resource: Of): string[];
  /** Names of what it gives to another; what nobody needs is told apart: it may be right. */
  gives?(resource: Of): string[];
  /** What it becomes where it is not what follows from the counters; undefined: it is. @param value of a counter; undefined: it was never moved */
  follows?(resource: Of, value: (counter: string) => number | undefined): Of | undefined;
  /** What it becomes so that it gives what is needed, and nothing else; undefined: people must decide. */
  mended?(resource: Of, isNeeded: boolean): Of | undefined;
}

/** By type, and how counters hang together. */
export interface Invariants {
  standings?: { [Type in ResourceType]?: Standing<ResourceOf<Type>> };
  /** Beginnings of the names of all counters that the resources account for. */
  counted?: readonly string[];
  /** Beginnings of the names of counters that say something of resources, and count none. */
  noted?: readonly string[];
  /** The counter that a counter is a part of: the parts sum up to the whole. Undefined: it is no part. */
  wholeOf?(counter: string): string | undefined;
  /** Rules that no write is held against, but what is stored: asked as of a creation. */
  always?: RulesOf;
}
