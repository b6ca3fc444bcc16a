/**
 * What does the authentication of nodes cost? `npm run bench -- seal`: CPU time to seal a message and to open it, by size, and for signed ones.
 */
import { median } from "./kit.ts";
import { Gate } from "../mesh/trust/gate.ts";
import { newNode } from "../mesh/trust/hello.ts";
import { keysInMemory } from "../mesh/trust/key-files.ts";

const ROUNDS = 15;
const keys = keysInMemory();
const [api, lab] = [newNode("api-1", keys.signer), newNode("lab-1", keys.signer)];
const [here, there] = [new Gate(api, keys.trusted), new Gate(lab, keys.trusted)];
const [REQ, RES, INFO] = [
  `MOL-openward-provider-0123456789ab.REQ.${lab.id}`,
  `MOL-openward-provider-0123456789ab.RES.${api.id}`,
  "MOL-x.INFO",
];

/** Microseconds of CPU for one of `count`, median of all rounds. */
function cost(count: number, work: (index: number) => unknown): string {
  const times = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage();
    for (let index = 0; index < count; index++) work(index);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / count;
  });
  return median(times).toFixed(1);
}

// After one message in each direction a tag is enough.
there.open(INFO, here.seal(INFO, undefined, Buffer.alloc(20)));
here.open(RES, there.seal(RES, api.id, Buffer.alloc(20)));
there.open(REQ, here.seal(REQ, lab.id, Buffer.alloc(20)));
for (const bytes of [100, 400, 2_500, 20_000]) {
  const body = Buffer.alloc(bytes, "x");
  const sealed = Array.from({ length: ROUNDS * 5_000 }, () => here.seal(REQ, lab.id, body)).reverse();
  const open = cost(5_000, () => {
    if ("refused" in (there.open(REQ, sealed.pop() as Buffer) ?? {})) throw new Error("Not believed.");
  });
  console.log(`${bytes} bytes: sealed in ${cost(5_000, () => here.seal(REQ, lab.id, body))} µs, opened in ${open} µs`);
}
const signed = Array.from({ length: ROUNDS * 200 }, () => here.seal(INFO, undefined, Buffer.alloc(400))).reverse();
const open = cost(200, () => there.open(INFO, signed.pop() as Buffer));
console.log(`for all, 400 bytes: signed in ${cost(200, () => here.seal(INFO, undefined, Buffer.alloc(400)))} µs, verified in ${open} µs`);
