/**
 * Sends packets that are ready at about the same time in one write to the socket. Each write costs the sender, the
 * server and the receiver a system call and a wake-up, more than the packet itself. Packets wait while each turn of
 * the event loop adds further ones (an idle node has one empty turn, microseconds; a busy one a few more requests),
 * and never for more than `MAX_GATHERED` packets or longer than `BATCH_DELAY_MS`. Consecutive packets for the same receiver also share a message.
 */
import { bytesInBatch, MAX_BATCH_BYTES, packBatch } from "./packet-batch.ts";

/** Longest wait of a packet, milliseconds. */
const BATCH_DELAY_MS = 1;
/** Most packets of one write: with more, each of two processes would be idle while the other works. */
const MAX_GATHERED = 8;

/** A packet to be sent. */
interface OutgoingPacket {
  topic: string;
  data: Buffer;
  resolve(): void;
  reject(error: unknown): void;
}

/** Collects packets and sends them in one write, by receiver. */
export class OutgoingPackets {
  readonly #publish: (topic: string, data: Buffer) => void;
  #packets: OutgoingPacket[] = [];

  /** @param publish sends one message */
  constructor(publish: (topic: string, data: Buffer) => void) {
    this.#publish = publish;
  }

  /** Resolves when it is sent. */
  send(topic: string, data: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#packets.push({ topic, data, resolve, reject });
      if (this.#packets.length === 1) this.#gather(0, performance.now() + BATCH_DELAY_MS);
    });
  }

  /** Sends what waits. */
  flush(): void {
    const packets = this.#packets;
    this.#packets = [];
    for (let at = 0; at < packets.length; ) {
      const together = packets.slice(at, endOfBatch(packets, at));
      at += together.length;
      const [{ topic, data }] = together as [OutgoingPacket];
      try {
        this.#publish(topic, together.length === 1 ? data : packBatch(together.map((packet) => packet.data)));
        for (const { resolve } of together) resolve();
      } catch (error) {
        for (const { reject } of together) reject(error);
      }
    }
  }

  #gather(seen: number, until: number): void {
    setImmediate(() => {
      const { length } = this.#packets;
      if (length > seen && length < MAX_GATHERED && performance.now() < until) this.#gather(length, until);
      else this.flush();
    });
  }
}

/** End of the batch that begins at `start`: consecutive packets with the same topic; packets keep their order. */
function endOfBatch(packets: OutgoingPacket[], start: number): number {
  const { topic } = packets[start] as OutgoingPacket;
  let bytes = 1;
  let end = start;
  for (; end < packets.length; end++) {
    const packet = packets[end] as OutgoingPacket;
    bytes += bytesInBatch(packet.data);
    if (packet.topic !== topic || bytes > MAX_BATCH_BYTES) break;
  }
  return Math.max(end, start + 1);
}
