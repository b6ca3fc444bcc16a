/**
 * Computes the index rows of a resource. The slots of each type are compiled once into plain functions. R4's own parameters need no
 * FHIRPath engine at run time, since `npm run generate` has translated their expressions into paths.
 *
 * A composite below the resource has one set of rows for each element (Observation.component, useContext, …). SEP2 is
 * `SEP` twice. A token in first place has two forms, so that it can be searched by `system|code` and by code alone:
 * `code␟system` and `code`. A reference has one: `Patient/1`.
 *
 * - token$token, reference$token: key row `=` first SEP2 `code␟system`
 * - token$quantity:      range row of the quantity with the unit: first SEP2 `unitCode␟unitSystem`
 * - token$number$number: range row [second, third] with the unit: first
 */
import type { SlotJson } from "./parameter-definition.ts";
import { isResourceType, otherReferencesSlot, parametersOf, slotsOf } from "./parameters.ts";
import type { IndexRows } from "./query.ts";
import { SEP } from "./query.ts";
import { referenceOf } from "./types/reference.ts";
import { phonetic } from "./types/string.ts";
import type { RowWriter } from "./types/writer.ts";
import { writerOf } from "./types/writers.ts";
import { containedSlot } from "./contained-slots.ts";
import { type Contained, IndexRowBuilder } from "./index-row-builder.ts";
import { nonNull } from "../non-null.ts";

type Extractor = (resource: unknown, sink: IndexRowBuilder) => void;

const SEP2 = SEP + SEP;

const compiled = new Map<string, [slot: number, extract: Extractor][]>();

/**
 * All rows of a resource; none for a value that is no resource. Never throws on malformed content.
 * @param most limit of rows; absent: none, as for resources that are stored already
 * @throws FhirError 422 when there are more
 */
export function indexOf(resource: unknown, most?: number): IndexRows {
  const sink = new IndexRowBuilder((resource as object | null | undefined) ?? undefined, most);
  const type = (resource as { resourceType?: unknown } | null | undefined)?.resourceType;
  if (typeof type === "string" && isResourceType(type)) {
    for (const [slot, extract] of extractsOf(type)) {
      sink.start(slot);
      extract(resource, sink);
    }
    addContained(sink);
    addOtherReferences(type, resource, sink);
  }
  return { keys: sink.keys, ranges: sink.ranges };
}

/** Adds rows of contained resources, in slots of their own; then of those that these refer to, as deep as there are slots. */
function addContained(sink: IndexRowBuilder): void {
  for (let reached = sink.takeContained(); reached.length > 0; reached = sink.takeContained()) {
    for (const [reference, contained] of reached) {
      sink.countContained(contained.size);
      for (const [type, some] of byType(contained)) {
        for (const [inner, extract] of extractsOf(type)) {
          const slot = containedSlot(reference, inner);
          if (slot === undefined) return;
          sink.start(slot);
          for (const one of some) extract(one, sink);
        }
      }
    }
  }
}

/** Number of references from which on existing rows are looked up in a set. */
const SET_FROM = 8;

const referring = new Map<string, ReadonlySet<number>>();

/** The slots of a type that have its references. */
function referenceSlotsOf(type: string): ReadonlySet<number> {
  let slots = referring.get(type);
  if (!slots) {
    slots = new Set(slotsOf(type).flatMap(([slot, json]) => ("read" in json && json.as === "reference" ? [slot] : [])));
    referring.set(type, slots);
  }
  return slots;
}

/**
 * Adds the references that have no row in a slot of the resource's own references, so that everything that refers to a resource can be found: those
 * of elements without a search parameter, and of contained resources.
 */
function addOtherReferences(type: string, resource: unknown, sink: IndexRowBuilder): void {
  const slots = referenceSlotsOf(type);
  const own = sink.keys.filter(([slot]) => slots.has(slot));
  let known: Set<string> | undefined;
  let count = 0;
  eachReference(resource, (link) => {
    const target = referenceOf(link);
    if (target === undefined || target === "") return;
    const value = `=${target}`;
    count += 1;
    if (count > SET_FROM) known ??= new Set(own.map((row) => row[1]));
    if (known ? known.has(value) : own.some((row) => row[1] === value)) return;
    sink.start(otherReferencesSlot(type));
    sink.key(value);
    if (known) known.add(value);
    else own.push([otherReferencesSlot(type), value]);
  });
}

