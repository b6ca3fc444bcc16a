/**
 * Checks all stored data for violations of invariants, beside running nodes or without any, page by page. Findings in resources that were written
 * meanwhile are counted apart, since the other half of the same write may have been read before it.
 */
import type { FhirResource } from "../../fhir/r4.ts";
import type { Resource } from "../../fhir/resource.ts";
import type { Row } from "../../fhir/search/query.ts";
import type { RuleSettings } from "../../mesh/rule-settings.ts";
import { areByFacts, type AnyKeys } from "../../mixins/fhir/rules/unique-keys.ts";
import type { Standing } from "../../mixins/fhir/rules/invariants.ts";
import type { AnyRule, Change, RulesOf } from "../../mixins/fhir/rules/rule.ts";
import { modeOf } from "../../mixins/fhir/rules/rulebook.ts";
import { checkCounters, knownCounters } from "./counters.ts";
import { type Breach, Findings, type CheckReport } from "./findings.ts";
import { checkHistory } from "./histories.ts";
import { KnownResources } from "./known.ts";
import { wereMerged } from "./merged.ts";
import { patientsAround, referencesBesides } from "./unwatched-references.ts";
import type { OwnerSource } from "./owner-stores.ts";
import { readStored } from "./stored-text.ts";
import { Tally } from "./tally.ts";
import { typed } from "../../fhir/typed.ts";

/** Resources that are read at a time. */
const PAGE = 1_000;
/** Keys with a wrong holder that are reported for one service. */
const MAX_MISHELD = 1_000;
/** Rounds in which facts lead to further facts, as at a write. */
const MAX_ROUNDS = 4;

/** Options of a check. */
export interface CheckOptions {
  /** The setting RULES: a rule that is off, or only warns, is not checked. */
  rules: RuleSettings;
  /** Largest difference between clocks, milliseconds: writes so shortly before the check count as concurrent with it. Default 2,000. */
  clocksMs?: number;
  /** Called with the number of resources checked so far. */
  progress?(resources: number): void;
}

/** @throws StoreError if a store cannot be read */
export async function checkData(
  sources: OwnerSource[],
  { rules, clocksMs = 2_000, progress = () => {} }: CheckOptions,
): Promise<CheckReport> {
  const begun = Date.now();
  const check = new Check(sources, rules, begun - clocksMs);
  let resources = 0;
  for (const source of sources) {
    const tally = new Tally();
    try {
      const counters = await knownCounters(source);
      const { documents } = await source.store.stats();
      for (const [type, count] of Object.entries(documents)) {
        if (!source.owns.has(type)) check.findings.add(unowned(source, type, count));
        for await (const rows of pagesOf(source, type)) {
          await check.page(source, { type, rows }, { tally, counters });
          resources += rows.length;
          progress(resources);
        }
      }
      await check.tallied(source, tally);
    } finally {
      tally.close();
    }
  }
  const { told: findings, counts, doubts, doubtful, unsettled, leftByUnmerge, dangling, danglingElsewhere } = check.findings;
  const seconds = (Date.now() - begun) / 1_000;
  return {
    at: new Date(begun).toISOString(),
    seconds,
    resources,
    findings,
    counts,
    doubts,
    doubtful,
    unsettled,
    leftByUnmerge,
    danglingElsewhere,
    dangling,
  };
}

/** The name of a required counterpart ends with the resource that provides it. */
const counterpart = ({ service }: OwnerSource, name: string, isNeeded: boolean) =>
  ({ kind: "counterpart", service, resource: name.slice(name.lastIndexOf(" ") + 1), isNeeded }) as const;

const notFollowing = ({ service }: OwnerSource, reference: string, { status }: { status?: string }): Breach => ({
  invariant: `${service}-follows`,
  detail: `${reference} does not agree with the counters: it is ${status ?? "different"}`,
  resources: [reference],
  about: { kind: "follows", service, resource: reference },
});

