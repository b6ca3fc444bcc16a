/**
 * An owner's node that stands still under the prepare of a transaction: the transaction is planned again, at another node, and what the late one
 * still prepares for the first holds nothing.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ownerOf } from "../../federation/owner-contract.ts";
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { firstOf, isKnown } from "./harms.ts";
import { runningMs } from "../kit/running-time.ts";

/** Longer than a silent node is waited for, shorter than it takes until a node refuses all that came meanwhile (mesh/liveness.ts). Milliseconds. */
const STILL_MS = 1_400;
/** What is left in doubt while its coordinator lives would be held for 25 s (mixins/fhir/recovery.ts). Milliseconds. */
const FREE_WITHIN_MS = 8_000;

const patientOf = (round: number) => ({ resourceType: "Patient", id: "ann", identifier: [{ system: "urn:late", value: `${round}` }] });
const orderOf = (round: number) => ({
  resourceType: "ServiceRequest",
  id: "order",
  identifier: [{ system: "urn:late", value: `${round}` }],
  status: "active",
  intent: "order",
  code: { text: "Blood count" },
  subject: { reference: "Patient/ann" },
});
const put = (resource: { resourceType: string; id: string }) => ({
  resource,
  request: { method: "PUT", url: `${resource.resourceType}/${resource.id}` },
});

describe.each(["sqlite", "mongo"] as const)("a transaction on %s, under which an owner's node stands still", (store) => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "transactions", "patients", "lab"], replicas: { lab: 2 }, store });
  });
  afterAll(() => mesh?.stop());

  /** Two transactions one after the other: until the node is known to be silent, every second one goes to it. */
  async function twoTransactions(first: number, headers: Record<string, string>): Promise<number[]> {
    const statuses: number[] = [];
    for (const value of [first, first + 1]) {
      const entry = [put(patientOf(value)), put(orderOf(value))];
      const key = Object.fromEntries(Object.entries(headers).map(([header, text]) => [header, `${text}-${value}`]));
      const sent = await fhirAt(mesh.base).send("POST", "", { resourceType: "Bundle", type: "transaction", entry }, key);
      statuses.push(sent.status);
    }
    return statuses;
  }

  const stored = async () => (await fhirAt(mesh.base).get("/ServiceRequest/order")).body.identifier[0].value;

  it("is carried out by another node before the silent one is removed from the registry", async () => {
    const node = firstOf(mesh, "lab");
    process.kill(node.pid, "SIGSTOP");
    try {
      expect(await twoTransactions(1, {})).toEqual([200, 200]);
      expect(isKnown(mesh, node)).toBe(true);
      expect(await stored()).toBe("2");
    } finally {
      process.kill(node.pid, "SIGCONT");
    }
  });

  it.each([
    ["without a key", 10, {}],
    ["with a key", 20, { "Idempotency-Key": "late" }],
  ])("is carried out once, %s, and what the late node prepares holds nothing", async (_, first, headers) => {
    const { pid } = firstOf(mesh, "lab");
    for (let value = first; value < first + 6; value += 2) {
      process.kill(pid, "SIGSTOP");
      const answers = twoTransactions(value, headers as Record<string, string>);
      await delay(STILL_MS);
      process.kill(pid, "SIGCONT");
      expect(await answers).toEqual([200, 200]);
      expect(await stored()).toBe(`${value + 1}`);
    }
    const until = runningMs() + FREE_WITHIN_MS;
    while ((await ownerOf("lab").prepared(mesh.caller, {})).length > 0 && runningMs() < until) await delay(100);
    expect(await ownerOf("lab").prepared(mesh.caller, {})).toEqual([]);
    expect((await fhirAt(mesh.base).send("PUT", "/ServiceRequest/order", orderOf(99))).status).toBe(200);
  });
});
