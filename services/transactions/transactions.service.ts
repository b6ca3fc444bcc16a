import type { Service } from "moleculer";
import { type BundleEntry, entriesOf, refuseChangingOperations, refuseOverlaps, type RequestBundle } from "../../fhir/bundle/entries.ts";
import { parseInTurns } from "../../fhir/bundle/parse-in-turns.ts";
import { refuseFaultyShell } from "../../fhir/bundle/shell.ts";
import { parseInput } from "../../fhir/json.ts";
import { fairTurn } from "../../mesh/turns.ts";
import { nonNull } from "../../fhir/non-null.ts";
import { FhirError } from "../../fhir/outcome.ts";
import type { DateReading } from "../../fhir/search/types/date.ts";
import type { Attempt } from "../../mesh/attempt-contract.ts";
import { readConfig } from "../../mesh/config.ts";
import type { Caller } from "../../mesh/caller.ts";
import { defineService } from "../../mesh/contract.ts";
import { coordinatorOf } from "../../federation/owner-contract.ts";
import { WithFhirDirectory, type WithDirectory } from "../../federation/directory.ts";
import { fromStoreError, isType, locked } from "../../federation/errors.ts";
import { WriteConflict, retryOnConflict } from "../../federation/retry-on-conflict.ts";
import { isKeyed } from "../../federation/prepare-part.ts";
import { newBudget } from "../../federation/query-context.ts";
import { Store } from "../../mixins/own-store.ts";
import type { Store as StoreOf } from "../../store/store.ts";
import { isToBeRead, withResources } from "./entry-results.ts";
import { answeredBefore, DecidedBefore, idsOf } from "./attempt.ts";
import { abortParts, commitShares, type Coordinator, tellCommit } from "./coordinator.ts";
import { outcomeOrAbort, unfinished, unfinishedOf } from "./journal.ts";
import { KeptAnswers } from "./kept-answers.ts";
import { conflictKeysOf, planTransaction } from "./planning.ts";
import type { EntryResult, transactions } from "./transactions.contract.ts";
import { bundleInvalid } from "./transactions.errors.ts";

/**
 * Attempts before LOCKED is returned: the bundle is planned again, since the transaction that held the lock may have created what a condition
 * matches. Each attempt waits up to 2 s at each owner.
 */
const LOCKED_ATTEMPTS = 5;

/** Age of a commit after which it counts as not delivered to all its owners. */
const COMMIT_AGAIN_AFTER_MS = 10_000; // milliseconds
const LOOK_EVERY_MS = 5_000; // milliseconds

const KEYED = { key: { type: "string", min: 1, max: 64 }, fingerprint: { type: "string", min: 1, max: 64 }, tx: "string" } as const;
const PARTS = { type: "array", items: "object" } as const;
/** Idempotent; hedging would only repeat the same work on another node. */
const AGAIN = { retryPolicy: { enabled: true }, hedge: false };

/** The journal's errors as errors of the mesh. */
const stored = <Result>(work: Promise<Result>): Promise<Result> =>
  work.catch((error: unknown) => {
    throw fromStoreError(error, "transactions");
  });

/** The caller and the options of a transaction. */
interface Manner {
  caller: Caller;
  base: string;
  representation: boolean;
  keepsLabels: boolean;
  isAlone: boolean;
  /** Base URLs of the server, under which references in patched resources are made relative. */
  bases: string[];
  /** Absent: it cannot be repeated. */
  attempt: Attempt | undefined;
}

type This = Service &
  WithDirectory & { store: StoreOf } & {
    answers: KeptAnswers;
    dates: DateReading;
    finish(caller: Caller, tx: string): Promise<void>;
    answeredBefore(attempt: Attempt, shown: Parameters<typeof withResources>[1]): Promise<(EntryResult | null)[] | undefined>;
    process(sent: Sent, how: Manner): Promise<(EntryResult | null)[]>;
    coordinator(caller: Caller): Coordinator;
    stopTelling?(): Promise<void>;
  };