/** References inside a stored Bundle belong to the Bundle's content. */
function eachReference(value: unknown, emit: (reference: string) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === "object") eachReference(item, emit);
    return;
  }
  const object = value as Record<string, unknown> | null;
  if (object === null || object.resourceType === "Bundle") return;
  for (const name in object) {
    const member = object[name];
    if (typeof member === "object") eachReference(member, emit);
    else if (name === "reference" && typeof member === "string") emit(member);
  }
}

function byType(contained: Iterable<Contained>): Map<string, Contained[]> {
  const found = new Map<string, Contained[]>();
  for (const one of contained) {
    const { resourceType: type } = one;
    if (typeof type !== "string" || !isResourceType(type)) continue;
    const same = found.get(type);
    if (same) same.push(one);
    else found.set(type, [one]);
  }
  return found;
}

/** References of a resource in these slots as written, with their versions. */
export function referencesAt(resource: unknown, slots: number[]): string[] {
  const type = (resource as { resourceType?: unknown } | null | undefined)?.resourceType;
  if (typeof type !== "string" || !isResourceType(type)) return [];
  const found: string[] = [];
  for (const [slot, json] of slotsOf(type)) {
    if (!slots.includes(slot) || !("read" in json)) continue;
    for (const [path] of json.read) {
      visit(resource, stepsOf(path), 0, (value) => {
        const { reference } = value as { reference?: unknown };
        if (typeof reference === "string") found.push(reference);
      });
    }
  }
  return found;
}

function extractsOf(type: string): [slot: number, extract: Extractor][] {
  let extracts = compiled.get(type);
  if (!extracts) {
    const heard = parametersOf(type).get("phonetic")?.slots ?? [];
    extracts = slotsOf(type).flatMap(([slot, json]): [number, Extractor][] => {
      const sounds: [number, Extractor][] =
        heard.includes(slot) && "read" in json ? json.read.map(([path]) => [slot, reader(path, phonetic)]) : [];
      return [[slot, compile(json)], ...sounds];
    });
    compiled.set(type, extracts);
  }
  return extracts;
}

function compile(slot: SlotJson): Extractor {
  if ("base" in slot) return composite(slot);
  if (slot.as === "asserted") return asserted(slot.read.map(([path]) => path));
  const reads = slot.read.map(([path, type, system = ""]) => reader(path, writerOf(slot.as, type), system));
  if (reads.length === 1) return nonNull(reads[0]);
  return (resource, sink) => {
    for (const read of reads) read(resource, sink);
  };
}

function reader(path: string, write: RowWriter, system = ""): Extractor {
  const steps = stepsOf(path);
  return (resource, sink) => {
    if (!lacks(resource, steps)) visit(resource, steps, 0, (value) => write(sink, value, system));
  };
}

/** Whether an object does not have the first element of a path: true of most paths of a resource. */
const lacks = (value: unknown, [first]: Step[]): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value) && first !== undefined && !(first.name in value);

interface Step {
  name: string;
  isFirst?: boolean;
  /** Only elements with this value in this member. */
  where?: [name: string, value: string];
}

/** `telecom[system=phone]`, `entry[0].resource` */
function stepsOf(path: string): Step[] {
  return path.split(".").map((text) => {
    const [, name, filter] = nonNull(/^(\w+)(?:\[(.*)\])?$/.exec(text));
    if (filter === undefined) return { name: nonNull(name) };
    if (filter === "0") return { name: nonNull(name), isFirst: true };
    const [member, value] = filter.split("=") as [string, string];
    return { name: nonNull(name), where: [member, value] };
  });
}

