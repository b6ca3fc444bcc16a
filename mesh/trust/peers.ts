/** The other nodes that have introduced themselves: a pair of session keys with each, and the numbers of their messages. */
import { createPublicKey, diffieHellman, hkdfSync } from "node:crypto";
import { type Certificate, CLOCKS_APART_MS, publicText } from "./certificate.ts";
import type { Introduced, OwnNode } from "./hello.ts";
import { Mac } from "./mac.ts";
import { ReplayWindow } from "./replay-window.ts";

/** Nodes that are kept, including those that have gone; beyond it the one that was heard least recently is dropped. */
const MAX_PEERS = 4_096;
/** Time for which a silent node is kept, milliseconds: until its signatures are too old for every node. */
const REMEMBERED_MS = 2 * CLOCKS_APART_MS + 60_000;

/** Another node. */
export interface Peer {
  id: string;
  certificate: Certificate;
  /** Keys of messages to it, and from it. */
  outgoing: Mac;
  incoming: Mac;
  /** Number of the last message to it. */
  sent: number;
  received: ReplayWindow;
  /** For signed messages. */
  receivedSigned: ReplayWindow;
  /** `MeshTime.jumps` of this node when it was last told the time. */
  knownJumps: number;
  /** Whether it has proved that it knows this node's hello. */
  knowsThisNode: boolean;
  /** By performance.now(): with a clock that can be set, a node might be dropped early, and its restarted numbers taken for replays. */
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

  /** @param jumps of this node's time */
  add({ id, sessionKey, certificate }: Introduced, jumps: number): Peer {
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
      knownJumps: jumps,
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
