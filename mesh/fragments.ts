/**
 * A packet larger than the server's limit is sent as numbered parts, and reassembled on arrival. Pure: time is
 * passed in. NATS keeps the order of one sender's messages, so that parts out of order mean that one was lost.
 */

/** Limits of incomplete packets. */
export interface AssemblyLimits {
  /** Largest packet, bytes; its sender refuses a larger one. */
  packetBytes: number;
  /** All incomplete packets together, bytes; beyond it the oldest are dropped. */
  pendingBytes: number;
  /** Longest wait for the next part, milliseconds; after it the packet is dropped. */
  patienceMs: number;
}

/** The same for every node: a packet holds a bundle of 32 MB with room to spare, and four may be under way at once. */
export const LIMITS: AssemblyLimits = { packetBytes: 64 * 1024 * 1024, pendingBytes: 256 * 1024 * 1024, patienceMs: 30_000 };

/** Label of a part: `id;index;count;bytes`, where bytes is the whole packet's size. */
export type PartLabel = string;

/** Cuts without copying: the parts are views of `packet`. */
export function* cut(id: string, packet: Buffer, partBytes: number): Generator<[label: PartLabel, part: Buffer]> {
  const count = Math.ceil(packet.length / partBytes);
  for (let index = 0; index < count; index++) {
    yield [`${id};${index};${count};${packet.length}`, packet.subarray(index * partBytes, (index + 1) * partBytes)];
  }
}

interface Half {
  parts: Uint8Array[];
  count: number;
  bytes: number;
  received: number;
  touched: number;
}

/** Assembles parts into packets, within `limits`. */
export class Assembly {
  /** In order of their last part, oldest first. */
  readonly #halves = new Map<string, Half>();
  readonly #limits: AssemblyLimits;
  #bytes = 0;

  constructor(limits: AssemblyLimits = LIMITS) {
    this.#limits = limits;
  }

  /** Bytes of incomplete packets. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  /** @returns the packet if this was its last part; undefined while parts are missing, and for a part that fits nowhere */
  add(label: PartLabel, part: Uint8Array, now: number): Buffer | undefined {
    const [id = "", indexText, countText, bytesText] = label.split(";");
    const [index, count, bytes] = [Number(indexText), Number(countText), Number(bytesText)];
    if (!(bytes > 0 && bytes <= this.#limits.packetBytes)) return undefined;
    const half = index === 0 ? { parts: [], count, bytes, received: 0, touched: now } : this.#halves.get(id);
    this.#forget(id);
    if (!half || half.count !== count || half.bytes !== bytes || half.parts.length !== index) return undefined;
    half.parts.push(part);
    half.received += part.length;
    half.touched = now;
    if (half.received > half.bytes) return undefined;
    if (half.parts.length === count) return half.received === half.bytes ? Buffer.concat(half.parts, half.bytes) : undefined;
    this.#halves.set(id, half);
    this.#bytes += half.received;
    this.expire(now);
    return undefined;
  }

  /** Drops packets that wait too long or take too much. */
  expire(now: number): void {
    for (const [id, half] of this.#halves) {
      if (now - half.touched < this.#limits.patienceMs && this.#bytes <= this.#limits.pendingBytes) return;
      this.#forget(id);
    }
  }

  clear(): void {
    this.#halves.clear();
    this.#bytes = 0;
  }

  #forget(id: string): void {
    this.#bytes -= this.#halves.get(id)?.received ?? 0;
    this.#halves.delete(id);
  }
}
