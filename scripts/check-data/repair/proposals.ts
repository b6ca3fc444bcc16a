/** Proposes a repair for a finding, or names the decision that people must take. */
import { ACT_REFERENCES, RESTED_ON } from "../../../federation/act-references.ts";
import { localReference, splitPlace } from "../../../federation/facts.ts";
import { withListedAddresses } from "../../../fhir/code-systems.ts";
import { copyOfJson, parseJson } from "../../../fhir/json.ts";
import type { FhirResource, Reference } from "../../../fhir/r4.ts";
import type { Resource } from "../../../fhir/resource.ts";
import { typed } from "../../../fhir/typed.ts";
import { referencesAt } from "../../../mixins/fhir/rules/references-exist.ts";
import { Rulebook } from "../../../mixins/fhir/rules/rulebook.ts";
import { signaturesOf } from "../../../mixins/fhir/rules/signed.ts";
import type { Standing } from "../../../mixins/fhir/rules/invariants.ts";
import { counted } from "../../../store/counted.ts";
import { countersOf, knownCounters } from "../counters.ts";
import type { Breach } from "../findings.ts";
import type { OwnerSource } from "../owner-stores.ts";

/** A new version of a resource. */
export interface ResourceRepair {
  finding: Breach;
  /** What it does, one sentence. */
  does: string;
  /** `Type/id`, and the version that it replaces. */
  reference: string;
  version: number;
  next: Resource;
}

/** A counter that is set to the sum over its service's resources. */
export interface CounterRepair {
  finding: Breach;
  does: string;
  source: OwnerSource;
  counter: string;
  from: number;
  to: number;
  /** A part of the counter that changes with it, as the parts add up to the counter. */
  part?: { counter: string; by: number };
}

/** A finding that no program can decide. */
export interface RepairDecision {
  finding: Breach;
  decide: string;
}

/** What is to be done about one finding. */
export type Proposal = ResourceRepair | CounterRepair | RepairDecision;

/** @param sources all owners in their present state */
export async function proposalFor(finding: Breach, sources: OwnerSource[]): Promise<Proposal> {
  const { about } = finding;
  if (about?.kind === "counterpart") return (await counterpart(finding, about, sources)) ?? decision(finding);
  if (about?.kind === "follows") return (await following(finding, about.resource, sources)) ?? decision(finding);
  if (about?.kind === "hold") return (await again(finding, about.resource, sources)) ?? decision(finding);
  if (about?.kind === "reference") return (await dangling(finding, about.resource, sources)) ?? decision(finding);
  if (about?.kind === "systems") return (await respelt(finding, about.resource, sources)) ?? decision(finding);
  if (about?.kind !== "counter") return decision(finding);
  const source = sources.find(({ service }) => service === about.service) as OwnerSource;
  const { counter, value: from, sum: to } = about;
  const { invariants = {} } = source.options;
  if (to < 0 && invariants.isNeverNegative?.(counter)) return { finding, decide: TAKEN_TOO_MUCH };
  const part = await changedPart(source, counter, to);
  return { finding, source, counter, from, to, ...(part && { part }), does: `${counter} becomes ${to}, the sum of the stored resources` };
}

const TAKEN_TOO_MUCH =
  "More was taken than has arrived: record the delivery that is missing, or mark what was not taken as entered in error; then check again.";

/** The part of a counter with which its parts add up to its new value; undefined: they do already, or it has none. */
async function changedPart({ store, options }: OwnerSource, counter: string, to: number): Promise<CounterRepair["part"]> {
  const part = options.invariants?.partAt?.(counter, new Date());
  if (part === undefined) return undefined;
  let sum = 0;
  for await (const { name, value } of countersOf(store, "")) if (options.invariants?.wholeOf?.(name) === counter) sum += value;
  const by = counted(to - sum);
  return by === 0 ? undefined : { counter: part, by };
}

/** Decisions by the suffix of an invariant's name. */
const DECISIONS: [end: string, decide: string][] = [
  ["content", "Restore it from a backup, or write it anew: its content is lost."],
  ["unique-key-ghost", "Store it once more as it is: this releases the key."],
  ["unique-key-held", "Change or end the resource that holds the key: this releases the key."],
  ["unique-key", "Which of them is the right one? Correct the other, or mark it as entered in error."],
  ["-status", "Was the change of status a mistake? Later changes stay: mark the resource as entered in error, or leave it."],
  ["-subject", "Which patient is it about? Mark it as entered in error, and record it anew for the right patient."],
  ["-one-patient", "Which patient is it about? Mark the resource that names the wrong patient as entered in error, and record it anew."],
  [
    "-references",
    "Store the missing resource again under its id, from a backup or from the system that it came from; or mark this one as entered in error, and record it anew.",
  ],
  ["history", "Take the versions from a backup, or leave it: the current version exists."],
  ["stay-bed-in-use", "Transfer the patient, or open the bed again."],
  ["-counter", "Count the stock, and find out which of its days is wrong."],
];

function decision(finding: Breach): RepairDecision {
  const [, decide] = DECISIONS.find(([end]) => finding.invariant.endsWith(end)) ?? [];
  return { finding, decide: decide ?? "What is the right value? Correct it, or mark it as entered in error." };
}

