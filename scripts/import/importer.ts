/** Sends files to a FHIR server, several at a time; failures are reported, and the rest goes on. */
import { setTimeout as pause } from "node:timers/promises";
import { type Answered, type FhirClient, ImportRefused, Unreachable } from "./client.ts";
import type { SourceFile } from "./files.ts";
import { anchorOf, conditional, type Entry, isRepeatable } from "./once.ts";
import { regrouped } from "./bring-order.ts";
import type { ImportUnit } from "./unit.ts";
import { type Fault, unitsOf } from "./units.ts";
import { isId } from "../../fhir/ids.ts";

/** Counts of an import. */
export interface Counts {
  /** Resources created or updated. */
  written: number;
  /** Resources that existed already, and were not changed. */
  found: number;
  /** Bundles that existed already, and were skipped as a whole. */
  skipped: number;
  /** Bundles without any identifier, which a second run cannot recognise. */
  unknown: number;
  /** Files, lines and entries that were refused. */
  failed: number;
  /** Files begun. */
  files: number;
  /** Bytes of the files, as on the disk. */
  bytes: number;
}

/** What to import, where to, and callbacks. */
export interface Import {
  files: SourceFile[];
  client: FhirClient;
  parallel: number;
  once: boolean;
  /** Aborted: no further bundle is begun. */
  signal?: AbortSignal;
  onFault(fault: Fault): void;
  onProgress(counts: Readonly<Counts>): void;
}

/** Units in a row without an answer after which the server is given up; one that is down for only some of the data still accepts others. */
const MAX_DOWN = 3;
/** Bundles and lines that may wait for what they refer to, each line a resource in memory. Further ones are reported as refused. */
const MAX_LATER = 10_000;

/** @throws Unreachable if the server has gone for good; what was written until then stays */
export async function importFiles(options: Import): Promise<Counts> {
  const { files, parallel, signal, onProgress } = options;
  const counts: Counts = { written: 0, found: 0, skipped: 0, unknown: 0, failed: 0, files: 0, bytes: 0 };
  const onFault = (fault: Fault) => {
    counts.failed += 1;
    options.onFault(fault);
  };
  const seen = new Set<SourceFile>();
  let gone: Unreachable | undefined;
  let down = 0; // units in a row for which the server was unavailable, in spite of retries
  let later: ImportUnit[] = [];
  const toldOnce = (unit: ImportUnit, error: ImportRefused) => onFault({ where: placeOf(unit), reason: error.message });
  const orLater = (unit: ImportUnit, error: ImportRefused) => {
    if (waiting(later) + waiting([unit]) <= MAX_LATER) later.push(unit);
    else toldOnce(unit, error);
  };
  const work = async (units: AsyncIterator<ImportUnit> | Iterator<ImportUnit>, manner: Manner) => {
    const onRefused = manner === "last" ? toldOnce : orLater;
    while (!signal?.aborted && !gone) {
      const { value: unit, done } = await units.next();
      if (done) return;
      seen.add(unit.file);
      counts.files = seen.size;
      try {
        await bring(unit, { ...options, onFault, onRefused, isWhole: manner === "whole" && waiting(later) < MAX_LATER / 2 }, counts);
        down = 0;
      } catch (error) {
        if (error instanceof ImportRefused && error.isTooEarly) {
          onRefused(unit, error);
          continue;
        }
        down = error instanceof ImportRefused && error.isDown ? down + 1 : 0;
        if (error instanceof Unreachable) gone = error;
        else onFault({ where: unit.file.path, reason: (error as Error).message });
        if (down === MAX_DOWN) gone = new Unreachable((error as Error).message);
      }
      counts.bytes += unit.bytes;
      onProgress(counts);
    }
  };
  const all = unitsOf(files, onFault);
  const inParallel = (units: Parameters<typeof work>[0], manner: Manner) =>
    Promise.all(Array.from({ length: parallel }, () => work(units, manner)));
  await inParallel(all, "whole");
  // A resource may refer to one that was sent later (an order to its patient): waiting units are repeated as long as some are accepted.
  let [manner, open]: [Manner, number] = ["whole", Number.POSITIVE_INFINITY];
  while (later.length > 0 && !signal?.aborted && !gone) {
    const left = waiting(later);
    manner = left < open ? "whole" : manner === "whole" ? "lines" : "last";
    open = left;
    const again = (await regrouped(later)).values();
    later = [];
    await inParallel(again, manner);
  }
  if (gone) throw gone;
  return counts;
}

