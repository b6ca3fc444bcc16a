/**
 * Two-phase commit over the owners of a transaction's steps. All or nothing, also if any process dies at any point:
 *
 * 1. Each owner prepares: it checks its steps, and stores them durable but invisible. One call per owner. Owners whose steps
 *    may wait for another transaction are called one after the other in order of name, so that no two transactions
 *    wait for each other; the others at once.
 * 2. The journal takes the decision: one durable write, the commit point.
 * 3. Each owner commits. One that cannot be reached asks the journal later (mixins/fhir/recovery.ts).
 */
import { asSystem } from "../../mesh/access/access.ts";
import { randomUUID } from "node:crypto";
import type { Attempt } from "../../mesh/attempt-contract.ts";
import type { Caller } from "../../mesh/caller.ts";
import type { KeyedPart } from "../../mesh/keyed-request-contract.ts";
import { leavingSilent } from "../../mesh/silent-node.ts";
import { newPart, notePart, transactionOfPart } from "../../mesh/keyed-request.ts";
import { mapConcurrent } from "../../mesh/map-concurrent.ts";
import { type MadeElsewhere, type OwnerStep, ownerOf, type StepResult, transactionId } from "../../federation/owner-contract.ts";
import { isType, type IssueOfStep } from "../../federation/errors.ts";
import { writeToOwner } from "../../federation/write-to-owner.ts";
import { abortPrepared, asCommitted, isKeyed, isPrepareInDoubt, prepareCall } from "../../federation/prepare-part.ts";
import { WriteConflict } from "../../federation/retry-on-conflict.ts";
import type { Store } from "../../store/store.ts";
import { isNothingWritten, StoreErrorType } from "../../store/store-error.ts";
import { decideCommit, forget, outcomeOrAbort } from "./journal.ts";
import { isMovesInto } from "../../federation/moves.ts";
import { resultsOf } from "./entry-results.ts";
import { DecidedBefore, lineOf } from "./attempt.ts";
import type { EntryResult } from "./transactions.contract.ts";
import type { TransactionPlan, Share } from "./plan.ts";
import { transactionAborted, transactionUnclear } from "./transactions.errors.ts";

/** Time from the first prepare to the decision; less than an owner waits (DECIDE_AFTER_MS in mixins/fhir/recovery.ts). */
const DECIDE_WITHIN_MS = 20_000; // milliseconds
/** A commit of thousands of steps takes seconds; a node that dies or hangs is noticed long before, and another one commits. Milliseconds. */
const COMMIT_CALL = leavingSilent({ timeout: 30_000 });

/** The caller of a transaction, and the journal for its decision. */
export interface Coordinator {
  nodeID: string;
  journal: Store;
  caller: Caller;
  /** Reports what could not be finished; never throws. */
  warn(message: string): void;
}

/**
 * Carries out all shares or none.
 * @param attempt absent: it cannot be repeated
 * @returns the result of each entry
 * @throws an owner's refusal, with `data.entry` as the index of the entry; TRANSACTION_ABORTED, TRANSACTION_UNCLEAR; WriteConflict if it must be planned again;
 *         DecidedBefore if another attempt was decided first
 */