/** The current version of a resource at its owner. */
async function currentOf(
  reference: string,
  sources: OwnerSource[],
): Promise<{ source: OwnerSource; version: number; resource: Resource } | undefined> {
  const [type, id] = splitPlace(reference);
  for (const source of sources) {
    const stored = source.owns.has(type) ? await source.store.read(type, id) : undefined;
    if (stored?.json !== undefined) return { source, version: stored.version, resource: parseJson(stored.json) as Resource };
  }
  return undefined;
}

const standingOf = ({ options }: OwnerSource, { resourceType }: Resource): Standing<never> | undefined =>
  ((options.invariants?.standings ?? {}) as Record<string, Standing<never> | undefined>)[resourceType];

async function counterpart(
  finding: Breach,
  { resource: reference, isNeeded }: { resource: string; isNeeded: boolean },
  sources: OwnerSource[],
): Promise<ResourceRepair | undefined> {
  const current = await currentOf(reference, sources);
  if (!current) return undefined;
  const { source, version, resource } = current;
  const next = standingOf(source, resource)?.mended?.(resource as never, isNeeded) as Resource | undefined;
  return next && { finding, reference, version, next, does: `${reference} becomes ${String(next["status"])}` };
}

/** The resource as it follows from the present counters; undefined if a counter is wrong, which is a finding of its own. */
async function following(finding: Breach, reference: string, sources: OwnerSource[]): Promise<ResourceRepair | undefined> {
  const current = await currentOf(reference, sources);
  if (!current) return undefined;
  const { source, version, resource } = current;
  const counters = await knownCounters(source);
  const next = standingOf(source, resource)?.follows?.(resource as never, (it) => counters.get(it)) as Resource | undefined;
  return next && { finding, reference, version, next, does: `${reference} becomes ${String(next["status"])}` };
}

/** The same content once more: its unique keys are taken with it, if they are free. */
async function again(finding: Breach, reference: string, sources: OwnerSource[]): Promise<ResourceRepair | undefined> {
  const current = await currentOf(reference, sources);
  if (!current) return undefined;
  const { version, resource: next } = current;
  return { finding, reference, version, next, does: `${reference} is stored once more as it is, and then holds its keys` };
}

/** The same codes, in the systems that are meant. */
async function respelt(finding: Breach, reference: string, sources: OwnerSource[]): Promise<ResourceRepair | undefined> {
  const current = await currentOf(reference, sources);
  if (!current) return undefined;
  const { version, resource } = current;
  if (await isSigned(reference, sources)) return undefined;
  const does = `in ${reference}, code systems are named by the addresses that R4 lists`;
  return { finding, reference, version, next: withListedAddresses(resource), does };
}

/** References without which an act is meaningless: people must say whose it is, or what was given or ordered. */
const ESSENTIAL = ["subject", "patient", "medicationReference", "suppliedItem.itemReference", "lineItem.chargeItemReference"];

/** Turns a reference that leads nowhere into a text, so that its content can still be read. */
async function dangling(finding: Breach, reference: string, sources: OwnerSource[]): Promise<ResourceRepair | undefined> {
  const current = await currentOf(reference, sources);
  if (!current) return undefined;
  const { source, version, resource } = current;
  // Content that is final or signed stays: people decide whether it was an error.
  if (isFinal(source, resource) || (await isSigned(reference, sources))) return undefined;
  const next = copyOfJson(resource);
  const gone: string[] = [];
  for (const { path } of ACT_REFERENCES[resource.resourceType] ?? []) {
    for (const at of referencesAt(next, path)) {
      const place = localReference(at.reference);
      if (place === undefined || !RESTED_ON.has(splitPlace(place)[0]) || (await isHere(place, sources))) continue;
      if (ESSENTIAL.includes(path)) return undefined;
      asText(at, place);
      gone.push(`${path} ${place}`);
    }
  }
  if (gone.length === 0) return undefined;
  return { finding, reference, version, next, does: `in ${reference}, references to missing resources become texts: ${gone.join(", ")}` };
}

/** Whether the content of a stored resource may no longer be changed. */
const isFinal = ({ options }: OwnerSource, resource: Resource): boolean =>
  new Rulebook(options.rules ?? {}, { otherwise: "on", named: {} }).isFinal(typed<FhirResource>(resource));

/** Whether a resource was signed. */
async function isSigned(reference: string, sources: OwnerSource[]): Promise<boolean> {
  for (const { owns, store } of sources) {
    if (!owns.has("Provenance")) continue;
    const { rows } = await store.search({ type: "Provenance", clauses: signaturesOf(reference), sort: [], limit: 1, want: "ids" });
    if (rows.length > 0) return true;
  }
  return false;
}

/** Whether a resource exists here: deleted ones do not, and of types without an owner nothing is known. */
async function isHere(place: string, sources: OwnerSource[]): Promise<boolean> {
  const [type] = splitPlace(place);
  return !sources.some(({ owns }) => owns.has(type)) || (await currentOf(place, sources)) !== undefined;
}

function asText(at: Reference, place: string): void {
  delete at.reference;
  at.display ??= `${place} (not here)`;
}
