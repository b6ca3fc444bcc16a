/**
 * The calls of this node that wait for an answer, by id: in place of Moleculer's Map, which keeps alive what it no longer holds.
 *
 * A Map that grows and shrinks replaces its table again and again, and V8 leaves each old table linked to the next, with all that was in
 * it at that moment. As soon as one such table has become old, the young generation's collection takes every later one for reachable, and
 * every call that ever stood in one of them, with its context, request and socket: they fill the old generation until a full collection.
 * That was a sixth of a busy gateway's time. So the table holds small boxes here, and a box is emptied when its call is answered.
 */
export class PendingRequests<Value> {
  readonly #boxes = new Map<string, { value: Value | undefined }>();

  get size(): number {
    return this.#boxes.size;
  }

  get(id: string): Value | undefined {
    return this.#boxes.get(id)?.value;
  }

  set(id: string, value: Value): this {
    this.#boxes.set(id, { value });
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
}
