import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const MANY = 32;

/** Encounter has two owners, and what a criterion names may come into being with either of them. */
describe.each(["sqlite", "mongo"] as const)("at the same moment, of a type with two owners, at two replicas of each, on %s", (store) => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "visits", "hospitalizations"],
      replicas: { transactions: 2, visits: 2, hospitalizations: 2 },
      store,
    });
    fhir = fhirAt(mesh.base);
  }, 120_000);
  afterAll(() => mesh?.stop(), 60_000);

  const all = <Result>(work: (index: number) => Promise<Result>) => Promise.all(Array.from({ length: MANY }, (_, index) => work(index)));
  const encounter = (value: string, index: number) => ({
    resourceType: "Encounter",
    status: "finished",
    class: { code: index % 2 === 0 ? "AMB" : "IMP" },
    identifier: [{ system: "urn:race", value }],
  });
  const statuses = (answers: { status: number | string }[]) => answers.map(({ status }) => status).sort();
  const oneCreated = [...Array(MANY - 1).fill(200), 201];
  const count = async (value: string) => (await fhir.get(`/Encounter?identifier=urn:race|${value}&_summary=count`)).body.total;

  it("conditional creates for either owner make one", async () => {
    for (const value of ["a", "b", "c"]) {
      const answers = await all((index) => fhir.create(encounter(value, index), { "If-None-Exist": `identifier=urn:race|${value}` }));
      expect(statuses(answers)).toEqual(oneCreated);
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
      expect(await count(value)).toBe(1);
    }
  }, 90_000);

  it("conditional updates for either owner make one", async () => {
    const answers = await all((index) => fhir.send("PUT", "/Encounter?identifier=urn:race|d", encounter("d", index)));
    // Those who find it changed under their hands may be refused; nobody makes a second one.
    expect(statuses(answers).filter((status) => status === 201)).toHaveLength(1);
    expect(await count("d")).toBe(1);
  }, 90_000);

  it("a conditional create finds what is moving to and fro between its owners", async () => {
    const first = (await fhir.create(encounter("moving", 0))).body;
    let isMoving = true;
    const mover = async () => {
      for (let index = 1; isMoving; index += 1) {
        const { status } = await fhir.send("PUT", `/Encounter/${first.id}`, { ...encounter("moving", index), id: first.id });
        if (status !== 200) throw new Error(`The move was answered with ${status}.`);
      }
    };
    const asking = async () => {
      const found: unknown[] = [];
      for (let index = 0; index < 60; index += 1) {
        const { status, body } = await fhir.create(encounter("moving", index), { "If-None-Exist": "identifier=urn:race|moving" });
        found.push(status === 200 ? body.id : [409, 503].includes(status) ? first.id : status); // in the way of each other: try again
      }
      isMoving = false;
      return found;
    };
    const [found] = await Promise.all([asking(), mover()]);
    expect(new Set(found)).toEqual(new Set([first.id]));
    expect(await count("moving")).toBe(1);
  }, 90_000);

  it("transactions that create it for either owner all refer to the one", async () => {
    const answers = await all((index) => {
      const entry = [
        { fullUrl: "urn:uuid:p", resource: { resourceType: "Patient" }, request: { method: "POST", url: "Patient" } },
        {
          resource: { ...encounter("e", index), subject: { reference: "urn:uuid:p" } },
          request: { method: "POST", url: "Encounter", ifNoneExist: "identifier=urn:race|e" },
        },
      ];
      return fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry });
    });
    const entries = answers.map(({ body }) => body.entry[1].response as { status: string; location: string });
    expect(statuses(entries)).toEqual([...Array(MANY - 1).fill("200 OK"), "201 Created"]);
    expect(new Set(entries.map(({ location }) => location)).size).toBe(1);
    expect(await count("e")).toBe(1);
  }, 90_000);
});
