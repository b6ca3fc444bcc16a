/**
 * The envelope of a message. Pure.
 *
 *     kind · length of the sender's id, 1 byte · id · number, 6 bytes · [time, 6 bytes] · [length of the hello, 2 bytes · hello] · body · proof
 *
 * The kind determines the proof: a tag under the key that sender and receiver share (16 bytes), or the signature of the sender's service
 * (64 bytes), for receivers that do not share a key yet. No packet and no batch begins with one of these kinds.
 */
import { TAG_BYTES } from "./mac.ts";

/** The first byte. */
export const EnvelopeKind = { tagged: 0xe1, taggedWithHello: 0xe2, signed: 0xe3 } as const;
export type EnvelopeKind = (typeof EnvelopeKind)[keyof typeof EnvelopeKind];

/** An unpacked envelope that is not verified yet. */
export interface Envelope {
  kind: EnvelopeKind;
  sender: string;
  number: number;
  /** Milliseconds since 1970, odd if the sender does not follow its own clock (`MeshTime.stated`); 0 in one with a tag. */
  time: number;
  /** "" if there is none. */
  hello: string;
  body: Buffer;
  /** The bytes that the proof covers, besides the topic. */
  proven: Buffer;
  proof: Buffer;
}

const NUMBER_BYTES = 6;
const SIGNATURE_BYTES = 64;
/** Most bytes that an envelope adds to its body. */
export const ENVELOPE_BYTES = 20_000;

const proofBytes = (kind: number) => (kind === EnvelopeKind.signed ? SIGNATURE_BYTES : TAG_BYTES);

/** An envelope with space for its proof at the end. */
export function pack({ kind, sender, number, time, hello }: Omit<Envelope, "body" | "proven" | "proof">, body: Buffer): Buffer {
  const helloBytes = kind === EnvelopeKind.tagged ? 0 : 2 + hello.length;
  const timeBytes = kind === EnvelopeKind.signed ? NUMBER_BYTES : 0;
  const message = Buffer.allocUnsafe(2 + sender.length + NUMBER_BYTES + timeBytes + helloBytes + body.length + proofBytes(kind));
  message[0] = kind;
  message[1] = sender.length;
  let at = 2 + message.write(sender, 2, "latin1");
  at = message.writeUIntLE(number, at, NUMBER_BYTES);
  if (timeBytes > 0) at = message.writeUIntLE(time, at, NUMBER_BYTES);
  if (helloBytes > 0) {
    at = message.writeUInt16LE(hello.length, at);
    at += message.write(hello, at, "latin1");
  }
  body.copy(message, at);
  return message;
}

/** The part of a packed envelope that its proof covers, and the place of the proof. */
export function partsOf(message: Buffer): { proven: Buffer; proof: Buffer } {
  const end = message.length - proofBytes(message[0] as number);
  return { proven: message.subarray(0, end), proof: message.subarray(end) };
}

/** @returns undefined if it is no envelope */
export function unpack(message: Buffer): Envelope | undefined {
  const kind = message[0] as EnvelopeKind;
  if (kind !== EnvelopeKind.tagged && kind !== EnvelopeKind.taggedWithHello && kind !== EnvelopeKind.signed) return undefined;
  const end = message.length - proofBytes(kind);
  let at = 2 + (message[1] ?? 0);
  if (at + 2 * NUMBER_BYTES + 2 > end) return undefined; // shorter than any valid envelope
  const sender = message.toString("latin1", 2, at);
  const number = message.readUIntLE(at, NUMBER_BYTES);
  at += NUMBER_BYTES;
  let time = 0;
  if (kind === EnvelopeKind.signed) {
    time = message.readUIntLE(at, NUMBER_BYTES);
    at += NUMBER_BYTES;
  }
  let hello = "";
  if (kind !== EnvelopeKind.tagged) {
    const from = at + 2;
    at = from + message.readUInt16LE(at);
    if (at > end) return undefined;
    hello = message.toString("latin1", from, at);
  }
  return {
    kind,
    sender,
    number,
    time,
    hello,
    body: message.subarray(at, end),
    proven: message.subarray(0, end),
    proof: message.subarray(end),
  };
}