export async function commitShares(
  coordinator: Coordinator,
  { shares, confirm, answers }: TransactionPlan,
  { representation, attempt }: { representation: boolean; attempt: Attempt | undefined },
): Promise<(EntryResult | null)[]> {
  if (shares.length === 0) return resultsOf(answers, []);
  const [only] = shares;
  const { caller } = coordinator;
  const keyed = isKeyed(caller) ? caller.meta : undefined;
  if (only && shares.length === 1 && !dependsOnAbsence(only) && !keyed) {
    return resultsOf(answers, await writeOnlyShare(coordinator, only, representation, attempt));
  }
  const tx = keyed ? newPart(keyed.keyed) : transactionId(coordinator.nodeID, randomUUID());
  const begun = performance.now();
  const results: StepResult[] = [];
  const asked: string[] = [];

  const prepare = async (share: Share) => {
    asked.push(share.owner);
    const timeout = begun + DECIDE_WITHIN_MS - performance.now();
    if (timeout <= 0) throw transactionAborted("its services took too long.");
    const { owner, steps, places } = share;
    const sent = { tx, steps, representation, elsewhere: madeBesides(share, shares) };
    const prepared = await withEntries(share, () => ownerOf(owner).prepare(coordinator.caller, sent, prepareCall(steps, timeout)));
    for (const [step, result] of prepared.entries()) results[places[step] as number] = result;
    if (prepared.some((result, index) => isOutdated(steps[index] as OwnerStep, result))) throw new WriteConflict();
  };

  try {
    await prepareAll(shares, prepare);
    if (confirm && !(await confirm(results))) throw new WriteConflict();
  } catch (error) {
    await abort(coordinator, tx, asked);
    // An owner's node died or was suspended during its prepare: nothing is decided, so that all is planned again, under another id.
    throw isPrepareInDoubt(error) ? new WriteConflict() : error;
  }

  const receivers = new Set(shares.filter(isReceiver).map(({ owner }) => owner));
  if (keyed) {
    // The gateway decides it, together with the answer that is kept.
    for (const owner of asked) notePart(keyed, { tx, owner, isFirst: receivers.has(owner) });
    return resultsOf(answers, asCommitted(results, keyed.keyed.at));
  }

  const at = Date.now();
  const answered = resultsOf(answers, asCommitted(results, at));
  const line = attempt && lineOf(attempt, tx, answered);
  const outcome = await decideCommit(coordinator.journal, { tx, at, owners: asked }, line).catch((error: Error) =>
    giveUp(coordinator, { tx, owners: asked }, error),
  );
  if (outcome.state !== "committed") {
    await abort(coordinator, tx, asked);
    if (outcome.isDecidedBefore) throw new DecidedBefore();
    throw transactionAborted("one of its services gave it up.");
  }
  const parts = asked.map((owner) => ({ tx, owner, isFirst: receivers.has(owner) }));
  await tellCommit(coordinator, { tx, at: outcome.at, parts });
  return resultsOf(answers, asCommitted(results, outcome.at));
}

/**
 * Commits at every owner, and removes the decision once all have answered. Never throws: an owner that cannot be reached reads the journal
 * later. A resource that moves is committed at its receiver first (`isFirst`), so that readers find it at one of the two owners, or at both.
 */
export async function tellCommit(
  coordinator: Coordinator,
  { tx, at, parts }: { tx: string; at: number; parts: KeyedPart[] },
): Promise<void> {
  const unreachable = new Set<string>();
  const tell = (some: KeyedPart[]) =>
    mapConcurrent(some, (part) =>
      ownerOf(part.owner)
        .commit(asSystem(coordinator.caller, "transactions"), { tx: part.tx, at }, COMMIT_CALL)
        .catch(() => unreachable.add(part.owner)),
    );
  await tell(parts.filter(({ isFirst }) => isFirst === true));
  await tell(parts.filter(({ isFirst }) => isFirst !== true));
  if (unreachable.size > 0) {
    coordinator.warn(`Transaction ${tx} is committed; ${[...unreachable].join(", ")} will learn it from the journal.`);
    return;
  }
  // Removing needs no answer: a leftover entry is committed again at the next start, which changes nothing.
  forget(coordinator.journal, tx).catch((error: Error) => coordinator.warn(`Transaction ${tx} stays in the journal: ${error.message}`));
}

/** What the other owners' steps make: each owner's rules apply to the state after the whole transaction. */
const madeBesides = (share: Share, shares: Share[]): MadeElsewhere =>
  Object.assign({}, ...shares.flatMap((other) => (other === share ? [] : [other.made])));

const isReceiver = ({ steps }: Share): boolean => steps.some((step) => step.op === "add" && isMovesInto(step.counter));

const isOutdated = (step: OwnerStep, { outcome }: StepResult): boolean => (outcome === "existed") !== (step.op === "hold" && step.isThere);

/** Other steps may link to what a conditional create makes: then its absence must be known before the decision. */
const dependsOnAbsence = ({ steps }: Share): boolean => steps.length > 1 && steps.some((step) => step.op === "create" && step.ifNoneExist);

/** A transaction with a single owner is one atomic write at that owner. */
async function writeOnlyShare(
  { caller }: Coordinator,
  share: Share,
  representation: boolean,
  attempt: Attempt | undefined,
): Promise<StepResult[]> {
  const sent = { steps: share.steps, representation, ...attempt };
  const written = await withEntries(share, () => writeToOwner(caller, share.owner, sent, DECIDE_WITHIN_MS));
  const results: StepResult[] = [];
  for (const [step, result] of written.entries()) results[share.places[step] as number] = result;
  return results;
}

