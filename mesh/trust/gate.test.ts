/** Messages of other nodes: accepted once, in time, and by the keys that they have introduced themselves with. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { MeshTime } from "../mesh-time.ts";
import { issueCertificate, type Signer, Trusted } from "./certificate.ts";
import { EnvelopeKind, pack, partsOf } from "./envelope.ts";
import { Gate, PacketRefusal } from "./gate.ts";
import { newNode } from "./hello.ts";

/** The clock of a node: both stand still until they are set. */
function clockNow() {
  const clock = { wall: Date.now(), passed: 0 };
  return { clock, time: new MeshTime({ wall: () => clock.wall, monotonic: () => clock.passed }) };
}

const YEAR = 365 * 86_400_000;
const ca = generateKeyPairSync("ed25519");
const trusted = new Trusted([ca.publicKey]);

function signerFor(services: string[], by = ca.privateKey, now = Date.now()): Signer {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return { privateKey, certificate: issueCertificate(by, { serves: services }, publicKey, YEAR, now) };
}

describe("the check of received messages", () => {
  const [REQ, RES, INFO] = ["MOL-x.REQ.lab", "MOL-x.RES.api", "MOL-x.INFO"];
  const body = Buffer.from('{"id":"1","action":"lab.order"}');
  function pair() {
    const nodes = [newNode("api", signerFor(["api"])), newNode("lab", signerFor(["lab"]))] as const;
    const [here, there] = [clockNow(), clockNow()];
    const gates = [new Gate(nodes[0], trusted, here.time), new Gate(nodes[1], trusted, there.time)] as const;
    return { nodes, gates, clocks: [here.clock, there.clock] as const };
  }
  /** Each has heard the other's announcement. */
  function acquainted() {
    const both = pair();
    const [api, lab] = both.gates;
    for (const [from, to] of [
      [api, lab],
      [lab, api],
    ] as const) {
      expect(to.open(INFO, from.seal(INFO, undefined, body))).toHaveProperty("body");
    }
    return both;
  }

  it("accepts what was signed for this topic, once, and names its sender", () => {
    const {
      nodes: [own, lab],
      gates: [api, there],
    } = acquainted();
    const message = api.seal(REQ, lab.id, body);
    expect(there.open("MOL-x.REQ.wards", message)).toEqual({ refused: PacketRefusal.wrongProof, sender: own.id });
    expect(there.open(REQ, message)).toEqual({ sender: own.id, body });
    expect(there.open(REQ, message)).toEqual({ refused: PacketRefusal.replayed, sender: own.id });
    expect(there.certificateOf(own.id)?.serves).toEqual(["api"]);
  });

  it("accepts a call that arrives before its sender's announcement, and its answer", () => {
    const {
      nodes: [own, lab],
      gates: [api, there],
    } = pair();
    api.open(INFO, there.seal(INFO, undefined, body)); // the caller has heard of the callee, not the other way round
    expect(there.open(REQ, api.seal(REQ, lab.id, body))).toEqual({ sender: own.id, body });
    expect(api.open(RES, there.seal(RES, own.id, body))).toEqual({ sender: lab.id, body });
    const short = api.seal(REQ, lab.id, body);
    expect(short[0]).toBe(EnvelopeKind.tagged); // by now it need not introduce itself
    expect(there.open(REQ, short)).toEqual({ sender: own.id, body });
  });

  it("ignores the broadcasts of this node itself", () => {
    const {
      gates: [api],
    } = pair();
    expect(api.open(INFO, api.seal(INFO, undefined, body))).toBeUndefined();
  });

  it("refuses a message with any changed byte, and what is not an envelope", () => {
    for (const receiver of ["known", undefined]) {
      const {
        nodes: [, lab],
        gates: [api, there],
      } = acquainted();
      const message = api.seal(REQ, receiver && lab.id, body);
      for (let at = 0; at < message.length; at += 1 + Math.floor(message.length / 97)) {
        const changed = Buffer.from(message);
        changed[at] = (changed[at] as number) ^ 1;
        // The hello of a node that is known is not looked at; its proof covers it all the same.
        expect(there.open(REQ, changed)).toHaveProperty("refused");
      }
      for (let end = 0; end < message.length; end += 7) expect(there.open(REQ, message.subarray(0, end))).toHaveProperty("refused");
      expect(there.open(REQ, body)).toEqual({ refused: PacketRefusal.unsealed });
      expect(there.open(REQ, message)).toHaveProperty("body");
    }
  });

  it("refuses a sender that uses another's name, with a key of another service or of no mesh", () => {
    const {
      nodes: [own],
      gates: [, there],
    } = acquainted();
    const rogue = newNode("billing", signerFor(["billing"]));
    const inAnothersName = new Gate({ ...rogue, id: own.id }, trusted);
    expect(there.open(INFO, inAnothersName.seal(INFO, undefined, body))).toHaveProperty("refused");
    const fresh = pair();
    expect(fresh.gates[1].open(INFO, inAnothersName.seal(INFO, undefined, body))).toEqual({ refused: PacketRefusal.unknownSender });
    const stranger = newNode("api", signerFor(["api"], generateKeyPairSync("ed25519").privateKey));
    expect(there.open(INFO, new Gate(stranger, trusted).seal(INFO, undefined, body))).toEqual({ refused: PacketRefusal.unknownSender });
    expect(there.open(INFO, new Gate(rogue, trusted).seal(INFO, undefined, body))).toEqual({ sender: rogue.id, body }); // in its own name it may speak
  });

  it("refuses messages for another node, old announcements, and repeated ones", () => {
    const {
      gates: [api, there],
      nodes: [, lab],
      clocks: [, clock],
    } = acquainted();
    const third = newNode("wards", signerFor(["wards"]));
    const elsewhere = new Gate(third, trusted);
    elsewhere.open(INFO, api.seal(INFO, undefined, body));
    expect(elsewhere.open(REQ, api.seal(REQ, lab.id, body))).toHaveProperty("refused");
    const announcement = api.seal(INFO, undefined, body);
    for (const by of [400_000, -400_000]) {
      clock.wall += by;
      clock.passed += by;
      if (by > 0) expect(there.open(INFO, announcement)).toEqual({ refused: PacketRefusal.outOfTime });
    }
    expect(there.open(INFO, announcement)).toHaveProperty("body");
    expect(there.open(INFO, announcement)).toMatchObject({ refused: PacketRefusal.replayed });
  });

  it("accepts messages if clocks are five minutes apart, also some seconds later", () => {
    for (const apart of [-300_000, 320_000]) {
      const {
        gates: [api, there],
        clocks: [, clock],
      } = pair();
      clock.wall += apart;
      expect(there.open(INFO, api.seal(INFO, undefined, body))).toHaveProperty("body");
    }
  });

  it("keeps all senders' numbers when its clock is set, as new numbers would look like a replay", () => {
    const {
      gates: [api, there],
      nodes: [own, lab],
      clocks: [clock],
    } = acquainted();
    for (let count = 0; count < 300; count += 1) there.open(REQ, api.seal(REQ, lab.id, body));
    clock.wall += 86_400_000;
    const third = new Gate(newNode("wards", signerFor(["wards"])), trusted);
    expect(api.open(INFO, third.seal(INFO, undefined, body))).toHaveProperty("body");
    expect(api.open(INFO, there.seal(INFO, undefined, body))).toHaveProperty("body");
    expect(there.open(REQ, api.seal(REQ, lab.id, body))).toEqual({ sender: own.id, body });
  });

  it("stops checking signatures of unknown senders when many are wrong within a second; known ones are not affected", () => {
    const {
      gates: [api, there],
      nodes: [own, lab],
      clocks: [, clock],
    } = acquainted();
    const now = clock.wall;
    const envelope = pack({ kind: EnvelopeKind.signed, sender: "none", number: 1, time: now, hello: "a.b.c.d" }, body);
    randomBytes(64).copy(partsOf(envelope).proof);
    const refusals = Array.from({ length: 600 }, () => there.open(INFO, envelope) ?? {});
    expect(refusals.filter((one) => "refused" in one && one.refused === PacketRefusal.unknownSender)).toHaveLength(500);
    expect(refusals.at(-1)).toEqual({ refused: PacketRefusal.flood });
    expect(there.open(REQ, api.seal(REQ, lab.id, body))).toEqual({ sender: own.id, body });
    clock.wall += 1_000;
    expect(there.open(INFO, api.seal(INFO, undefined, body))).toHaveProperty("body");
  });
});
