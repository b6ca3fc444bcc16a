/**
 * The cost of an event: `npm run bench -- events` writes Encounters in one process, alternately with and without emitting events, and prints the CPU time
 * of a write, from its call until its event is handled by billing (without a price list) and subscriptions (without any).
 */
import { execFileSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { ownerOf } from "../federation/owner-contract.ts";
import { startMesh } from "../test/kit/mesh.ts";

const [TURNS, ROUNDS, WRITES, AT_ONCE] = [3, 5, 3_200, 16];
const TEXT = JSON.stringify({
  resourceType: "Encounter",
  status: "finished",
  class: { system: "http://terminology.hl7.org/CodeSystem/v3-ActCode", code: "AMB" },
  subject: { reference: "Patient/1" },
  period: { start: "2026-01-01T00:00:00Z", end: "2026-01-01T01:00:00Z" },
});

const [way] = process.argv.slice(2);
if (way === "with" || way === "without") await measure(way);
else {
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const one of ["without", "with"]) process.stdout.write(execFileSync(process.execPath, [import.meta.filename, one]));
  }
}

async function measure(way: "with" | "without"): Promise<void> {
  // Before the services are loaded, which read from it which of their types are events.
  for (const name of ["visits", "hospitalizations"]) {
    const { emits } = (await import(`../services/${name}/${name}.contract.ts`)) as { emits: string[] };
    if (way === "without") emits.length = 0;
  }
  const mesh = await startMesh({ services: ["visits", "hospitalizations", "billing", "subscriptions"], nats: false, split: "broker" });
  const owner = ownerOf("visits");
  let count = 0;
  const write = () => {
    count += 1;
    return owner.write(mesh.caller, { steps: [{ op: "create", type: "Encounter", id: `e${count}`, text: TEXT }] });
  };
  const round = async () => {
    for (let done = 0; done < WRITES; done += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, write));
    while ((await owner.stats(mesh.caller, {})).outbox.waiting > 0) await delay(20);
  };
  await round(); // warm-up
  const costs: number[] = [];
  for (let left = ROUNDS; left > 0; left -= 1) {
    const before = process.cpuUsage();
    await round();
    const { user, system } = process.cpuUsage(before);
    costs.push(Math.round((user + system) / WRITES));
  }
  console.log(`${way} events: ${costs.join(" ")} µs of CPU time a write; least ${Math.min(...costs)}`);
  await mesh.stop();
}