function visit(value: unknown, steps: Step[], at: number, emit: (value: unknown) => void): void {
  if (value === undefined || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) visit(item, steps, at, emit);
    return;
  }
  const { where } = steps[at - 1] ?? {};
  if (where && (value as Record<string, unknown>)[where[0]] !== where[1]) return;
  const step = steps[at];
  if (!step) {
    emit(value);
  } else if (typeof value === "object") {
    const next = (value as Record<string, unknown>)[step.name];
    visit(step.isFirst && Array.isArray(next) ? next[0] : next, steps, at + 1, emit);
  }
}

/** `deceased`: true if there is a value other than false; every resource has one of the two tokens. */
function asserted(paths: string[]): Extractor {
  const steps = paths.map(stepsOf);
  return (resource, sink) => {
    let isTrue = false;
    for (const path of steps) {
      visit(resource, path, 0, (value) => {
        if (value === true || (typeof value === "string" && value !== "")) isTrue = true;
      });
    }
    sink.key(`=${isTrue}${SEP}`);
  };
}

function composite(slot: Extract<SlotJson, { base: string }>): Extractor {
  const types = slot.as.split("$");
  const steps = stepsOf(slot.base);
  const parts = slot.parts.map((reads, index) =>
    reads.map(([path, type, system]) => partReader(path, writerOf(nonNull(types[index]), type), system)),
  );
  const combine = combiners[slot.as];
  if (!combine) throw new Error(`No rows are known for the composite ${slot.as}`);
  // Read once rather than for each element, which would cost the product of both.
  const isShared = slot.parts.map((reads) => reads.every(([path]) => path.startsWith("/")));
  return (resource, sink) => {
    if (lacks(resource, steps)) return;
    const rowsOf = (reads: PartReader[], element: unknown): IndexRowBuilder => {
      const part = new IndexRowBuilder();
      for (const read of reads) read(element, resource, part);
      return part;
    };
    const shared = parts.map((reads, index) => (isShared[index] ? rowsOf(reads, undefined) : undefined));
    const sharedFirst = shared[0] && identities(shared[0]);
    visit(resource, steps, 0, (element) => {
      const values = parts.map((reads, index) => shared[index] ?? rowsOf(reads, element));
      for (const full of sharedFirst ?? identities(nonNull(values[0]))) {
        combine(sink, full, values);
        if (types[0] === "token") combine(sink, full.slice(0, full.indexOf(SEP)), values);
      }
    });
  };
}

/** Values of one part that are combined with those of the other parts: limits their product whatever a client sends. */
const MAX_OF_A_PART = 24;

const combiners: Record<string, (sink: IndexRowBuilder, first: string, values: IndexRowBuilder[]) => void> = {
  token$token: pairs,
  reference$token: pairs,
  token$quantity: (sink, first, values) => {
    for (const [, low, high, unit] of nonNull(values[1]).ranges.slice(0, MAX_OF_A_PART)) sink.range(low, high, first + SEP2 + unit);
  },
  token$number$number: (sink, first, values) => {
    const low = nonNull(values[1]).ranges[0];
    const high = nonNull(values[2]).ranges[0];
    if (low && high) sink.range(low[1], high[1], first);
  },
};

function pairs(sink: IndexRowBuilder, first: string, values: IndexRowBuilder[]): void {
  for (const second of identities(nonNull(values[1]))) sink.key(`=${first}${SEP2}${second}`);
}

type PartReader = (element: unknown, resource: unknown, sink: IndexRowBuilder) => void;

/** A path that begins with `/` is read from the resource, any other from the composite's element. */
function partReader(path: string, write: RowWriter, system = ""): PartReader {
  const read = reader(path.replace(/^\//, ""), write, system);
  return path.startsWith("/") ? (_element, resource, sink) => read(resource, sink) : (element, _resource, sink) => read(element, sink);
}

/** The values of its `=` rows without the facet; codings without a code are left out. */
function identities(sink: IndexRowBuilder): string[] {
  const found = sink.keys.filter(([, value]) => value[0] === "=" && value[1] !== SEP).slice(0, MAX_OF_A_PART);
  return found.map(([, value]) => value.slice(1));
}
