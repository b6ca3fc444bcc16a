/**
 * Pending calls of this node by id, instead of Moleculer's Map, which keeps deleted entries alive.
 *
 * A Map that grows and shrinks replaces its table again and again, and V8 leaves each old table linked to the next, with the entries
 * of that moment. Once such a table is in the old generation, collections of the young generation treat every later one as reachable, and so
 * every call that was ever in one of them, with its context, request and socket: they fill the old generation until a full collection.
 * That took a sixth of a busy gateway's time. Therefore the table contains small boxes, and a box is emptied when its call is answered.
 */
export class PendingRequests<Value extends { nodeID?: string | null }> {
  readonly #boxes = new Map<string, { value: Value | undefined; since: number }>();

  get size(): number {
    return this.#boxes.size;
  }

  get(id: string): Value | undefined {
    return this.#boxes.get(id)?.value;
  }

  set(id: string, value: Value): this {
    this.#boxes.set(id, { value, since: performance.now() });
    return this;
  }

  delete(id: string): boolean {
    const box = this.#boxes.get(id);
    if (!box) return false;
    box.value = undefined;
    return this.#boxes.delete(id);
  }

  *values(): Generator<Value> {
    for (const { value } of this.#boxes.values()) yield value as Value;
  }

  forEach(visit: (value: Value, id: string) => void): void {
    for (const [id, { value }] of this.#boxes) visit(value as Value, id);
  }

  /** Removes the calls to a node that were made before a time, of `performance.now()`. @returns them */
  takeEarlier(nodeID: string, before: number): Value[] {
    const taken: Value[] = [];
    for (const [id, { value, since }] of this.#boxes) {
      if (since >= before || value?.nodeID !== nodeID) continue;
      taken.push(value);
      this.delete(id);
    }
    return taken;
  }
}
