/** What each role may do now: as its file says, or as an administrator has changed it while the system runs. */
import type { ChangedRoles } from "./changed-roles.ts";
import { isRoleOfPeople } from "./identity.ts";
import type { Role } from "./roles.ts";

/** All nodes know of changed roles before a gateway stamps with them, milliseconds. */
const SPREAD_MS = 300;

/** The roles of one process: its files' and, over them, the newest generation that it has heard of. */
export class RolesNow {
  /** As their files say. */
  readonly #filed: ReadonlyMap<string, Role>;
  #roles: ReadonlyMap<string, Role>;
  #generation = 0;
  /** The newest generation that anybody has told of. */
  #told = 0;
  #before = { generation: 0, until: 0 };
  #hasAsked = false;
  #ask: () => Promise<void> = () => Promise.resolve();
  readonly #whenChanged = new Set<() => void>();

  /** @param filed roles as their files say, by name @param react called after each change */
  constructor(filed: ReadonlyMap<string, Role>, react: () => void) {
    this.#filed = filed;
    this.#roles = filed;
    this.#whenChanged.add(react);
  }

  get(name: string): Role | undefined {
    return this.#roles.get(name);
  }

  /** What stamps say: for a moment the generation before, while other nodes learn of the new one. */
  get stampedGeneration(): number {
    return this.#before.until > performance.now() ? this.#before.generation : this.#generation;
  }

  /** Whether the roles are known as they are now, as far as anybody has told. */
  get isUpToDate(): boolean {
    return this.#hasAsked && this.#generation >= this.#told;
  }

  /** How `refresh` asks. */
  askBy(ask: () => Promise<void>): void {
    this.#ask = ask;
  }

  /** Resolves when they are known as they are now. @throws what the question for them has thrown */
  refresh(): Promise<void> {
    return this.#ask();
  }

  /** There is another generation: what is not known of it is asked for. */
  noteGeneration(generation: number): void {
    if (generation > this.#told) this.knows(generation);
  }

  /** Whether the roles of this generation are known; if not, they are asked for. */
  knows(generation = 0): boolean {
    if (generation <= this.#generation) return true;
    this.#told = Math.max(this.#told, generation);
    this.#ask().catch(() => {}); // the next question has them asked for again
    return false;
  }

  /** Takes them as `identity` tells them; older ones than are known change nothing. */
  take({ generation, roles }: ChangedRoles): void {
    this.#hasAsked = true;
    if (generation <= this.#generation) return;
    this.#before = { generation: this.#generation, until: performance.now() + SPREAD_MS };
    this.#generation = generation;
    this.#told = Math.max(this.#told, generation);
    this.#roles = new Map([...this.#filed, ...Object.entries(roles).filter(([name]) => isRoleOfPeople(name))]);
    for (const react of this.#whenChanged) react();
  }

  /** @param react called after each change @returns ends that */
  whenChanged(react: () => void): () => void {
    this.#whenChanged.add(react);
    return () => this.#whenChanged.delete(react);
  }
}
