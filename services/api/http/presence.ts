/**
 * Who has a patient's record open now, through any gateway. Each gateway knows this for the patients that its own clients have open; it notifies
 * the others of changes, and asks them when a first client opens a record. Nothing of it is stored.
 */

/** Moleculer event between gateways, at most once. */
export const PRESENCE = "api.presence";
/** For how long a person is still shown after closing a record, so that reloading a page does not look like leaving; milliseconds. */
const LEAVES_AFTER_MS = 3_000;
/** Limit of the people named. */
const MAX_NAMED = 20;

/** A person who has a record open. */
export interface Viewer {
  /** Id of the account. */
  sub: string;
  name: string;
  roles: string[];
}

/** The people who have a patient's record open through one gateway. */
export interface Present {
  node: string;
  patient: string; // "Patient/…"
  people: Viewer[];
  /** The gateway has just begun with this patient: the others answer. */
  isAsking: boolean;
}

interface Looked {
  /** By `sub`; `streams` 0: has closed it, and is still shown for a moment. */
  own: Map<string, { person: Viewer; streams: number; leaving?: NodeJS.Timeout }>;
  /** By node of the other gateways. */
  elsewhere: Map<string, Viewer[]>;
}

/** What it needs of the gateway. */
export interface PresenceOptions {
  node: string;
  broadcast(present: Present): void;
  /** Called when the people at this patient have changed. */
  changed(patient: string): void;
}

/** The records that are open through one gateway: not more than it has streams. */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #looked = new Map<string, Looked>();

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** A person opens a record here, possibly several times. */
  enter(patient: string, person: Viewer): void {
    const known = this.#looked.get(patient);
    const looked = known ?? { own: new Map(), elsewhere: new Map() };
    this.#looked.set(patient, looked);
    const own = looked.own.get(person.sub);
    clearTimeout(own?.leaving);
    looked.own.set(person.sub, { person, streams: (own?.streams ?? 0) + 1 });
    if (own) return;
    this.#tell(patient, known === undefined);
    this.#options.changed(patient);
  }

  /** A person closes it again. */
  leave(patient: string, { sub }: Viewer): void {
    const looked = this.#looked.get(patient);
    const own = looked?.own.get(sub);
    if (!looked || !own) return;
    own.streams -= 1;
    if (own.streams > 0) return;
    own.leaving = setTimeout(() => {
      looked.own.delete(sub);
      if (looked.own.size === 0) this.#looked.delete(patient);
      this.#tell(patient, false);
      this.#options.changed(patient);
    }, LEAVES_AFTER_MS).unref();
  }

  /** Handles a notification of another gateway. */
  heard({ node, patient, people, isAsking }: Present): void {
    const looked = this.#looked.get(patient);
    if (!looked || node === this.#options.node) return;
    if (people.length > 0) looked.elsewhere.set(node, people);
    else looked.elsewhere.delete(node);
    if (isAsking) this.#tell(patient, false);
    this.#options.changed(patient);
  }

  /** Another gateway is gone, with the people connected to it, who reconnect through another. */
  gone(node: string): void {
    for (const [patient, { elsewhere }] of this.#looked) {
      if (elsewhere.delete(node)) this.#options.changed(patient);
    }
  }

  /** The people besides this one, each once. */
  others(patient: string, { sub }: Viewer): Pick<Viewer, "name" | "roles">[] {
    const { own, elsewhere } = this.#looked.get(patient) ?? { own: new Map(), elsewhere: new Map() };
    const all = [...[...own.values()].map(({ person }) => person), ...[...elsewhere.values()].flat()];
    const others = new Map(all.filter((one) => one.sub !== sub).map((one) => [one.sub, one]));
    return [...others.values()].slice(0, MAX_NAMED).map(({ name, roles }) => ({ name, roles }));
  }

  /** Stops all timers. */
  stop(): void {
    for (const { own } of this.#looked.values()) for (const { leaving } of own.values()) clearTimeout(leaving);
    this.#looked.clear();
  }

  #tell(patient: string, isAsking: boolean): void {
    const own = this.#looked.get(patient)?.own.values() ?? [];
    const people = [...own].map(({ person }) => person).slice(0, MAX_NAMED + 1);
    this.#options.broadcast({ node: this.#options.node, patient, people, isAsking });
  }
}
