/**
 * Seals every outgoing message of this node, and verifies every incoming one: it must come from the node that it names, be for this
 * topic, and be received once. An untrusted message is not parsed.
 *
 * A message to a known node has a tag under the pair's own key; one to all, or to an unknown node, the signature of
 * this node's service, with the time. So has the first one to a node after this node's time has jumped. A peer that is not known yet is introduced by the hello that is sent along, so that a call that overtakes the announcement is
 * trusted all the same.
 */
import { sign, verify } from "node:crypto";
import { type MeshTime, meshTime } from "../mesh-time.ts";
import type { Certificate, Trusted } from "./certificate.ts";
import { EnvelopeKind, pack, partsOf, unpack, type Envelope } from "./envelope.ts";
import { type OwnNode, readHello } from "./hello.ts";
import { type Peer, Peers } from "./peers.ts";

/** Reasons to refuse a message. */
export const PacketRefusal = {
  /** It has no envelope: its sender has no keys. */
  unsealed: "unsealed",
  /** Its sender has not introduced itself, or not validly. */
  unknownSender: "unknown-sender",
  /** The proof is wrong: it comes from another node, or was changed. */
  wrongProof: "wrong-proof",
  /** It was received before. */
  replayed: "replayed",
  /** It was signed too long ago, or by a wrong clock. */
  outOfTime: "out-of-time",
  /** Too many wrong signatures within this second: no more are verified. */
  flood: "flood",
  /** The packet inside is malformed. */
  malformed: "malformed",
  /** The packet inside names another sender. */
  wrongSender: "wrong-sender",
  /** It announces a service that its certificate does not name. */
  notCertified: "not-certified",
  /** An answer, or a part of a stream, from a node that was not asked. */
  notAsked: "not-asked",
} as const;
export type PacketRefusal = (typeof PacketRefusal)[keyof typeof PacketRefusal];

/** A verified message, or the reason of its refusal. */
export type Opened = { sender: string; body: Buffer } | { refused: PacketRefusal; sender?: string };

/** Wrong signatures that are verified within a second: each costs a few hundred microseconds, so that these take a fifth of a processor. */
const MAX_WRONG = 500;
/** Context of signatures of messages to all, so that none is valid as a hello or a stamp. */
const CONTEXT = "openward packet\0";

/** Seals and verifies the messages of one node. */
export class Gate {
  readonly #own: OwnNode;
  readonly #trusted: Trusted;
  readonly #peers: Peers;
  readonly #time: MeshTime;
  /** Number of the last message to all. */
  #signed = 0;
  #wrong = { second: 0, count: 0 };

  constructor(own: OwnNode, trusted: Trusted, time = meshTime) {
    this.#time = time;
    this.#own = own;
    this.#trusted = trusted;
    this.#peers = new Peers(own);
  }

  /** A node's certificate; undefined if it has not introduced itself. */
  certificateOf(node: string): Certificate | undefined {
    return this.#peers.get(node)?.certificate;
  }

  /** @param receiver undefined: all */
  seal(topic: string, receiver: string | undefined, body: Buffer): Buffer {
    const peer = receiver === undefined ? undefined : this.#peers.get(receiver);
    const { id: sender, hello, signer } = this.#own;
    const { jumps } = this.#time;
    if (!peer || peer.knownJumps !== jumps) {
      if (peer) peer.knownJumps = jumps;
      this.#signed += 1;
      const message = pack({ kind: EnvelopeKind.signed, sender, number: this.#signed, time: this.#time.stated(), hello }, body);
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

  /** @param topic on which it was received @returns undefined for this node's own messages to all, which come back to it */
  open(topic: string, message: Buffer): Opened | undefined {
    const envelope = unpack(message);
    if (!envelope) return { refused: PacketRefusal.unsealed };
    if (envelope.sender === this.#own.id) return undefined;
    const isSigned = envelope.kind === EnvelopeKind.signed;
    const known = this.#peers.get(envelope.sender);
    // A known node whose time has jumped signs one message to this node alone, a call or an answer: its number is accepted once, like those that follow.
    const isOwed = known !== undefined && topic.endsWith(`.${this.#own.id}`);
    if (isSigned && !isOwed && !this.#time.isNow(envelope.time)) return { refused: PacketRefusal.outOfTime };
    const now = this.#time.now();
    if (!known && this.#isFlooded(now)) return { refused: PacketRefusal.flood };
    const peer = known ?? this.#introduce(envelope, isSigned ? envelope.time : now);
    if (!peer) {
      if (envelope.hello !== "") this.#noteWrong();
      return { refused: PacketRefusal.unknownSender };
    }
    const refused = this.#disbelieve(peer, topic, envelope, now);
    if (refused) return { refused, sender: peer.id };
    peer.heardAt = performance.now();
    if (isSigned) this.#time.heard(envelope.time);
    return { sender: peer.id, body: envelope.body };
  }

  #introduce({ sender, hello }: Envelope, now: number): Peer | undefined {
    if (hello === "") return undefined;
    try {
      const introduced = readHello(hello, this.#trusted, now);
      return introduced?.id === sender ? this.#peers.add(introduced, this.#time.jumps) : undefined;
    } catch {
      return undefined; // signed, but no valid hello: other claims, or a key without a shared secret
    }
  }

  /** Why the envelope is refused; undefined: it is trusted. */
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
