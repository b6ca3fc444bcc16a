/**
 * A packet larger than the server takes travels as numbered parts and is put together again on arrival. Pure: time is
 * passed in. NATS keeps the order of one sender's messages, so parts that arrive out of order mean that one was lost.
 */

/** How much of what has not arrived whole is kept. */
export interface AssemblyLimits {
  /** Largest packet, bytes; a larger one is refused by its sender. */
  packetBytes: number;
  /** All packets of which some parts have arrived, bytes; beyond it the oldest are given up. */
  pendingBytes: number;
  /** A packet whose next part does not come within this time is given up, milliseconds. */
  patienceMs: number;
}

/** Of every node: a packet holds a bundle of 32 MB with room to spare; four of them may be on their way at once. */
export const LIMITS: AssemblyLimits = { packetBytes: 64 * 1024 * 1024, pendingBytes: 256 * 1024 * 1024, patienceMs: 30_000 };

/** Says which part of which packet a message is: `id;index;count;bytes`, where bytes is the whole packet's size. */
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

/** Collects parts into packets, within `limits`. */
export class Assembly {
  /** Oldest first, by their last part. */
  readonly #halves = new Map<string, Half>();
  readonly #limits: AssemblyLimits;
  #bytes = 0;

  constructor(limits: AssemblyLimits = LIMITS) {
    this.#limits = limits;
  }

  /** Bytes that wait for their other parts. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  /** @returns the packet when this was its last part; undefined while parts are missing, and for a part that fits nowhere */
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

  /** Gives up what waits too long or takes too much. */
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
