/** Checks the versions of one resource: they are complete, and each follows from the one before by the rules. */
import { patientElementOf } from "../../federation/patient-records.ts";
import type { FhirResource } from "../../fhir/r4.ts";
import type { Resource } from "../../fhir/resource.ts";
import { placeOf } from "../../mixins/fhir/rules/common.ts";
import { referencesAt } from "../../mixins/fhir/rules/references-exist.ts";
import type { AnyRule, Change, Facts } from "../../mixins/fhir/rules/rule.ts";
import type { StoredResource } from "../../store/store.ts";
import type { Breach } from "./findings.ts";
import type { KnownResources } from "./known.ts";
import type { OwnerSource } from "./owner-stores.ts";
import { plain, typed } from "../../fhir/typed.ts";
import { readStored } from "./stored-text.ts";

/** Versions of a resource that are checked, the newest. */
const MAX_VERSIONS = 1_000;

/** What a history is checked against. */
export interface HistoryCheck {
  source: OwnerSource;
  sources: OwnerSource[];
  /** The rules of its status, and of its patient. */
  rules: AnyRule[];
  known: KnownResources;
}

/** @param reference `Type/id` of a living resource of the source */
export async function checkHistory(
  { source, sources, rules, known }: HistoryCheck,
  reference: string,
): Promise<(Breach & { patients?: string[] })[]> {
  const [type = "", id = ""] = reference.split("/");
  const versions = await versionsOf(sources, type, id);
  const findings: (Breach & { patients?: string[] })[] = [];
  const found = (invariant: string, detail: string) =>
    findings.push({ invariant, detail: `${reference}: ${detail}`, resources: [reference] });
  const [first] = versions;
  // A resource that moved here from another owner begins with the version that it had there.
  const isGap = versions.some(({ version }, index) => index > 0 && version !== (versions[index - 1]?.version ?? 0) + 1);
  if (isGap) found("history", "the history has gaps");
  for (const { json, version, ...at } of versions.slice(0, -1)) {
    const read = json === undefined ? undefined : readStored(json, at);
    if (read && "fault" in read) found("content", `version ${version} ${read.fault}`);
  }
  const statuses = rules.filter(({ id: name }) => name.endsWith("-status"));
  for (const [index, next] of versions.entries()) {
    const change = changeOf(versions[index - 1], next);
    if (!change) continue;
    const doubtful = statuses.filter((rule) => rule.check(change, known));
    if (doubtful.length === 0) continue;
    // Some transitions are only allowed beside others in the same write.
    const facts = new AtOnce(known, await writtenWith(source, next));
    for (const rule of doubtful)
      if (rule.check(change, facts)) found(rule.id, `the change to version ${next.version} is not allowed. ${rule.says}`);
  }
  // A merge may move it to another patient, and unmerge back: the first and the last patient are compared.
  const change = changeOf(first, versions.at(-1));
  for (const rule of rules.filter(({ id: name }) => name.endsWith("-subject"))) {
    if (!change) continue;
    await known.ask(rule.facts?.(change, known) ?? []);
    if (!rule.check(change, known)) continue;
    const element = patientElementOf(type) ?? "subject";
    const patients = [change.before, change.after].flatMap((it) => referencesAt(it, element).flatMap((one) => placeOf(one) ?? []));
    findings.push({ invariant: rule.id, detail: `${reference}: ${rule.says}`, resources: [reference], patients });
  }
  return findings;
}

/** Versions at all owners that it has had, oldest first; of very many the newest. A version "moved" is also a version of the next owner. */
async function versionsOf(sources: OwnerSource[], type: string, id: string): Promise<StoredResource[]> {
  const all = new Map<number, StoredResource>();
  for (const { store, owns } of sources) {
    if (!owns.has(type)) continue;
    const { versions } = await store.history({ type, id, limit: MAX_VERSIONS, maxBytes: Number.MAX_SAFE_INTEGER });
    for (const one of versions) if (one.json !== undefined || !all.has(one.version)) all.set(one.version, one);
  }
  return [...all.values()].sort((a, b) => a.version - b.version).slice(-MAX_VERSIONS);
}

function bodyOf(version: StoredResource | undefined): FhirResource | undefined {
  const read = version?.json === undefined ? undefined : readStored(version.json, version);
  return read && "resource" in read ? typed<FhirResource>(read.resource) : undefined;
}

function changeOf(before: StoredResource | undefined, after: StoredResource | undefined): Change | undefined {
  const [was, is] = [bodyOf(before), bodyOf(after)];
  if (!was || !is || !after) return undefined;
  return { op: "update", reference: `${after.type}/${after.id}`, before: was, after: is, now: new Date(after.updated) };
}

/** Versions of the same service that were written at the same instant, each with the version before it. */
async function writtenWith({ store }: OwnerSource, { updated }: StoredResource): Promise<StoredResource[][]> {
  const { versions } = await store.history({ since: updated, until: updated, limit: MAX_VERSIONS });
  return Promise.all(
    versions.map(async (one) => [one, await store.readVersion(one.type, one.id, one.version - 1)].filter((it) => it !== undefined)),
  );
}

/** Facts as the write that made these versions saw them. */
class AtOnce implements Facts {
  readonly #known: KnownResources;
  readonly #versions: Resource[][];

  constructor(known: KnownResources, versions: StoredResource[][]) {
    this.#known = known;
    this.#versions = versions.map((pair) => pair.flatMap((one) => bodyOf(one) ?? []).map(plain));
  }

  of = (reference: string | undefined) => this.#known.of(reference);
  found = () => [];
  restingOn = () => [];
  namedBy = () => [];
  written = (type: string) => this.#versions.flatMap(([now]) => (now?.resourceType === type ? [now] : []));
  replacedBy = ({ resourceType, id }: Resource) =>
    this.#versions.find(([now]) => now?.resourceType === resourceType && now["id"] === id)?.[1];
}
