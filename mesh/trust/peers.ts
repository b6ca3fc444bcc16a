/** The other nodes that have introduced themselves: a pair of session keys with each, and which of its messages have come. */
import { createPublicKey, diffieHellman, hkdfSync } from "node:crypto";
import { type Certificate, CLOCKS_APART_MS, publicText } from "./certificate.ts";
import type { Introduced, OwnNode } from "./hello.ts";
import { Mac } from "./mac.ts";
import { ReplayWindow } from "./replay-window.ts";

/** Nodes that are remembered, those that have gone too; beyond it the one that was not heard for longest is forgotten. */
const MAX_PEERS = 4_096;
/** A node that is not heard is remembered for this time, milliseconds: until what it had signed is too old for every other node. */
const REMEMBERED_MS = 2 * CLOCKS_APART_MS + 60_000;

/** Another node, as this one knows it. */
export interface Peer {
  id: string;
  certificate: Certificate;
  /** Under the key of what goes to it, and of what comes from it. */
  outgoing: Mac;
  incoming: Mac;
  /** The last number of a message to it. */
  sent: number;
  received: ReplayWindow;
  /** Of messages to all. */
  receivedSigned: ReplayWindow;
  /** It has proved that it knows this node's hello. */
  knowsThisNode: boolean;
  /** By performance.now(): who forgot a node because a clock was set would begin its numbers anew, and be taken for a replay. */
  heardAt: number;
}

/** The peers of one node, by node id. */
export class Peers {
  readonly #own: OwnNode;
  readonly #ownKey: string;
  readonly #peers = new Map<string, Peer>();

  constructor(own: OwnNode) {
    this.#own = own;
    this.#ownKey = publicText(createPublicKey(own.sessionKey));
  }

  get(id: string): Peer | undefined {
    return this.#peers.get(id);
  }

  add({ id, sessionKey, certificate }: Introduced): Peer {
    const now = performance.now();
    this.#makeRoom(now);
    const secret = diffieHellman({ privateKey: this.#own.sessionKey, publicKey: sessionKey });
    const key = publicText(sessionKey);
    const mac = (from: string, to: string) => new Mac(Buffer.from(hkdfSync("sha256", secret, "", `openward packets ${from} ${to}`, 32)));
    const peer: Peer = {
      id,
      certificate,
      outgoing: mac(`${this.#own.id} ${this.#ownKey}`, `${id} ${key}`),
      incoming: mac(`${id} ${key}`, `${this.#own.id} ${this.#ownKey}`),
      sent: 0,
      received: new ReplayWindow(),
      receivedSigned: new ReplayWindow(),
      knowsThisNode: false,
      heardAt: now,
    };
    this.#peers.set(id, peer);
    return peer;
  }

  #makeRoom(now: number): void {
    for (const { id, heardAt } of this.#peers.values()) if (now - heardAt > REMEMBERED_MS) this.#peers.delete(id);
    if (this.#peers.size < MAX_PEERS) return;
    let oldest: Peer | undefined;
    for (const peer of this.#peers.values()) if (!oldest || peer.heardAt < oldest.heardAt) oldest = peer;
    if (oldest) this.#peers.delete(oldest.id);
  }
}
