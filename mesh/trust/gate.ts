/**
 * Every message of this node goes out sealed, and every message of others comes in by the gate: only from the node that it names, for this
 * topic, once. What is not believed is not parsed.
 *
 * A message for a node that is known bears a tag under the pair's own key; one for all, or for a node that is not known, the signature of
 * this node's service. A peer that is not known yet is introduced by the hello that goes along, so a call that overtakes the announcement is
 * believed all the same.
 */
import { sign, verify } from "node:crypto";
import { type Certificate, CLOCKS_APART_MS, type Trusted } from "./certificate.ts";
import { EnvelopeKind, pack, partsOf, unpack, type Envelope } from "./envelope.ts";
import { type OwnNode, readHello } from "./hello.ts";
import { type Peer, Peers } from "./peers.ts";

/** Why a message is not believed. */
export const PacketRefusal = {
  /** It has no envelope: its sender knows nothing of keys. */
  unsealed: "unsealed",
  /** Its sender has not introduced itself, or not so that it is believed. */
  unknownSender: "unknown-sender",
  /** The proof is wrong: it comes from another node, or was changed. */
  wrongProof: "wrong-proof",
  /** It came before. */
  replayed: "replayed",
  /** It was signed too long ago, or by a clock that is wrong. */
  outOfTime: "out-of-time",
  /** Too many signatures were wrong within this second: none more is looked at. */
  flood: "flood",
  /** The packet inside has not the form of one. */
  malformed: "malformed",
  /** The packet inside names another sender. */
  wrongSender: "wrong-sender",
  /** It announces a service that its certificate does not name. */
  notCertified: "not-certified",
  /** An answer, or a part of a stream, from a node that was not asked. */
  notAsked: "not-asked",
} as const;
export type PacketRefusal = (typeof PacketRefusal)[keyof typeof PacketRefusal];

/** A message that is believed, or why it is not. */
export type Opened = { sender: string; body: Buffer } | { refused: PacketRefusal; sender?: string };

/** Wrong signatures that are looked at within a second: each costs some hundred microseconds, so these are a fifth of a processor. */
const MAX_WRONG = 500;
/** What a node signs for all is never taken for a hello or a stamp. */
const CONTEXT = "openward packet\0";

/** The gate of one node. */
export class Gate {
  readonly #own: OwnNode;
  readonly #trusted: Trusted;
  readonly #peers: Peers;
  /** The last number of a message to all. */
  #signed = 0;
  #wrong = { second: 0, count: 0 };

  constructor(own: OwnNode, trusted: Trusted) {
    this.#own = own;
    this.#trusted = trusted;
    this.#peers = new Peers(own);
  }

  /** What the node's certificate says; undefined of one that has not introduced itself. */
  certificateOf(node: string): Certificate | undefined {
    return this.#peers.get(node)?.certificate;
  }

  /** @param receiver undefined: all */
  seal(topic: string, receiver: string | undefined, body: Buffer): Buffer {
    const peer = receiver === undefined ? undefined : this.#peers.get(receiver);
    const { id: sender, hello, signer } = this.#own;
    if (!peer) {
      this.#signed += 1;
      const message = pack({ kind: EnvelopeKind.signed, sender, number: this.#signed, time: Date.now(), hello }, body);
      const { proven, proof } = partsOf(message);
      sign(null, signedBytes(topic, proven), signer.privateKey).copy(proof);
      return message;
    }
    peer.sent += 1;
    const kind = peer.knowsThisNode ? EnvelopeKind.tagged : EnvelopeKind.taggedWithHello;
    const message = pack({ kind, sender, number: peer.sent, time: 0, hello }, body);
    const { proven, proof } = partsOf(message);
    proof.write(peer.outgoing.tag(topic, proven), "latin1");
    return message;
  }

  /** @param topic on which it came @returns undefined for this node's own: what it tells all comes back to it */
  open(topic: string, message: Buffer, now = Date.now()): Opened | undefined {
    const envelope = unpack(message);
    if (!envelope) return { refused: PacketRefusal.unsealed };
    if (envelope.sender === this.#own.id) return undefined;
    if (envelope.kind === EnvelopeKind.signed && Math.abs(now - envelope.time) > CLOCKS_APART_MS) {
      return { refused: PacketRefusal.outOfTime };
    }
    const known = this.#peers.get(envelope.sender);
    if (!known && this.#isFlooded(now)) return { refused: PacketRefusal.flood };
    const peer = known ?? this.#introduce(envelope, now);
    if (!peer) {
      if (envelope.hello !== "") this.#noteWrong();
      return { refused: PacketRefusal.unknownSender };
    }
    const refused = this.#disbelieve(peer, topic, envelope, now);
    if (refused) return { refused, sender: peer.id };
    peer.heardAt = performance.now();
    return { sender: peer.id, body: envelope.body };
  }

  #introduce({ sender, hello }: Envelope, now: number): Peer | undefined {
    if (hello === "") return undefined;
    try {
      const introduced = readHello(hello, this.#trusted, now);
      return introduced?.id === sender ? this.#peers.add(introduced) : undefined;
    } catch {
      return undefined; // signed, and still no hello: claims of another form, a key that gives no secret
    }
  }

  /** Why the envelope is not believed; undefined: it is. */
  #disbelieve(peer: Peer, topic: string, { kind, number, proven, proof }: Envelope, now: number): PacketRefusal | undefined {
    const isSigned = kind === EnvelopeKind.signed;
    const window = isSigned ? peer.receivedSigned : peer.received;
    if (!window.isNew(number)) return PacketRefusal.replayed;
    if (isSigned) {
      if (this.#isFlooded(now)) return PacketRefusal.flood;
      if (!verify(null, signedBytes(topic, proven), peer.certificate.key, proof)) {
        this.#noteWrong();
        return PacketRefusal.wrongProof;
      }
    } else {
      if (!peer.incoming.isTag(proof, topic, proven)) return PacketRefusal.wrongProof;
      peer.knowsThisNode = true;
    }
    window.add(number);
    return undefined;
  }

  #isFlooded(now: number): boolean {
    const second = Math.floor(now / 1_000);
    if (this.#wrong.second !== second) this.#wrong = { second, count: 0 };
    return this.#wrong.count >= MAX_WRONG;
  }

  #noteWrong(): void {
    this.#wrong.count += 1;
  }
}

const signedBytes = (topic: string, proven: Buffer) => Buffer.concat([Buffer.from(CONTEXT + topic, "latin1"), proven]);
