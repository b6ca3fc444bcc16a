/** The present rights of each role: from its file, or as an administrator has changed them at run time. */
import type { ChangedRoles } from "./changed-roles.ts";
import { isRoleOfPeople } from "./identity.ts";
import type { Role } from "./roles.ts";

/** Time in which all nodes learn of changed roles, before a gateway puts the new generation into stamps. Milliseconds. */
const SPREAD_MS = 300;

/** The roles of one process: those of the files and, over them, the newest generation that it knows. */
export class RolesNow {
  /** From the files. */
  readonly #filed: ReadonlyMap<string, Role>;
  #roles: ReadonlyMap<string, Role>;
  #generation = 0;
  /** The newest generation that was announced. */
  #told = 0;
  #before = { generation: 0, until: 0 };
  #hasAsked = false;
  #ask: () => Promise<void> = () => Promise.resolve();
  readonly #whenChanged = new Set<() => void>();

  /** @param filed roles from the files, by name @param react called after each change */
  constructor(filed: ReadonlyMap<string, Role>, react: () => void) {
    this.#filed = filed;
    this.#roles = filed;
    this.#whenChanged.add(react);
  }

  get(name: string): Role | undefined {
    return this.#roles.get(name);
  }

  /** The generation for stamps: for a moment still the previous one, while other nodes learn of the new one. */
  get stampedGeneration(): number {
    return this.#before.until > performance.now() ? this.#before.generation : this.#generation;
  }

  /** Whether the newest announced generation is known. */
  get isUpToDate(): boolean {
    return this.#hasAsked && this.#generation >= this.#told;
  }

  /** Sets how `refresh` asks. */
  askBy(ask: () => Promise<void>): void {
    this.#ask = ask;
  }

  /** Resolves when the present roles are known. @throws the error of the question */
  refresh(): Promise<void> {
    return this.#ask();
  }

  /** Notes an announced generation, and asks for it if it is unknown. */
  noteGeneration(generation: number): void {
    if (generation > this.#told) this.knows(generation);
  }

  /** Whether this generation is known; otherwise it is asked for. */
  knows(generation = 0): boolean {
    if (generation <= this.#generation) return true;
    this.#told = Math.max(this.#told, generation);
    this.#ask().catch(() => {}); // the next call asks again
    return false;
  }

  /** Takes the roles from `identity`; older ones than are known change nothing. */
  take({ generation, roles }: ChangedRoles): void {
    this.#hasAsked = true;
    if (generation <= this.#generation) return;
    this.#before = { generation: this.#generation, until: performance.now() + SPREAD_MS };
    this.#generation = generation;
    this.#told = Math.max(this.#told, generation);
    this.#roles = new Map([...this.#filed, ...Object.entries(roles).filter(([name]) => isRoleOfPeople(name))]);
    for (const react of this.#whenChanged) react();
  }

  /** @param react called after each change @returns a function that removes it */
  whenChanged(react: () => void): () => void {
    this.#whenChanged.add(react);
    return () => this.#whenChanged.delete(react);
  }
}
