/** What nodes tell each other when the time of one has jumped. */
import { generateKeyPairSync } from "node:crypto";
import { MeshTime } from "../mesh-time.ts";
import { issueCertificate, Trusted } from "./certificate.ts";
import { EnvelopeKind } from "./envelope.ts";
import { Gate } from "./gate.ts";
import { newNode } from "./hello.ts";

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;
const [INFO, REQ] = ["MOL-x.INFO", "MOL-x.REQ.lab"];
const body = Buffer.from("{}");
const ca = generateKeyPairSync("ed25519");

function nodeOf(service: string) {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const own = newNode(service, { privateKey, certificate: issueCertificate(ca.privateKey, { serves: [service] }, publicKey, YEAR_MS) });
  const clock = { wall: Date.now(), passed: 0 };
  const time = new MeshTime({ wall: () => clock.wall, monotonic: () => clock.passed });
  const pass = (ms: number) => {
    clock.wall += ms;
    clock.passed += ms;
  };
  return { own, clock, time, pass, gate: new Gate(own, new Trusted([ca.publicKey]), time) };
}

describe("a node whose time has jumped to its clock", () => {
  it("signs its first message to each other node, which follows if its own clock says the same", () => {
    const [api, lab] = [nodeOf("api"), nodeOf("lab")];
    lab.gate.open(INFO, api.gate.seal(INFO, undefined, body));
    api.gate.open(INFO, lab.gate.seal(INFO, undefined, body));
    for (const { clock } of [api, lab]) clock.wall -= HOUR_MS; // both run on one machine
    api.pass(60_001); // it has heard of nobody who follows his clock
    lab.pass(30_000);
    expect([api.time.now() - api.clock.wall, lab.time.now() - lab.clock.wall]).toEqual([0, HOUR_MS]);

    const [first, second] = [api.gate.seal(REQ, lab.own.id, body), api.gate.seal(REQ, lab.own.id, body)];
    expect([first[0], second[0] === EnvelopeKind.signed]).toEqual([EnvelopeKind.signed, false]);
    for (const message of [first, second]) expect(lab.gate.open(REQ, message)).toEqual({ sender: api.own.id, body });
    expect(lab.time.now()).toBe(lab.clock.wall);
  });

  it("loses no call and no answer to a node that knows it and has another time, but what it says to all is refused there, and by nodes that do not know it", () => {
    const [api, lab, visits] = [nodeOf("api"), nodeOf("lab"), nodeOf("visits")];
    lab.gate.open(INFO, api.gate.seal(INFO, undefined, body));
    for (const other of [lab, visits]) api.gate.open(INFO, other.gate.seal(INFO, undefined, body));
    api.clock.wall -= HOUR_MS; // its own clock alone
    api.pass(60_001);
    expect(api.time.now()).toBe(api.clock.wall);
    const toLab = `MOL-x.REQ.${lab.own.id}`;
    const call = api.gate.seal(toLab, lab.own.id, body);
    expect(call[0]).toBe(EnvelopeKind.signed);
    expect(lab.gate.open(toLab, call)).toEqual({ sender: api.own.id, body });
    expect(lab.gate.open(toLab, call)).toEqual({ refused: "replayed", sender: api.own.id });
    expect(lab.time.now()).toBe(lab.clock.wall);
    expect(lab.gate.open(INFO, api.gate.seal(INFO, undefined, body))).toEqual({ refused: "out-of-time" });
    const toVisits = `MOL-x.REQ.${visits.own.id}`;
    expect(visits.gate.open(toVisits, api.gate.seal(toVisits, visits.own.id, body))).toEqual({ refused: "out-of-time" });
  });
});
