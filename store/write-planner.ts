/**
 * Decides what a write does before anything of it is done. Both stores call this function, so that they refuse the same writes.
 * A refused write has changed nothing.
 */
import { FhirError } from "../fhir/outcome.ts";
import { CandidateIndex } from "../fhir/search/candidate-index.ts";
import type { Candidate } from "../fhir/search/matches-clauses.ts";
import type { IndexRows } from "../fhir/search/query.ts";
import { counted } from "./counted.ts";
import { type CommittedState, isLiving, RELIED, type VersionHead, type WritePlan } from "./plan-write.ts";
import type { Reliance } from "./store.ts";
import { MAX_EVENT_CHARACTERS, type NoneExist, type UniqueKey, type Write } from "./writes.ts";
import { StoreError, StoreErrorType } from "./store-error.ts";

/** Stored resources that the conditions of one write may match, all together. */
const MAX_FOUND = 50_000;

/** A resource that steps have written or deleted. */
interface Touched {
  type: string;
  id: string;
  head: VersionHead;
  /** Present while the resource lives. */
  index?: IndexRows;
  step: number;
}

/** A resource that a step has made, as later conditions of the same write see it. */
type Made = Candidate & { of: Touched };

type StepOf<Op extends Write["op"]> = Extract<Write, { op: Op }>;

/**
 * Checks the steps in order against the committed state and what the steps before them do.
 * @param now milliseconds since 1970, for conditions on the time of what earlier steps make
 * @throws StoreError naming the first step that is refused
 */
export function planWrite(steps: Write[], state: CommittedState, now: number, reliance?: Reliance): WritePlan {
  if (reliance) refuseOutdated(reliance, state);
  const planner = new WritePlanner(state, now, steps);
  for (const { type, id } of reliance?.on ?? []) planner.plan.locks.add(`${RELIED}${type}/${id}`);
  for (const [number, step] of steps.entries()) planner.take(step, number);
  return planner.plan;
}

const authorOf = ({ author }: { author?: string }): { author?: string } => (author === undefined ? {} : { author });

const asksForOthers = (step: Write): boolean => step.op === "hold" || (step.op === "create" && step.ifNoneExist !== undefined);

/** @throws StoreError FACTS_OUTDATED when a resource that a write was decided on has changed, or it was seen too long ago */
function refuseOutdated({ on, until }: Reliance, state: CommittedState): void {
  const isOutdated =
    performance.now() > until ||
    on.some(({ type, id, version, isOwn }) => {
      if ((state.fenced(type, id) ?? 0) >= version) return true;
      if (!isOwn) return false;
      const head = state.head(type, id);
      return !isLiving(head) || head.version !== version;
    });
  if (isOutdated) throw new StoreError(StoreErrorType.factsOutdated, 0);
}

/** Plans the steps of one write, one after the other. */
class WritePlanner {
  readonly plan: WritePlan = { changes: [], results: [], echoes: [], locks: new Set() };
  readonly #state: CommittedState;
  readonly #now: number;
  /** By `Type/id`. */
  readonly #touched = new Map<string, Touched>();
  readonly #keys: KeyHolders;
  readonly #conditions: Conditions;
  readonly #counters = new Map<string, number>();
  readonly #handled = new Set<string>();

  constructor(state: CommittedState, now: number, steps: Write[]) {
    this.#state = state;
    this.#now = now;
    this.#keys = new KeyHolders(state, this.#touched, { plan: this.plan, last: lastKeys(steps) });
    this.#conditions = new Conditions(state, this.#touched, this.plan, steps.some(asksForOthers));
  }

  /** @throws StoreError */
  take(step: Write, number: number): void {
    if (step.op === "add") this.#add(step, number);
    else if (step.op === "hold") this.#hold(step, number);
    else if (step.op === "emit") this.#emit(step, number);
    else if (step.op === "once") this.#once(step, number);
    else if (step.op === "create") this.#create(step, number);
    else if (step.op === "update") this.#update(step, number);
    else this.#delete(step, number);
  }