const unowned = ({ service }: OwnerSource, type: string, count: number): Breach => ({
  invariant: `${service}-owns`,
  detail: `the store of ${service} contains ${count} resources of type ${type}, which ${service} does not own: they are not shown`,
  resources: [],
});

async function* pagesOf({ store }: OwnerSource, type: string): AsyncGenerator<Row[]> {
  for (let after: { values: []; seq: number; id: string } | undefined; ; ) {
    const { rows, more } = await store.search({ type, clauses: [], sort: [], want: "rows", limit: PAGE, ...(after && { after }) });
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (!more || !last) return;
    after = { values: [], seq: last.seq, id: last.id };
  }
}

async function* heldKeysOf(store: OwnerSource["store"]): AsyncGenerator<{ key: string; holder: string }> {
  for (let after: string | undefined; ; ) {
    const some = await store.heldKeys(PAGE, after);
    yield* some;
    if (some.length < PAGE) return;
    after = some.at(-1)?.key;
  }
}

/** A resource of a page. */
interface Looked {
  reference: string;
  resource: Resource;
  row: Row;
}

/** Where the contributions of a service's resources are summed. */
interface Adding {
  tally: Tally;
  /** The service's counters with their values, by name. */
  counters: ReadonlyMap<string, number>;
}

class Check {
  readonly findings = new Findings();
  /** Keys of the present service whose holder is not the resource that they belong to. */
  readonly #misheld: { key: string; finding: Breach }[] = [];
  /** Resources that cannot be read: their keys are unknown. */
  readonly #unread = new Set<string>();
  readonly #known: KnownResources;
  readonly #sources: OwnerSource[];
  readonly #rules: RuleSettings;
  readonly #since: number;

  constructor(sources: OwnerSource[], rules: RuleSettings, since: number) {
    this.#sources = sources;
    this.#known = new KnownResources(sources);
    this.#rules = rules;
    this.#since = since;
  }

