/**
 * Who has a patient's record open now, through whichever gateway. Each gateway knows of the patients that its own clients look at; it tells
 * the others when that changes, and asks them when it begins to look. Nothing of it is stored.
 */

/** Moleculer's event between gateways, at most once. */
export const PRESENCE = "api.presence";
/** A person is still shown for this time after closing a record, as a reloaded page does not leave; milliseconds. */
const LEAVES_AFTER_MS = 3_000;
/** People who are named; nobody reads more. */
const MAX_NAMED = 20;

/** A person who looks. */
export interface Viewer {
  /** Of the account. */
  sub: string;
  name: string;
  roles: string[];
}

/** Who looks at a patient's record through one gateway. */
export interface Present {
  node: string;
  patient: string; // "Patient/…"
  people: Viewer[];
  /** The gateway has not looked before: those that do answer. */
  isAsking: boolean;
}

interface Looked {
  /** By `sub`; `streams` 0: has closed it, and is there for a moment still. */
  own: Map<string, { person: Viewer; streams: number; leaving?: NodeJS.Timeout }>;
  /** By the other gateways' nodes. */
  elsewhere: Map<string, Viewer[]>;
}

/** What it needs of the gateway. */
export interface PresenceOptions {
  node: string;
  broadcast(present: Present): void;
  /** Who looks at this patient has changed. */
  changed(patient: string): void;
}

/** The records that are open through one gateway: as many as it has streams, and no others. */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #looked = new Map<string, Looked>();

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** A person opens a record here, once or more. */
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

  /** What another gateway says. */
  heard({ node, patient, people, isAsking }: Present): void {
    const looked = this.#looked.get(patient);
    if (!looked || node === this.#options.node) return;
    if (people.length > 0) looked.elsewhere.set(node, people);
    else looked.elsewhere.delete(node);
    if (isAsking) this.#tell(patient, false);
    this.#options.changed(patient);
  }

  /** A gateway is gone with all who looked through it; they come back through another. */
  gone(node: string): void {
    for (const [patient, { elsewhere }] of this.#looked) {
      if (elsewhere.delete(node)) this.#options.changed(patient);
    }
  }

  /** Who looks besides this person, each once. */
  others(patient: string, { sub }: Viewer): Pick<Viewer, "name" | "roles">[] {
    const { own, elsewhere } = this.#looked.get(patient) ?? { own: new Map(), elsewhere: new Map() };
    const all = [...[...own.values()].map(({ person }) => person), ...[...elsewhere.values()].flat()];
    const others = new Map(all.filter((one) => one.sub !== sub).map((one) => [one.sub, one]));
    return [...others.values()].slice(0, MAX_NAMED).map(({ name, roles }) => ({ name, roles }));
  }

  /** Says nothing more. */
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
