import { accessOf, asSystem } from "../../mesh/access/access.ts";
import { setImmediate as nextTurn, setTimeout as delay } from "node:timers/promises";
import { Errors, type Service, type ServiceSchema } from "moleculer";
import type { Config } from "../../mesh/config.ts";
import { defineService } from "../../mesh/contract.ts";
import type { Stored, Subscription } from "../../fhir/r4.ts";
import type { Resource } from "../../fhir/resource.ts";
import { parseJson } from "../../fhir/json.ts";
import { indexOf } from "../../fhir/search/extract.ts";
import { type Candidate, matchesClauses } from "../../fhir/search/matches-clauses.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { isRetryable, isType } from "../../federation/errors.ts";
import { ownerOf, type ResourceVersion, WATCHED_WITHIN_MS } from "../../federation/owner-contract.ts";
import type { QueryContext } from "../../federation/query-context.ts";
import { readVersion } from "../../federation/read.ts";
import { SUBSCRIPTION_PING, type SubscriptionPing } from "../../federation/subscription-ping.ts";
import { type DurableEvent, effectOf, task } from "../../mixins/events/event.ts";
import { Events } from "../../mixins/events/events.ts";
import { transportOf } from "../../mixins/events/transports.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { change } from "../../mixins/fhir/write-steps.ts";
import { AddressRefused } from "./addresses.ts";
import { ArmedSubscriptions, type ArmedListener } from "./armed.ts";
import { OwnerSearches } from "./owner-searches.ts";
import { Sender } from "./sender.ts";
import { sentEntry } from "./sent-entry.ts";
import { Subscribers } from "./subscribers.ts";
import { emits, owns } from "./subscriptions.contract.ts";
import {
  activated,
  EVENT_ID,
  failed,
  fingerprintOf,
  HANDSHAKE,
  isEnded,
  needsOwners,
  searchOf,
  type SubscriptionRequest,
  wishOf,
} from "./subscriptions.model.ts";

/** Attempts of a handshake, and the pause between two, milliseconds. */
const HANDSHAKES = 3;
const HANDSHAKE_PAUSE_MS = 500;
/** A subscription whose endpoint has failed for this long ends with `error`, milliseconds. */
const FAILING_MS = 30 * 60_000;
/** Interval at which owners are told again which types are watched, since one may be new or have lost it, milliseconds. */
const WATCH_EVERY_MS = 60_000;
/** Waiting notifications of all subscriptions; beyond it events wait at their owners. */
const MAX_WAITING = 100_000;
/** Time for which subscriptions are compared with a resource before other work gets a turn, milliseconds. */
const TURN_MS = 20;
/** Interval at which they are counted, milliseconds. */
const COUNT_EVERY_MS = 1_000;
const NAME = "subscriptions";
/** Reason of the end of a Subscription whose client was closed, or has fewer rights now. */
const NO_RIGHT = "Who has subscribed may not search this any more.";

interface Notice extends Pick<ResourceVersion, "type" | "id" | "version"> {
  subscription: string;
  /** An owner that the criteria ask could not be asked: whether it matches is still to be found. */
  isUndecided: boolean;
  event: string;
}

interface Own {
  /** Absent until the list has been read. */
  armed: ArmedSubscriptions;
  sender: Sender;
  subscribers: Subscribers;
  /** Subscriptions whose last attempt failed, with the time of the first failed attempt in a row, milliseconds since 1970. */
  failingSince: Map<string, number>;
  watching: NodeJS.Timeout;
  opened(): Own;
  manage(event: DurableEvent<ResourceVersion>): Promise<void>;
  match(event: DurableEvent<ResourceVersion>): Promise<void>;
  activate(event: DurableEvent<{ id: string }>): Promise<void>;
  notify(event: DurableEvent<Notice>): Promise<void>;
  /** Number of events in the outbox, and when it was counted (`performance.now()`). */
  counted: { at: number; waiting: Promise<number> };
  isOverloaded(): Promise<boolean>;
  isMatch(listener: ArmedListener, candidate: Candidate): Promise<boolean>;
  asking(): QueryContext;
  send(hook: SubscriptionRequest["hook"], notice: Notice): Promise<void>;
  handshake(wish: SubscriptionRequest): Promise<void>;
  end(subscription: Stored<Subscription>, as: Subscription & { id: string }): Promise<void>;
  disarm(id: string): Promise<void>;
  watch(type: string): Promise<void>;
}