/**
 * How to treat a group with a line that refers to a missing resource. `whole`: the group waits; `lines`: only that line waits, the others are
 * sent; `last`: the line is reported.
 */
type Manner = "whole" | "lines" | "last";

/** Number of waiting bundles and lines. */
const waiting = (units: ImportUnit[]): number => units.reduce((sum, { lines }) => sum + Math.max(1, lines.length), 0);

/** For people: the file, with the line if it is known. */
const placeOf = ({ file, lines }: ImportUnit): string => (lines.length === 1 ? `${file.path}:${lines[0]}` : file.path);

/** An import with a callback for units that refer to missing resources, and may be accepted later. */
interface Bringing extends Import {
  /** Whether a group waits as a whole: leaving out a line costs a transaction. */
  isWhole: boolean;
  onRefused(unit: ImportUnit, error: ImportRefused): void;
}

async function bring(unit: ImportUnit, options: Bringing, counts: Counts): Promise<void> {
  const entries = await unit.entries();
  if (entries.length === 0) return;
  if (unit.kind === "group") await bringGroup(unit, entries, options, counts);
  else await bringBundle(entries, options, counts);
}

/** After a broken connection the outcome of a bundle is unknown: its anchor is searched for. */
const LOOK_AGAIN = 3;
const LOOK_PAUSE_MS = 2_000;

async function bringBundle(entries: Entry[], { client, once }: Import, counts: Counts): Promise<void> {
  if (!once) return void add(counts, entries, await client.process("transaction", entries, isRepeatable(entries)));
  const anchor = anchorOf(entries);
  const safe = conditional(entries);
  for (let looks = 1; ; looks += 1) {
    if (anchor && (await client.find(anchor)).length > 0) {
      if (looks > 1) {
        counts.written += entries.length;
      } // the first attempt of this process got through
      else counts.skipped += 1;
      return;
    }
    try {
      add(counts, safe, await client.process("transaction", safe, isRepeatable(safe)));
      if (!anchor && !isRepeatable(safe)) counts.unknown += 1;
      return;
    } catch (error) {
      if (!(error instanceof Unreachable) || !anchor || looks === LOOK_AGAIN) throw error;
      await pause(LOOK_PAUSE_MS);
    }
  }
}

/** Lines of one group that are left out one by one, each at the cost of a transaction; beyond it the rest is sent line by line. */
const MAX_LEFT_OUT = 20;

/** One line of a group, and the entry that is sent for it. */
interface Line {
  number: number;
  open: Entry;
  sent: Entry;
}

/**
 * Sends a group as one transaction, without the lines that are refused: contradictions between lines only show when they are written together. If
 * the refusal names no line, or too many have to be left out, the others are sent line by line.
 */
async function bringGroup(unit: ImportUnit, all: Entry[], options: Bringing, counts: Counts): Promise<void> {
  const { client, once } = options;
  const each = eachOnce(unit, all, options);
  counts.found += each.same;
  const known = once ? await knownIn(all, client) : new Set<string>();
  const open = each.lines.filter(({ entry }) => !known.has(entry.request.url));
  counts.found += each.lines.length - open.length;
  const entries = open.map(({ entry }) => entry);
  const sent = once ? conditional(entries) : entries;
  let lines = open.map(({ entry, number }, index): Line => ({ number, open: entry, sent: sent[index] as Entry }));
  for (let left = 0; lines.length > 0 && left <= MAX_LEFT_OUT; left += 1) {
    const refusal = await together(lines, client, counts);
    if (refusal === undefined) return;
    if (options.isWhole && refusal.isTooEarly) return options.onRefused(waitingOf(unit, lines), refusal);
    const refused = new Set(refusal.entries);
    if (refused.size === 0) break;
    for (const index of refused) if (lines[index]) refuse(unit, lines[index], refusal, options);
    lines = lines.filter((_, index) => !refused.has(index));
  }
  if (lines.length > 0) await oneByOne(unit, lines, options, counts);
}

