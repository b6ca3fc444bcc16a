/** A merge of many resources comes to its end, and leaves nothing behind, though the service that carries it out is killed in the middle. */
import { patients } from "../../services/patients/patients.contract.ts";
import { CAN_CRASH, crashing } from "../kit/crashing.ts";
import { eventually } from "../kit/events.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const MANY = 250;

describe("a merge in a mesh", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "transactions", "patients", "records"], env: CAN_CRASH });
    fhir = fhirAt(mesh.base);
  });
  afterAll(() => mesh?.stop());

  /** Conditions that refer to this patient; a search by a replaced record finds those of the current one. */
  const count = async (patient: string) => {
    const { body } = await fhir.get(`/Condition?subject=${patient}&_elements=subject&_count=${2 * MANY}`);
    const found = (body.entry ?? []) as { resource: { resourceType: string; subject?: { reference: string } } }[];
    return found.filter(({ resource }) => resource.subject?.reference === patient).length;
  };

  it.each([
    ["after a step", "answered:transactions.process"],
    ["before a step, whose resources it has written down", "calling:transactions.process"],
  ])("goes on where it was when its service is killed %s", async (_, at) => {
    const [source, target] = await Promise.all(
      ["a", "b"].map(async () => `Patient/${(await fhir.create({ resourceType: "Patient" })).body.id}`),
    );
    const condition = { resourceType: "Condition", subject: { reference: source }, code: { text: "x" } };
    const entry = Array.from({ length: MANY }, () => ({ resource: condition, request: { method: "POST", url: "Condition" } }));
    expect((await fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry })).status).toBe(200);

    const { revive } = await crashing(mesh, "patients", at, 2);
    await patients.merge(mesh.caller, { source: source as string, target: target as string }).catch(() => {}); // nobody may hear of it
    await revive();
    const state = await eventually(
      () => patients.mergeState(mesh.caller, { source: source as string }),
      (it) => it.state === "merged",
    );
    expect(state).toMatchObject({ left: 0, moved: MANY + 2 });
    expect([await count(source as string), await count(target as string)]).toEqual([0, MANY]);
  });
});
