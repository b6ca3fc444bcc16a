/** Each visit that ends is charged once, whoever dies between the visit and its charge. */
import { join } from "node:path";
import { type Server, startNats } from "../../scripts/servers.mjs";
import { ownerOf } from "../../federation/owner-contract.ts";
import { billing } from "../../services/billing/billing.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { CAN_CRASH, crashing } from "../kit/crashing.ts";
import { eventually } from "../kit/events.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const AMBULATORY = { system: "http://terminology.hl7.org/CodeSystem/v3-ActCode", code: "AMB" };

/** What dies where (test/kit/crash.ts); all of a round at once. */
const ROUNDS: { name: string; points: [victim: string, at: string][]; isNatsKilled?: boolean }[] = [
  {
    name: "visits before it tells, billing before it has charged",
    points: [
      ["visits", "handled:visits.close"],
      ["billing", "storing:write"],
    ],
  },
  {
    name: "visits after it has told, billing after it has charged",
    points: [
      ["visits", "storing:relayed"],
      ["billing", "stored:write"],
    ],
  },
  { name: "visits after it has forgotten, NATS at some moment", points: [["visits", "stored:relayed"]], isNatsKilled: true },
];

describe.each([
  { store: "sqlite" as const, rounds: ROUNDS },
  { store: "mongo" as const, rounds: ROUNDS.slice(1, 2) },
])("visits and their charges on $store", ({ store, rounds }) => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  let nats: Server;
  let patients = 0;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "transactions", "visits", "billing"], replicas: { billing: 2 }, store, env: CAN_CRASH });
    fhir = fhirAt(mesh.base);
    nats = mesh.nats as Server;
    await billing.setPrice(mesh.caller, { code: AMBULATORY, cents: 4_000, currency: "EUR" });
  });
  afterAll(async () => {
    await mesh?.stop();
    await nats?.stop();
  });

  const openVisit = async () => {
    patients += 1;
    return (await visits.open(mesh.caller, { patient: `Patient/${patients}` })).visit;
  };
  const ended = new Set<string>();
  /** What becomes of it; nobody may hear whether it was done. */
  const close = (visit: string): Promise<{ type?: string; status?: string }> => {
    ended.add(visit);
    return visits.close(mesh.caller, { visit }).catch((error) => error as { type?: string });
  };
  const charges = (visit: string) => fhir.get(`/ChargeItem?context=${visit}`).then(({ body }) => (body.entry ?? []) as unknown[]);

  it.each(rounds)("are one for one though $name", async ({ points, isNatsKilled }) => {
    const [first = "", ...others] = await Promise.all(Array.from({ length: 6 }, openVisit));
    // What opening them has told is told: it is the end of one that somebody dies of.
    await eventually(
      () => ownerOf("visits").stats(mesh.caller, {}),
      ({ outbox }) => outbox.waiting === 0,
    );
    const revivals = [];
    for (const [victim, at] of points) revivals.push((await crashing(mesh, victim, at)).revive);
    await close(first);
    if (isNatsKilled) {
      await nats.kill();
      nats = await startNats({ dir: join(mesh.dataDir, "nats"), port: nats.port });
    }
    for (const revive of revivals) await revive();
    await Promise.all([first, ...others].map((visit) => eventually(() => close(visit), isOver)));
    for (const visit of [first, ...others]) {
      await eventually(
        () => charges(visit),
        (found) => found.length > 0,
      );
    }
    for (const visit of ended) expect([visit, (await charges(visit)).length]).toEqual([visit, 1]);
  });
});

const isOver = (answer: { type?: string; status?: string }): boolean =>
  answer.type === "VISIT_ALREADY_CLOSED" || answer.status === "closed";