export default defineService<typeof transactions, This>({
  name: "transactions",
  metadata: { fhir: { owns: [] } }, // so that the gateway distinguishes a coordinator that is down from one that was left out
  mixins: [Store({ indexVersion: "none", reindex: () => ({ keys: [], ranges: [] }) }), WithFhirDirectory()],

  actions: {
    process: {
      whoMay: "signed-in", // its owners check the rights of its parts
      params: {
        text: "string",
        base: "string",
        representation: { type: "boolean", optional: true },
        keepsLabels: { type: "boolean", optional: true },
        isAlone: { type: "boolean", optional: true },
        bases: { type: "array", items: "string", max: 6, optional: true }, // the gateway's base URLs
        key: { type: "string", min: 36, max: 36, optional: true },
        isRepeated: { type: "boolean", optional: true },
        $$strict: true,
      },
      timeout: 30_000, // milliseconds; a coordinator gives up after 20 s
      async handler(ctx) {
        const { text, base, representation = false, keepsLabels = true, isAlone = false, bases = [], key, isRepeated = false } = ctx.params;
        // A caller in the same process dies with it; and a keyed request is not decided here.
        const isFromHere = ctx.nodeID === this.broker.nodeID;
        const attempt = key === undefined || isFromHere || isKeyed(ctx) ? undefined : { key, isRepeated };
        let isChecked = false;
        const here = [base, ...bases];
        // Planning changes the resources in place, so that a second attempt parses again.
        const parse = async () => {
          const bundle = (await parseInTurns(text, fairTurn)) as RequestBundle;
          const entries = entriesOf(bundle, here);
          if (!isChecked) refuseFaultyShell(bundle);
          isChecked = true;
          return entries;
        };
        const names = () => entriesOf(parseInput(text) as RequestBundle, here).flatMap((entry) => conflictKeysOf(entry));
        return this.process({ parse, names }, { caller: ctx, base, representation, keepsLabels, isAlone, bases, attempt });
      },
    },

    beginKeyed: {
      params: { ...KEYED, $$strict: true },
      ...AGAIN,
      async handler(ctx) {
        const kept = await stored(this.answers.begin(ctx.params));
        if (!kept) return null;
        await this.finish(this.broker, kept.tx);
        return kept.answer;
      },
    },

    commitKeyed: {
      params: { ...KEYED, at: "number", parts: PARTS, answer: "object", $$strict: true },
      timeout: 30_000, // milliseconds; the owners of a long bundle take seconds
      ...AGAIN,
      async handler(ctx) {
        const { at, parts, answer, ...asked } = ctx.params;
        const coordinator = this.coordinator(this.broker);
        try {
          const kept = await stored(this.answers.keep(asked, at, parts, answer));
          if (kept.isOwn) await tellCommit(coordinator, { tx: asked.tx, at, parts });
          else await Promise.all([abortParts(coordinator, parts), this.finish(this.broker, kept.tx)]);
          return kept.answer;
        } catch (error) {
          if (isType(error, "TRANSACTION_ABORTED")) await abortParts(coordinator, parts);
          throw error;
        }
      },
    },

    cancelKeyed: {
      params: { key: KEYED.key, tx: "string", parts: PARTS, isUnasked: { type: "boolean", optional: true }, $$strict: true },
      ...AGAIN,
      async handler(ctx) {
        const { key, tx, parts, isUnasked } = ctx.params;
        const release = () => abortParts(this.coordinator(this.broker), parts);
        const outcome = await stored(this.answers.cancel(key, tx)).catch(async (error: unknown) => {
          // No other process can commit it: its locks are released, although the journal cannot record that.
          if (isUnasked) await release();
          throw error;
        });
        if (outcome === "aborted") await release();
        return null;
      },
    },

    outcome: {
      params: { tx: "string", decide: "boolean", $$strict: true },
      handler(ctx) {
        return stored(outcomeOrAbort(this.store, ctx.params.tx, ctx.params.decide));
      },
    },
  },

  methods: {
    coordinator(this: This, caller: Caller): Coordinator {
      return { nodeID: this.broker.nodeID, journal: this.store, caller, warn: (message) => this.logger.warn(message) };
    },

    /** Resolves when the committed resources can be read: the coordinator may have died or been suspended before all owners were told. */
    async finish(this: This, caller: Caller, tx: string) {
      const left = await stored(unfinishedOf(this.store, tx));
      if (left) await tellCommit(this.coordinator(caller), left);
    },

    /** The results of another attempt, once its resources can be read; undefined if none was decided. */
    async answeredBefore(this: This, attempt: Attempt, shown: Parameters<typeof withResources>[1]) {
      const before = await answeredBefore(this.store, attempt);
      if (!before) return undefined;
      if (before.tx !== undefined) await this.finish(shown.caller, before.tx);
      return withResources(before.results, shown, () => true);
    },

    async process(this: This, { parse, names }: Sent, { caller, base, representation, keepsLabels, isAlone, bases, attempt }: Manner) {
      const shown = { caller, directory: this.directory, representation };
      const answered = (isDecided = false) =>
        attempt && (attempt.isRepeated || isDecided) ? this.answeredBefore(attempt, shown) : undefined;
      try {
        const budget = newBudget(); // shared by repeated planning
        return await retryOnConflict(
          names,
          async (count) => {
            const before = await answered();
            if (before) return before;
            const entries = await parse();
            refuseChangingOperations(entries);
            refuseOverlaps(entries);
            const plan = await planTransaction(entries, {
              caller,
              directory: this.directory,
              base,
              dates: this.dates,
              budget,
              keepsLabels,
              isAlone,
              bases,
              idOf: idsOf(attempt),
            });
            const results = await commitShares(this.coordinator(caller), plan, { representation, attempt }).catch((error: unknown) => {
              const isWorthAnother = isType(error, "LOCKED") && count < LOCKED_ATTEMPTS;
              throw isWorthAnother || isOutOfDate(error, entries) ? new WriteConflict() : error;
            });
            return withResources(results, shown, (index) => isToBeRead(plan.answers[index]));
          },
          () => locked({}), // not this service's failure: its circuit breaker stays closed
        );
      } catch (error) {
        // This attempt may be refused because of what another attempt has created: then that attempt's results are the answer.
        const before = await answered(error instanceof DecidedBefore);
        if (before) return before;
        throw error instanceof FhirError ? bundleInvalid(error.status, error.issues) : fromStoreError(error, "transactions");
      }
    },
  },

  created(this: This) {
    this.dates = readConfig().dateSearch;
  },

  async started(this: This) {
    const isGone = (tx: string) => this.broker.registry.nodes.get(coordinatorOf(tx))?.available !== true;
    this.answers = new KeptAnswers(this.store, isGone);
    let telling: Promise<void> | undefined;
    // Commits that a coordinator which died, or could not reach an owner, has not delivered. Repeating them changes nothing.
    /** When each was first seen here, by performance.now(): coordinators' clocks may differ. */
    let seen = new Map<string, number>();
    const tell = async () => {
      const left = await unfinished(this.store, 1_000);
      seen = new Map(left.map(({ tx }) => [tx, seen.get(tx) ?? performance.now()]));
      for (const one of left) {
        if (performance.now() - nonNull(seen.get(one.tx)) > COMMIT_AGAIN_AFTER_MS) await tellCommit(this.coordinator(this.broker), one);
      }
    };
    const timer = setInterval(() => {
      telling ??= tell()
        .catch((error: Error) => this.logger.warn(`Cannot read the journal: ${error.message}`))
        .finally(() => {
          telling = undefined;
        });
    }, LOOK_EVERY_MS);
    timer.unref();
    this.stopTelling = async () => {
      clearInterval(timer);
      await telling;
    };
  },

  async stopped(this: This) {
    await this.stopTelling?.();
  },
});

/** A bundle as it was sent: its entries, parsed anew each time, and the keys of what it writes. */
interface Sent {
  parse(): Promise<BundleEntry[]>;
  names(): string[];
}

/** Whether a resource without a required version is no longer at the owner, or in the version, of the time of planning. */
function isOutOfDate(error: unknown, entries: BundleEntry[]): boolean {
  if (!isType(error, "STALE_VERSION") && !isType(error, "NOT_FOUND")) return false;
  const index = (error as { data?: { entry?: number } }).data?.entry;
  const entry = entries.find((it) => it.index === index);
  return entry !== undefined && (entry.ifMatch === undefined || entry.ifMatch.trim() === "*");
}
