import { SYSTEMS } from "../services/systems.ts";
import { endpointsOf } from "../mesh/moleculer.ts";
import { type Mesh, startMesh } from "./kit/mesh.ts";

/** Actions that only read, though their params are sent in a body, or only other services call them. */
const READS = [
  "patients.candidates",
  "patients.match",
  "billing.listBalances",
  "billing.listOutdated",
  "pharmacy.countDue",
  "wards.locate",
];
/** Actions that write. */
const WRITES = ["patients.register", "billing.pay", "pharmacy.dispense", "pharmacy.count", "wards.open"];

describe("actions of the hospital", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ services: [...SYSTEMS.provider], nats: false, split: "broker" });
  });
  afterAll(() => mesh?.stop());

  const isRepeated = (name: string) => {
    const [endpoint] = endpointsOf(mesh.caller, name);
    return (endpoint?.action as { retryPolicy?: { enabled: boolean } } | undefined)?.retryPolicy?.enabled;
  };

  it.each(READS)("%s only reads: another node is asked if one does not answer", (name) => {
    expect(isRepeated(name)).toBe(true);
  });

  it.each(WRITES)("%s writes: it is not repeated, for it may have taken effect", (name) => {
    expect(isRepeated(name)).toBeUndefined();
  });
});