/** Handles a commit that the journal has not confirmed. @throws TRANSACTION_ABORTED, STORE_FULL, TRANSACTION_UNCLEAR */
async function giveUp(coordinator: Coordinator, { tx, owners }: { tx: string; owners: string[] }, error: Error): Promise<never> {
  coordinator.warn(`Transaction ${tx}: the journal did not confirm the commit: ${error.message}`);
  // Whether the write arrived is unknown: the owners will learn it from the journal, either way.
  if (!isNothingWritten(error)) throw transactionUnclear();
  // No other process can commit it, so that it is aborted although the journal cannot record that: the locks are released.
  await abort(coordinator, tx, owners);
  throw isType(error, StoreErrorType.full) ? error : transactionAborted("its journal cannot be written.");
}

async function abort(coordinator: Coordinator, tx: string, owners: string[]): Promise<void> {
  const told = await Promise.allSettled(owners.map((owner) => abortPrepared(asSystem(coordinator.caller, "transactions"), owner, tx)));
  const unreachable = owners.filter((_, index) => told[index]?.status === "rejected");
  // A keyed request is decided as a whole later; the parts that its decision does not name are aborted by it.
  if (unreachable.length === 0 || transactionOfPart(tx) !== tx) return;
  coordinator.warn(`Transaction ${tx} is aborted; ${unreachable.join(", ")} will learn it from the journal.`);
  // Absence means abort only to a process that may decide; recorded, it is known to others while this coordinator lives.
  await outcomeOrAbort(coordinator.journal, tx, true).catch((error: Error) =>
    coordinator.warn(`The abort of ${tx} is not in the journal: ${error.message}`),
  );
}

/** Aborts what was prepared for a keyed request. Never throws: an owner that is not reached finds the abort in the journal. */
export async function abortParts({ caller }: Coordinator, parts: KeyedPart[]): Promise<void> {
  await mapConcurrent(parts, ({ tx, owner }) => abortPrepared(caller, owner, tx).catch(() => null));
}

/** An owner's error names its step; the caller of a transaction knows entries. */
async function withEntries<Result>({ entries }: Share, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const { data } = error as { data?: { step?: number; entry?: number; issues?: IssueOfStep[] } };
    if (data && typeof data.step === "number") data.entry = entries[data.step];
    for (const issue of data?.issues ?? []) {
      if (entries[issue.step] === undefined) continue; // the issue is about all steps together
      const at = `Bundle.entry[${entries[issue.step]}].resource`;
      // `Patient.name[0].use` inside the bundle is `Bundle.entry[3].resource.name[0].use`.
      issue.expression = issue.expression
        ? issue.expression.map((path) => (path.includes(".") ? at + path.slice(path.indexOf(".")) : at))
        : [at];
    }
    throw error;
  }
}

/**
 * Prepares all shares in the order in which no two transactions wait for each other. If several owners refuse because of invalid resources, all
 * of their refusals are collected: the client has to correct those first.
 * @throws the first refusal, or the faults of all resources in the order of the entries
 */
async function prepareAll(shares: Share[], prepare: (share: Share) => Promise<void>): Promise<void> {
  const ordered = shares.toSorted((a, b) => (a.owner < b.owner ? -1 : 1));
  const refusals: unknown[] = [];
  const mayGoOn = () => refusals.length === 0 || refusals.some(isInvalid);
  for (const share of ordered.filter((it) => it.mayWait)) {
    if (mayGoOn()) await prepare(share).catch((error: unknown) => refusals.push(error));
  }
  if (mayGoOn()) {
    // Waits for slow ones too, so that no prepare is still under way at the abort.
    const settled = await Promise.allSettled(ordered.filter((it) => !it.mayWait).map(prepare));
    for (const one of settled) if (one.status === "rejected") refusals.push(one.reason);
  }
  if (refusals.length === 0) return;
  const invalid = refusals.filter(isInvalid) as { data: { issues: IssueOfStep[]; entry: number } }[];
  const [first, ...others] = invalid;
  if (first && others.length > 0) {
    first.data.issues = invalid.flatMap(({ data }) => data.issues).sort((a, b) => entryOf(a) - entryOf(b));
    first.data.entry = Math.min(...invalid.map(({ data }) => data.entry));
  }
  throw first ?? refusals[0];
}

const isInvalid = (error: unknown): boolean => isType(error, "INVALID_RESOURCE");

/** The entry that a fault names. */
const entryOf = ({ expression: [path = ""] = [] }: IssueOfStep): number => Number(/^Bundle\.entry\[(\d+)\]/.exec(path)?.[1] ?? 0);