type This = Service & WithFhir & WithDirectory & Own;

/** 503: the notification is sent again. */
const endpointFailed = (subscription: string, error: Error) =>
  new Errors.MoleculerRetryableError(error.message, 503, "ENDPOINT_FAILED", { subscription });
const notOpen = () => new Errors.MoleculerRetryableError("The list of subscriptions is still being read.", 503, "SERVICE_STARTING", {});
const overloaded = () =>
  new Errors.MoleculerRetryableError("Too many notifications are waiting: this event is handled later.", 503, "TOO_MANY_WAITING", {});

/** @param config where notifications may be sent, and how criteria are parsed */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the schema of a service, whose functions are measured one by one
export default ({ publicUrl, dateSearch, subscriptionNetworks }: Config): ServiceSchema => {
  const searches = new OwnerSearches();
  const reading = { base: publicUrl === undefined ? "" : `${publicUrl}/fhir`, dates: dateSearch };

  return defineService<object, WithFhir & WithDirectory & Own>({
    name: NAME,
    mixins: [
      Events<Own>({
        handles: {
          async "fhir.Subscription"(event) {
            await this.opened().manage(event);
          },
          async "fhir.*"(event) {
            await this.opened().match(event);
          },
        },
        tasks: {
          async "subscriptions.activate"(event) {
            await this.opened().activate(event);
          },
          async "subscriptions.notify"(event) {
            await this.opened().notify(event);
          },
        },
      }),
      Fhir({ owns, emits }),
    ],

    actions: {},

    methods: {
      /** An event that arrived before the list is read would match no subscription. @throws 503 until then */
      opened(this: This): Own {
        if (!this.armed) throw notOpen();
        return this;
      },

      /** Handles a new version of a Subscription, by its client or by this service. */
      async manage(this: This, event: DurableEvent<ResourceVersion>): Promise<void> {
        const { id } = event.payload;
        const subscription = await this.fhir.read("Subscription", id);
        if (!subscription || subscription.status === "off" || subscription.status === "error") return this.disarm(id);
        if (subscription.status === "requested") {
          await this.fhir.write([
            effectOf(event),
            task({ id: event.id, event: "subscriptions.activate", key: `Subscription/${id}`, payload: { id } }),
          ]);
          return;
        }
        // Active, but not as the handshake was made: a client has changed it, or has set it active.
        if (this.armed.get(id)?.fingerprint !== fingerprintOf(subscription)) {
          await this.end(subscription, { ...subscription, status: "requested" });
        }
      },

      async activate(this: This, event: DurableEvent<{ id: string }>): Promise<void> {
        const subscription = await this.fhir.read("Subscription", event.payload.id);
        if (subscription?.status !== "requested") return;
        const { id } = subscription;
        try {
          const wish = wishOf(subscription, reading);
          if (isEnded(subscription, Date.now())) throw new Error("Its end has passed.");
          if (this.directory.known(wish.type).length === 0) throw new Error(`Nobody serves ${wish.type} here.`);
          if (!(await this.subscribers.mayHear(id, wish.types))) throw new Error(NO_RIGHT);
          await this.armed.arm({ id, type: wish.type, pairs: wish.pairs, fingerprint: fingerprintOf(subscription) });
          await this.watch(wish.type);
          // Meanwhile all nodes learn that it is armed, and that the type is watched.
          await Promise.all([this.handshake(wish), transportOf(this.broker).isLocal || delay(WATCHED_WITHIN_MS)]);
        } catch (error) {
          if (isRetryable(error)) throw error;
          return this.end(subscription, failed(subscription, (error as Error).message));
        }
        await this.end(subscription, activated(subscription));
      },

      /** Compares a version of a resource with the armed subscriptions. */
      async match(this: This, event: DurableEvent<ResourceVersion>): Promise<void> {
        const { type, id, version, method } = event.payload;
        const listeners = this.armed.of(type);
        if (listeners.length === 0 || method === "delete") return;
        if (await this.isOverloaded()) throw overloaded();
        const stored = await readVersion(this.asking(), type, id, version);
        if (stored.json === undefined) return;
        const candidate = { id, updated: stored.updated, index: indexOf(parseJson(stored.json) as Resource) };
        const wanted: { listener: ArmedListener; isUndecided: boolean }[] = [];
        let begun = performance.now();
        for (const listener of listeners) {
          // An event that waited for one of them would hold up the notifications of all.
          const isMatch = await this.isMatch(listener, candidate).catch(() => undefined);
          if (isMatch !== false) wanted.push({ listener, isUndecided: isMatch === undefined });
          if (performance.now() - begun < TURN_MS) continue;
          await nextTurn();
          begun = performance.now();
        }
        if (wanted.length === 0) return;
        const notices = wanted.map(({ listener, isUndecided }) =>
          task({
            id: `${listener.id}/${event.id}`,
            event: "subscriptions.notify",
            key: `Subscription/${listener.id}`,
            payload: { subscription: listener.id, type, id, version, event: event.id, isUndecided } satisfies Notice,
          }),
        );
        await this.fhir.write([effectOf(event), ...notices]);
      },

      /** As counted within the last second, since counting reads all entries. */
      async isOverloaded(this: This): Promise<boolean> {
        const now = performance.now();
        if (now - this.counted.at >= COUNT_EVERY_MS) {
          this.counted.at = now;
          this.counted.waiting = this.store.outboxState().then(
            ({ waiting }) => waiting,
            () => 0, // an unavailable store also refuses the write that follows
          );
        }
        return (await this.counted.waiting) > MAX_WAITING;
      },

      /** Whether a search would find the resource. */
      async isMatch(this: This, { search, type }: ArmedListener, candidate: Candidate): Promise<boolean> {
        if (!needsOwners(search)) return matchesClauses(search.clauses, candidate);
        const own = search.clauses.filter((clause) => clause.kind !== "text" && clause.kind !== "any");
        return matchesClauses(own, candidate) && (await searches.find(this.asking(), search, { type, id: candidate.id }));
      },

      /** As whom the service asks owners. */
      asking(this: This): QueryContext {
        return { caller: asSystem(this.broker, NAME), directory: this.directory, dates: dateSearch };
      },

      async notify(this: This, event: DurableEvent<Notice>): Promise<void> {
        const { subscription: id } = event.payload;
        const subscription = await this.fhir.read("Subscription", id);
        if (subscription?.status !== "active") {
          this.failingSince.delete(id);
          return; // it has ended meanwhile
        }
        if (isEnded(subscription, Date.now())) return this.end(subscription, { ...subscription, status: "off" });
        try {
          const { type, pairs, types, hook } = wishOf(subscription, reading);
          if (!(await this.subscribers.mayHear(id, types))) return this.end(subscription, failed(subscription, NO_RIGHT));
          const { isUndecided, id: of } = event.payload;
          if (isUndecided && !(await searches.find(this.asking(), searchOf(type, pairs, reading), { type, id: of }))) return;
          await this.send(hook, event.payload);
          this.failingSince.delete(id);
        } catch (error) {
          if (isRetryable(error)) throw error; // not the endpoint's fault
          const since = this.failingSince.get(id) ?? Date.now();
          this.failingSince.set(id, since);
          if (Date.now() - since < FAILING_MS) throw endpointFailed(id, error as Error);
          await this.end(
            subscription,
            failed(subscription, `Nothing could be delivered for ${FAILING_MS / 60_000} minutes. ${(error as Error).message}`),
          );
        }
      },

      /** @throws Error with a sentence for the client if the endpoint did not accept it */
      async send(this: This, hook: SubscriptionRequest["hook"], { subscription, type, id, version, event }: Notice): Promise<void> {
        if (!hook) return void (await this.broker.broadcast(SUBSCRIPTION_PING, { subscription } satisfies SubscriptionPing));
        const headers = { ...hook.headers, [EVENT_ID]: event };
        if (!hook.isWithPayload) return this.sender.send({ method: "POST", url: hook.endpoint, headers });
        const { json: body = "" } = await readVersion(this.asking(), type, id, version);
        const author = await this.subscribers.authorOf(subscription);
        const entry = author && sentEntry(author, { subscription, type, id, event, json: body });
        if (entry) await this.noteAccess(entry);
        const url = new URL(hook.endpoint);
        url.pathname = `${url.pathname.replace(/\/$/, "")}/${type}/${id}`;
        return this.sender.send({ method: "PUT", url, headers: { ...headers, "Content-Type": "application/fhir+json" }, body });
      },

      /** @throws Error with a sentence for the client if the endpoint does not answer */
      async handshake(this: This, { hook }: SubscriptionRequest): Promise<void> {
        if (!hook) return; // websocket clients connect by themselves
        for (let left = HANDSHAKES - 1; ; left -= 1) {
          try {
            await this.sender.send({ method: "POST", url: hook.endpoint, headers: { ...hook.headers, [HANDSHAKE]: "1" } });
            return;
          } catch (error) {
            if (left === 0 || error instanceof AddressRefused) throw error;
          }
          await delay(HANDSHAKE_PAUSE_MS);
        }
      },

      /** Writes its next version, unless a client has written one, which is an event of its own. */
      async end(this: This, before: Stored<Subscription>, as: Subscription & { id: string }): Promise<void> {
        if (as.status === "error" || as.status === "off") await this.disarm(before.id);
        await this.fhir.write([change(as)]).catch((error) => {
          if (!isType(error, "STALE_VERSION") && !isType(error, "NOT_FOUND")) throw error;
        });
      },

      /** Tells the owners first: if one cannot be reached, nothing has changed, and the caller repeats. */
      async disarm(this: This, id: string): Promise<void> {
        await this.armed.look();
        const type = this.armed.get(id)?.type;
        const isLast = type !== undefined && this.armed.of(type).length === 1;
        const caller = asSystem(this.broker, "subscriptions");
        if (isLast) for (const { service } of this.directory.known(type)) await ownerOf(service).unwatch(caller, { type, by: NAME });
        await this.armed.disarm(id);
        this.failingSince.delete(id);
        // Another one may have been armed at the same moment.
        if (isLast && this.armed.of(type).length > 0) await this.watch(type);
      },

      async watch(this: This, type: string): Promise<void> {
        await Promise.all(
          this.directory
            .known(type)
            .map(({ service }) => ownerOf(service).watch(asSystem(this.broker, "subscriptions"), { type, by: NAME })),
        );
      },
    },

    created() {
      this.sender = new Sender(subscriptionNetworks);
      this.subscribers = new Subscribers(accessOf(this.broker), asSystem(this.broker, NAME), () => this.store);
      this.failingSince = new Map();
      this.counted = { at: Number.NEGATIVE_INFINITY, waiting: Promise.resolve(0) };
    },

    async started() {
      const armed = new ArmedSubscriptions(this.store, ({ type, pairs }) => searchOf(type, pairs, reading));
      await armed.look();
      this.armed = armed;
      const watchAll = () => {
        for (const type of this.armed.types) {
          this.watch(type).catch((error: Error) => this.logger.warn(`Owners of ${type} do not know that it is watched: ${error.message}`));
        }
      };
      this.watching = setInterval(watchAll, WATCH_EVERY_MS).unref();
    },

    stopped() {
      clearInterval(this.watching);
      this.armed?.stop();
      this.sender.close();
    },
  });
};