  /** `RULES=off`: what clients write moves no counters, holds no unique keys, and changes nothing else. */
  get #isPlain(): boolean {
    return this.#rules.otherwise === "off";
  }

  async page(source: OwnerSource, { type, rows }: { type: string; rows: Row[] }, adding: Adding): Promise<void> {
    const looked = await this.#readable(type, rows);
    await this.#references(type, looked);
    await this.#holding(source, type, looked);
    if (!this.#isPlain) await this.#standing(source, type, looked, adding);
    const status = this.#rulesOf(source.options.rules, type).filter(({ id }) => /-(?:status|subject)$/.test(id));
    for (const one of status.length > 0 ? looked : []) {
      if (one.row.version === 1) continue;
      const by = { source, sources: this.#sources, rules: status, known: this.#known };
      for (const { patients = [], ...finding } of await checkHistory(by, one.reference)) {
        if (await this.#areLeft(patients)) this.findings.leftByUnmerge += 1;
        else await this.#found(finding);
      }
    }
  }

  /** The resources of a page that can be read; the others are reported. */
  async #readable(type: string, rows: Row[]): Promise<Looked[]> {
    const looked: Looked[] = [];
    for (const row of rows) {
      const reference = `${type}/${row.id}`;
      const read = readStored(row.json, { type, id: row.id });
      if ("resource" in read) looked.push({ reference, resource: read.resource, row });
      else {
        this.#unread.add(reference);
        await this.#found({ invariant: "content", detail: `${reference} ${read.fault}`, resources: [reference] });
      }
    }
    return looked;
  }

  /** Reports what is only known once all resources of a service were read. */
  async tallied(source: OwnerSource, tally: Tally): Promise<void> {
    if (this.#isPlain) return;
    const told = new Set<string>();
    for (const { key, holders } of tally.keysOfSeveral()) {
      told.add(key);
      await this.#found({
        invariant: "unique-key",
        detail: `${source.service}: several living resources hold the key ${key}`,
        resources: holders,
      });
    }
    for (const { key, finding } of this.#misheld.splice(0)) {
      if (!told.has(key)) await this.#found(finding);
      told.add(key);
    }
    for await (const { key, holder } of heldKeysOf(source.store)) {
      if (told.has(key) || this.#unread.has(holder) || tally.hasKey(key, holder)) continue;
      const detail = `${source.service}: ${holder} wrongly holds the key ${key}: no other resource can have it`;
      await this.#found({ invariant: "unique-key-ghost", detail, resources: [holder], about: { kind: "hold", resource: holder } });
    }
    for (const { name, by, givers } of tally.unmet()) {
      const detail = givers.length === 0 ? `${by} needs ${name}: there is none` : `${by} needs ${name}: there are ${givers.length}`;
      const finding = { invariant: `${source.service}-counterpart`, detail, resources: [by, ...givers] };
      await this.#found(givers.length > 0 ? finding : { ...finding, about: counterpart(source, name, true) });
    }
    for (const { name, by } of tally.unneeded()) {
      const detail = `${by} provides ${name}, which no resource needs`;
      const finding = { invariant: `${source.service}-counterpart`, detail, resources: [by], about: counterpart(source, name, false) };
      if (await this.#isSettled(finding)) this.findings.doubt(finding);
    }
    const { invariants } = source.options;
    if (!invariants) return;
    const isMoving = (await source.store.history({ since: this.#since, limit: 1 })).versions.length > 0;
    for await (const { detail, ...counter } of checkCounters(source.store, invariants, tally)) {
      const { service } = source;
      const about = counter.sum === undefined ? {} : { about: { kind: "counter", service, ...counter } as const };
      if (isMoving) this.findings.unsettled += 1;
      else this.findings.add({ invariant: `${service}-counter`, detail, resources: [], ...about });
    }
  }

  /** Counts references that lead nowhere; those that an act depends on are the business of a rule. */
  async #references(type: string, looked: Looked[]): Promise<void> {
    const all = looked.flatMap(({ resource, row }) =>
      referencesBesides(type, resource, row.json ?? "").map((to) => ({ from: `${type}/${row.id}`, to })),
    );
    await this.#known.ask(all.map(({ to }) => to));
    for (const one of all) {
      const is = this.#known.of(one.to)?.is;
      if (is === "absent" || is === "deleted") this.findings.addDangling(one);
    }
  }

  #rulesOf(rules: RulesOf | undefined, type: string): AnyRule[] {
    const own = ((rules ?? {}) as Record<string, AnyRule[] | undefined>)[type] ?? [];
    return own.filter((rule) => modeOf(rule, this.#rules) === "on");
  }

  /** Checks the rules that hold for stored resources too, as for a creation at the time of writing. */
  async #holding({ options }: OwnerSource, type: string, looked: Looked[]): Promise<void> {
    const always = this.#rulesOf(options.rules, type).filter(({ holdsAlways }) => holdsAlways);
    const rules = [...always, ...this.#rulesOf(options.invariants?.always, type)];
    if (rules.length === 0) return;
    const cases = looked.map(({ reference, resource, row }) => {
      const change: Change = { op: "create", reference, after: typed<FhirResource>(resource), now: new Date(row.updated) };
      return { change, reference };
    });
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const wanted = cases.flatMap(({ change }) => rules.flatMap((rule) => rule.facts?.(change, this.#known) ?? []));
      const questions = cases.flatMap(({ change }) => rules.flatMap((rule) => rule.questions?.(change, this.#known) ?? []));
      const isNew = [await this.#known.ask(wanted), await this.#known.askFor(questions)];
      if (!isNew.includes(true)) break;
    }
    await this.#told(cases, rules);
    this.#known.forgetFound();
  }

  async #told(cases: { change: Change; reference: string }[], rules: AnyRule[]): Promise<void> {
    for (const { change, reference } of cases) {
      for (const rule of rules) {
        const refusal = rule.check(change, this.#known);
        if (!refusal) continue;
        const of = change.after && rule.id.endsWith("-one-patient") ? patientsAround(change.after, this.#known) : [];
        if (await this.#areLeft(of)) this.findings.leftByUnmerge += 1;
        else {
          const kind = rule.group === "references" ? "reference" : rule.id.endsWith("-systems") ? "systems" : undefined;
          await this.#found({
            invariant: rule.id,
            detail: `${reference}, ${refusal.at}: ${rule.says} ${refusal.message}`,
            resources: [reference],
            ...(kind && { about: { kind, resource: reference } as const }),
          });
        }
      }
    }
  }

  /** Whether two patients' records were merged and separated again. */
  async #areLeft([one, ...others]: string[]): Promise<boolean> {
    if (one === undefined || others.length === 0) return false;
    for (const other of others) if (!(await wereMerged(this.#sources, one, other))) return false;
    return true;
  }

  async #standing(source: OwnerSource, type: string, looked: Looked[], { tally, counters }: Adding): Promise<void> {
    const { options } = source;
    const keys = ((options.unique ?? {}) as AnyKeys)[type];
    if (areByFacts(keys)) await this.#known.ask(looked.flatMap(({ resource }) => keys.about(resource)));
    const standing = ((options.invariants?.standings ?? {}) as Record<string, Standing<never> | undefined>)[type];
    const holds: { key: string; by: string }[] = [];
    for (const { reference, resource } of looked) {
      const held = areByFacts(keys) ? keys.keys(resource, this.#known) : (keys?.(resource) ?? []);
      for (const { key, rule } of held) {
        if (rule !== undefined) continue; // whether it is held depends on RULES when it was written
        tally.key(key, reference);
        holds.push({ key, by: reference });
      }
      if (!standing) continue;
      for (const name of standing.needs?.(resource as never) ?? []) tally.need(name, reference);
      for (const name of standing.gives?.(resource as never) ?? []) tally.give(name, reference);
      for (const [counter, by] of standing.counters?.(resource as never, (it) => counters.has(it)) ?? []) tally.move(counter, by);
      const next = standing.follows?.(resource as never, (it) => counters.get(it)) as { status?: string } | undefined;
      if (next) await this.#found(notFollowing(source, reference, next));
    }
    await this.#held(source, holds);
  }

  /** Reports keys that no resource holds, which does not keep others from taking them, and keys that another one holds, which blocks writes of the owner. */
  async #held({ store, service }: OwnerSource, holds: { key: string; by: string }[]): Promise<void> {
    for (let from = 0; from < holds.length; from += PAGE) {
      const some = holds.slice(from, from + PAGE);
      for (const [index, holder] of (await store.holders(some.map(({ key }) => key))).entries()) {
        const { key, by } = some[index] as { key: string; by: string };
        if (holder === by) continue;
        const detail = `${service}: ${by} should hold the key ${key}, but ${holder ?? "no resource"} holds it`;
        const finding = { invariant: "unique-key-held", detail, resources: [by, ...(holder === undefined ? [] : [holder])] };
        if (holder === undefined) await this.#found({ ...finding, about: { kind: "hold", resource: by } });
        else if (this.#misheld.length < MAX_MISHELD) this.#misheld.push({ key, finding });
      }
    }
  }

  async #found(finding: Breach): Promise<void> {
    if (await this.#isSettled(finding)) this.findings.add(finding);
    else this.findings.unsettled += 1;
  }

  /** Whether all resources of a finding were written before the check began; a newer one may be half of a write. */
  async #isSettled(finding: Breach): Promise<boolean> {
    for (const place of finding.resources) {
      const [type = "", id = ""] = place.split("/");
      for (const { store, owns } of this.#sources) {
        const stored = owns.has(type) ? await store.read(type, id) : undefined;
        if (stored && stored.updated >= this.#since) return false;
      }
    }
    return true;
  }
}