  #add({ counter, by, min, ifValue, above }: StepOf<"add">, number: number): void {
    const stored = this.#counters.get(counter) ?? this.#state.counter(counter);
    const before = counted(stored);
    if (ifValue !== undefined && counted(ifValue) !== before) throw new StoreError(StoreErrorType.factsOutdated, number);
    const value = counted(before + by);
    if (min !== undefined && value < counted(min)) throw new StoreError(StoreErrorType.counterBelow, number, { counter, value: before });
    if (above !== undefined && value <= counted(above)) throw new StoreError(StoreErrorType.factsOutdated, number);
    this.#counters.set(counter, value);
    this.plan.locks.add(`counter:${counter}`);
    // A counter with a condition is written even if its value stays: in MongoDB two such writes would otherwise not conflict.
    if (by !== 0 || ifValue !== undefined) this.plan.changes.push({ kind: "add", step: number, counter, by: value - stored });
    this.plan.results.push({ version: 0, updated: 0, outcome: "added", value });
  }

  #hold({ type, condition, isThere, isDecided }: StepOf<"hold">, number: number): void {
    const isFound = this.#conditions.existed(number, type, condition);
    if (isDecided && isFound !== isThere) throw new StoreError(StoreErrorType.factsOutdated, number);
    if (!isFound) this.plan.results.push({ version: 0, updated: 0, outcome: "none" });
    if (isFound === isThere) this.plan.locks.add(`condition:${condition.lock}`);
  }

  #emit({ event, queue }: StepOf<"emit">, number: number): void {
    if (event.payload.length > MAX_EVENT_CHARACTERS) {
      throw new StoreError(StoreErrorType.eventTooLarge, number, { id: event.id, limit: MAX_EVENT_CHARACTERS });
    }
    this.plan.changes.push({ kind: "emit", step: number, event, queue });
    this.plan.results.push({ version: 0, updated: 0, outcome: "none" });
  }

  #once({ id, until }: StepOf<"once">, number: number): void {
    if (this.#handled.has(id) || this.#state.isHandled(id)) throw new StoreError(StoreErrorType.alreadyHandled, number, { id });
    this.#handled.add(id);
    this.plan.locks.add(`once:${id}`);
    this.plan.changes.push({ kind: "once", step: number, id, until });
    this.plan.results.push({ version: 0, updated: 0, outcome: "none" });
  }

  #create(step: StepOf<"create">, number: number): void {
    const { type, id, ifNoneExist } = step;
    if (ifNoneExist) {
      if (this.#conditions.existed(number, type, ifNoneExist)) {
        if (step.isDecided) throw new StoreError(StoreErrorType.factsOutdated, number);
        return;
      }
      this.plan.locks.add(`condition:${ifNoneExist.lock}`);
    }
    const before = this.#head(type, id);
    if (before && before.method !== "delete") throw new StoreError(StoreErrorType.idTaken, number, { type, id });
    this.#put(number, step, before);
  }

  #update(step: StepOf<"update">, number: number): void {
    const { type, id } = step;
    const { before, living } = this.#required(step, number);
    if (!living && !step.upsert) throw new StoreError(StoreErrorType.notFound, number, { type, id });
    this.#put(number, step, before);
  }

  #delete(step: StepOf<"delete">, number: number): void {
    const { type, id, moved = false } = step;
    const { before, living } = this.#required(step, number);
    if (!living) {
      this.plan.locks.add(`resource:${type}/${id}`);
      this.plan.results.push({ type, id, version: before?.method === "delete" ? before.version : 0, updated: 0, outcome: "none" });
      return;
    }
    const version = moved ? living : living + 1;
    this.#keys.release(type, id);
    const head = { version, updated: this.#now, method: moved ? "moved" : "delete" } as const;
    this.#touched.set(`${type}/${id}`, { type, id, head, step: number });
    this.plan.changes.push({ kind: "delete", step: number, type, id, version, moved, ...authorOf(step) });
    this.plan.results.push({ type, id, version, updated: this.#notBefore(type, id), outcome: "deleted" });
  }

  /** The version before an update or a deletion; `living` is 0 when no resource lives. @throws StoreError STALE_VERSION */
  #required({ type, id, ifVersion }: StepOf<"update" | "delete">, number: number) {
    const before = this.#head(type, id);
    const living = isLiving(before) ? before.version : 0;
    if (ifVersion && !ifVersion.includes(living)) throw new StoreError(StoreErrorType.staleVersion, number, { type, id, version: living });
    return { before, living };
  }

  #put(number: number, step: StepOf<"create" | "update">, before: VersionHead | undefined): void {
    const { type, id, body, index, op: method, unique = [] } = step;
    this.#keys.refuseHeld(unique, `${type}/${id}`, number);
    const since = step.op === "update" && !isLiving(before) ? (step.since ?? 1) : 1;
    const version = Math.max((before?.version ?? 0) + 1, since);
    if (before) this.#keys.release(type, id);
    this.#keys.give(unique, `${type}/${id}`);
    const own: Touched = { type, id, head: { version, updated: this.#now, method }, index, step: number };
    this.#touched.set(`${type}/${id}`, own);
    this.#conditions.note({ id, updated: this.#now, index, of: own });
    this.plan.changes.push({ kind: "put", step: number, type, id, version, method, body, index, unique, ...authorOf(step) });
    const outcome = isLiving(before) ? "updated" : "created";
    this.plan.results.push({ type, id, version, updated: this.#notBefore(type, id), outcome });
  }

  /** The time of the stored version: its successor's is never earlier. */
  #notBefore(type: string, id: string): number {
    return this.#state.head(type, id)?.updated ?? 0;
  }

  #head(type: string, id: string): VersionHead | undefined {
    return this.#touched.get(`${type}/${id}`)?.head ?? this.#state.head(type, id);
  }
}

/** By `Type/id`: the unique keys that the last step about the resource leaves to it. */
function lastKeys(steps: Write[]): ReadonlyMap<string, readonly string[]> {
  const keys = new Map<string, readonly string[]>();
  for (const step of steps) {
    if (step.op === "update" || step.op === "create") keys.set(`${step.type}/${step.id}`, step.unique?.map(({ key }) => key) ?? []);
    else if (step.op === "delete") keys.set(`${step.type}/${step.id}`, []);
  }
  return keys;
}

/** Which resource holds which unique key after the steps so far. What a later step releases counts as free: two may swap keys in one write. */
class KeyHolders {
  readonly #state: CommittedState;
  readonly #touched: ReadonlyMap<string, Touched>;
  readonly #plan: WritePlan;
  readonly #taken = new Map<string, string>();
  readonly #last: ReadonlyMap<string, readonly string[]>;
  /** By `Type/id`: the keys that steps have given to a resource. */
  readonly #given = new Map<string, string[]>();

  constructor(
    state: CommittedState,
    touched: ReadonlyMap<string, Touched>,
    { plan, last }: { plan: WritePlan; last: ReadonlyMap<string, readonly string[]> },
  ) {
    this.#state = state;
    this.#touched = touched;
    this.#plan = plan;
    this.#last = last;
  }

  /** @throws StoreError with the key's error if another resource holds one of the keys */
  refuseHeld(unique: UniqueKey[], ref: string, number: number): void {
    for (const { key, error, says, at } of unique) {
      const other = this.#holder(key);
      if (other !== undefined && other !== ref) {
        throw new StoreError(error, number, { key, holder: other, ...(says !== undefined && { says }), ...(at !== undefined && { at }) });
      }
    }
  }

  give(unique: UniqueKey[], ref: string): void {
    this.#plan.locks.add(`resource:${ref}`);
    for (const { key } of unique) {
      this.#taken.set(key, ref);
      this.#plan.locks.add(`unique:${key}`);
    }
    if (unique.length > 0) this.#given.set(ref, [...(this.#given.get(ref) ?? []), ...unique.map(({ key }) => key)]);
  }

  /** Releases all keys of a resource. */
  release(type: string, id: string): void {
    const ref = `${type}/${id}`;
    this.#plan.locks.add(`resource:${ref}`);
    for (const key of this.#given.get(ref) ?? []) if (this.#taken.get(key) === ref) this.#taken.delete(key);
    this.#given.delete(ref);
    if (!this.#touched.has(ref)) for (const key of this.#state.held(type, id)) this.#plan.locks.add(`unique:${key}`);
  }

  /** A resource that an earlier step has written holds only the keys that this step gave it. */
  #holder(key: string): string | undefined {
    const own = this.#taken.get(key);
    if (own !== undefined) return own;
    const stored = this.#state.holder(key);
    if (stored === undefined || this.#touched.has(stored)) return undefined;
    return this.#last.get(stored)?.includes(key) === false ? undefined : stored;
  }
}

/** Evaluates the conditions of conditional creates and of holds. */
class Conditions {
  readonly #state: CommittedState;
  readonly #touched: ReadonlyMap<string, Touched>;
  readonly #plan: WritePlan;
  readonly #isAsked: boolean;
  /** By type: what the steps have made. A resource that was changed by two steps is in it twice. */
  readonly #made = new Map<string, CandidateIndex<Made>>();
  #found = 0;

  constructor(state: CommittedState, touched: ReadonlyMap<string, Touched>, plan: WritePlan, isAsked: boolean) {
    this.#state = state;
    this.#touched = touched;
    this.#plan = plan;
    this.#isAsked = isAsked;
  }

  note(made: Made): void {
    if (this.#isAsked) this.#madeOf(made.of.type).add(made);
  }

  /** Whether the condition matches a resource, so that none is created. @throws StoreError MULTIPLE_MATCHES, TOO_COSTLY */
  existed(number: number, type: string, condition: NoneExist): boolean {
    // Each earlier step can take away one match at most.
    const all = this.#state.find(type, condition, 2 + this.#touched.size);
    this.#found += all.length;
    if (this.#found > MAX_FOUND) throw new StoreError(StoreErrorType.tooCostly, number);
    const stored = all.filter((one) => !this.#touched.has(`${type}/${one.id}`));
    const own = [...new Set(this.#matching(type, condition, number).map(({ of }) => of))];
    if (stored.length + own.length > 1) throw new StoreError(StoreErrorType.multipleMatches, number);
    const [found] = stored;
    if (found) this.#plan.results.push({ type, ...found, outcome: "existed" });
    const [mine] = own;
    if (mine) {
      this.#plan.results.push({ type, id: mine.id, version: mine.head.version, updated: 0, outcome: "existed" });
      this.#plan.echoes.push([number, mine.step]);
    }
    return stored.length + own.length > 0;
  }

  #matching(type: string, { clauses }: NoneExist, number: number): Made[] {
    const isStill = ({ of }: Made): boolean => this.#touched.get(`${type}/${of.id}`) === of;
    try {
      return this.#madeOf(type).matching(clauses, isStill);
    } catch (error) {
      throw error instanceof FhirError ? new StoreError(StoreErrorType.tooCostly, number) : error;
    }
  }

  #madeOf(type: string): CandidateIndex<Made> {
    const known = this.#made.get(type) ?? new CandidateIndex<Made>();
    this.#made.set(type, known);
    return known;
  }
}
