/** Tasks that wait for the worker, client by client: who has used the least of its time is next. */

/** A task of a client. */
export interface Waiting {
  /** "" if it is unknown: all these count as one client. */
  client: string;
  /** Whether a task like it was too costly before: the client's other tasks take precedence. */
  isSuspect: boolean;
}

/** Clients whose time is remembered. */
const MAX_CLIENTS = 1_000;

/** The waiting tasks, at most `most`. Pure. */
export class FairQueue<Task extends Waiting> {
  readonly #most: number;
  readonly #tasks: Task[] = [];
  /** Milliseconds used by each client since the last time that no task was waiting. */
  readonly #used = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#tasks.length;
  }

  /**
   * Adds a task.
   * @returns the task that has to give way if there are too many: the last one of the client with the most; it may be the new one
   */
  add(task: Task): Task | undefined {
    this.#tasks.push(task);
    if (this.#tasks.length <= this.#most) return undefined;
    const counts = new Map<string, number>();
    for (const { client } of this.#tasks) counts.set(client, (counts.get(client) ?? 0) + 1);
    const most = Math.max(...counts.values());
    const last = this.#tasks.findLast(({ client }) => counts.get(client) === most) as Task;
    this.remove(last);
    return last;
  }

  remove(task: Task): void {
    const place = this.#tasks.indexOf(task);
    if (place >= 0) this.#tasks.splice(place, 1);
  }

  /** Removes all tasks. @returns them */
  clear(): Task[] {
    return this.#tasks.splice(0);
  }

  /** The next task, which no longer waits; undefined if there is none. */
  take(): Task | undefined {
    let next: Task | undefined;
    for (const task of this.#tasks) if (!next || this.#isBefore(task, next)) next = task;
    if (next) this.remove(next);
    if (this.#tasks.length === 0) this.#used.clear();
    return next;
  }

  /** Counts time that a task of this client has taken. @param ms milliseconds */
  count(client: string, ms: number): void {
    if (this.#used.size >= MAX_CLIENTS) this.#used.clear();
    this.#used.set(client, (this.#used.get(client) ?? 0) + ms);
  }

  #isBefore(one: Task, other: Task): boolean {
    const difference = (this.#used.get(one.client) ?? 0) - (this.#used.get(other.client) ?? 0);
    return difference < 0 || (difference === 0 && !one.isSuspect && other.isSuspect);
  }
}
