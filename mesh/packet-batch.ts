/**
 * Small packets for one receiver are sent as one message, so that NATS and its clients bear the cost of a message once.
 *
 *     0x01 · length of the first packet, 4 bytes · packet · length · packet · …
 *
 * No packet begins with 0x01 (serializer.ts), so that a message with a single packet is that packet. Pure.
 */

const MARK = 1;
const LENGTH_BYTES = 4;

/** Largest batch, bytes: for longer packets the copy costs more than it saves. */
export const MAX_BATCH_BYTES = 16_384;

/** What the packet adds to a batch, bytes. */
export const bytesInBatch = (packet: Buffer): number => LENGTH_BYTES + packet.length;

/** Copies the packets into one message. */
export function packBatch(packets: Buffer[]): Buffer {
  const bytes = packets.reduce((sum, packet) => sum + bytesInBatch(packet), 1);
  const batch = Buffer.allocUnsafe(bytes);
  batch[0] = MARK;
  let at = 1;
  for (const packet of packets) {
    at = batch.writeUInt32LE(packet.length, at);
    at += packet.copy(batch, at);
  }
  return batch;
}

/** The packets in a message, as views of it; truncated ones are left out. */
export function* unpackBatch(message: Buffer): Generator<Buffer> {
  if (message[0] !== MARK) {
    yield message;
    return;
  }
  for (let at = 1; at + LENGTH_BYTES <= message.length; ) {
    const from = at + LENGTH_BYTES;
    at = from + message.readUInt32LE(at);
    if (at <= message.length) yield message.subarray(from, at);
  }
}