/**
 * The lines of a group without those whose resource an earlier line has. One with other content is reported: which of the two is right, only its
 * sender knows.
 */
function eachOnce(unit: ImportUnit, all: Entry[], { onFault }: Bringing): { lines: { entry: Entry; number: number }[]; same: number } {
  const first = new Map<string, { entry: Entry; number: number }>();
  const lines: { entry: Entry; number: number }[] = [];
  let same = 0;
  for (const [index, entry] of all.entries()) {
    const line = { entry, number: unit.lines[index] ?? 0 };
    const { method, url } = entry.request;
    const earlier = method === "PUT" ? first.get(url) : undefined;
    if (!earlier) {
      lines.push(line);
      first.set(url, line);
    } else if (JSON.stringify(earlier.entry.resource) === JSON.stringify(entry.resource)) {
      same += 1;
    } else {
      const reason = `${url} is also in line ${earlier.number}, with other content: leave out the one that is wrong`;
      onFault({ where: `${unit.file.path}:${line.number}`, reason });
    }
  }
  return { lines, same };
}

/** Lines of a group that are sent later. */
const waitingOf = ({ file }: ImportUnit, lines: Line[]): ImportUnit => ({
  file,
  kind: "group",
  lines: lines.map(({ number }) => number),
  bytes: 0,
  entries: async () => lines.map(({ open }) => open),
});

/** @returns the refusal; undefined: all lines were accepted */
async function together(lines: Line[], client: FhirClient, counts: Counts): Promise<ImportRefused | undefined> {
  const entries = lines.map(({ sent }) => sent);
  try {
    add(counts, entries, await client.process("transaction", entries, isRepeatable(entries)));
    return undefined;
  } catch (error) {
    if (!(error instanceof ImportRefused) || error.status >= 500) throw error;
    return error;
  }
}

async function oneByOne(unit: ImportUnit, lines: Line[], options: Bringing, counts: Counts): Promise<void> {
  const entries = lines.map(({ sent }) => sent);
  const { entry = [] } = await options.client.process("batch", entries, isRepeatable(entries));
  const taken = entry.map(({ response }) => Number.parseInt(response.status, 10) < 400);
  add(
    counts,
    entries.filter((_, index) => taken[index]),
    { entry: entry.filter((_, index) => taken[index]) },
  );
  for (const [index, { response }] of entry.entries()) {
    if (taken[index] || !lines[index]) continue;
    refuse(unit, lines[index], new ImportRefused(Number.parseInt(response.status, 10), response.outcome), options);
  }
}

/** Lets a line wait if it refers to a missing resource; otherwise reports it. */
function refuse(unit: ImportUnit, line: Line, refusal: ImportRefused, { onRefused, onFault }: Bringing): void {
  if (refusal.isTooEarly) onRefused(waitingOf(unit, [line]), refusal);
  else onFault({ where: `${unit.file.path}:${line.number}`, reason: refusal.message });
}

/** `Type/id` of those resources with an id of their own that the server has: one question per type. */
async function knownIn(entries: Entry[], client: FhirClient): Promise<Set<string>> {
  const byType = Map.groupBy(
    entries.flatMap(({ request, resource }) => (request.method === "PUT" && resource?.id ? [resource] : [])),
    ({ resourceType }) => resourceType,
  );
  const known = new Set<string>();
  for (const [type, resources] of byType) {
    const ids = [...new Set(resources.map(({ id }) => id as string))].filter(isId);
    if (ids.length === 0) continue;
    for (const { id } of await client.find(`${type}?_id=${ids.join(",")}`, ids.length).catch(nothing)) known.add(`${type}/${id}`);
  }
  return known;
}

/** A type that the server does not support is reported when it is written, with its line. */
function nothing(error: unknown): { id: string }[] {
  if (error instanceof ImportRefused && error.status < 500) return [];
  throw error;
}

/** Counts results. 201: created. 200 to a POST: a resource with that identifier exists, and was not changed. */
function add(counts: Counts, entries: Entry[], { entry = [] }: Answered): void {
  for (const [index, { response }] of entry.entries()) {
    if (entries[index]?.request.method === "POST" && response.status.startsWith("200")) counts.found += 1;
    else counts.written += 1;
  }
}
