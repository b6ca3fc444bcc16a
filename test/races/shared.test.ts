import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

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
  });
  afterAll(() => mesh?.stop());

  // MongoDB's stand-in takes ten times as long for each.
  const isSlow = store === "mongo";
  const many = isSlow ? 6 : 24;
  const all = <Result>(work: (index: number) => Promise<Result>) => Promise.all(Array.from({ length: many }, (_, index) => work(index)));
  const encounter = (value: string, index: number) => ({
    resourceType: "Encounter",
    status: "finished",
    class: { code: index % 2 === 0 ? "AMB" : "IMP" },
    identifier: [{ system: "urn:race", value }],
  });
  const statuses = (answers: { status: number | string }[]) => answers.map(({ status }) => status).sort();
  const oneCreated = [...Array(many - 1).fill(200), 201];
  const count = async (value: string) => (await fhir.get(`/Encounter?identifier=urn:race|${value}&_summary=count`)).body.total;

  it("conditional creates for either owner create one", async () => {
    for (const value of isSlow ? ["a"] : ["a", "b"]) {
      const answers = await all((index) => fhir.create(encounter(value, index), { "If-None-Exist": `identifier=urn:race|${value}` }));
      expect(statuses(answers)).toEqual(oneCreated);
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
      expect(await count(value)).toBe(1);
    }
  });

  it("conditional updates for either owner create one", async () => {
    const answers = await all((index) => fhir.send("PUT", "/Encounter?identifier=urn:race|d", encounter("d", index)));
    // Those who have waited too long are to try again; nobody makes a second one.
    for (const status of new Set(statuses(answers))) expect([200, 201, 409, 503]).toContain(status);
    expect(statuses(answers).filter((status) => status === 201)).toHaveLength(1);
    expect(await count("d")).toBe(1);
  });

  const history = async (id: string) => {
    const { body } = await fhir.get(`/Encounter/${id}/_history?_count=100`);
    return (body.entry as { response: { etag: string } }[]).map(({ response }) => Number(/\d+/.exec(response.etag)));
  };
  const versions = (count: number) => Array.from({ length: count }, (_, index) => count - index);
  const some = isSlow ? 6 : 12;
  const severalTimes = <Result>(work: (index: number) => Promise<Result>) =>
    Promise.all(Array.from({ length: some }, (_, index) => work(index)));

  it("updates without a version are all carried out, and leave one resource", async () => {
    for (const id of isSlow ? ["put-1"] : ["put-1", "put-2"]) {
      const answers = await severalTimes((index) => fhir.send("PUT", `/Encounter/${id}`, { ...encounter(id, index), id }));
      expect(statuses(answers)).toEqual([...Array(some - 1).fill(200), 201]);
      expect(await count(id)).toBe(1);
      expect(await history(id)).toEqual(versions(some));
    }
  });

  it("updates in bundles without a version are all carried out", async () => {
    const answers = await severalTimes((index) => {
      const entry = [
        { resource: { resourceType: "Patient" }, request: { method: "POST", url: "Patient" } },
        { resource: { ...encounter("in-bundle", index), id: "in-bundle" }, request: { method: "PUT", url: "Encounter/in-bundle" } },
      ];
      return fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry });
    });
    expect(statuses(answers)).toEqual(Array(some).fill(200));
    expect(statuses(answers.map(({ body }) => body.entry[1].response))).toEqual([...Array(some - 1).fill("200 OK"), "201 Created"]);
    expect(await count("in-bundle")).toBe(1);
    expect(await history("in-bundle")).toEqual(versions(some));
  });

  it("patches without a version are all carried out, each on the result of the others", async () => {
    await fhir.send("PUT", "/Encounter/patched", { ...encounter("patched", 0), id: "patched" });
    const answers = await severalTimes((index) =>
      fhir.send(
        "PATCH",
        "/Encounter/patched",
        JSON.stringify([
          { op: "add", path: "/identifier/-", value: { system: "urn:patch", value: String(index) } },
          { op: "replace", path: "/class/code", value: index % 2 === 0 ? "IMP" : "AMB" },
        ]),
        { "Content-Type": "application/json-patch+json" },
      ),
    );
    expect(statuses(answers)).toEqual(Array(some).fill(200));
    expect((await fhir.get("/Encounter/patched")).body.identifier).toHaveLength(some + 1);
  });

  it("a deletion without a version is carried out, at whichever owner the resource is", async () => {
    await fhir.send("PUT", "/Encounter/deleted", { ...encounter("deleted", 0), id: "deleted" });
    const answers = await severalTimes((index) =>
      index === some / 2
        ? fhir.send("DELETE", "/Encounter/deleted")
        : index === (some * 3) / 4
          ? fhir.send("DELETE", "/Encounter?identifier=urn:race|deleted")
          : fhir.send("PUT", "/Encounter/deleted", { ...encounter("deleted", index), id: "deleted" }),
    );
    for (const status of new Set(statuses(answers))) expect([200, 201, 204]).toContain(status);
    const made = await history("deleted");
    expect(made).toEqual(versions(made.length));
    await fhir.send("DELETE", "/Encounter/deleted");
    expect((await fhir.get("/Encounter/deleted")).status).toBe(410);
    expect(await count("deleted")).toBe(0);
  });

  it("conditional updates with an id create one resource, and change it", async () => {
    const answers = await severalTimes((index) => {
      const resource = { ...encounter("brought", index), id: "brought" };
      return fhir.send("PUT", "/Encounter?identifier=urn:race|brought", resource);
    });
    expect(statuses(answers)).toEqual([...Array(some - 1).fill(200), 201]);
    expect(await history("brought")).toEqual(versions(some));
  });

  it("updates that move it and deletions leave one history, with everything that was confirmed", async () => {
    const id = "to-and-fro";
    const versionIn = (text: string | null) => Number(/\d+/.exec(text ?? ""));
    for (let round = 0; round < (isSlow ? 2 : 6); round += 1) {
      const answers = await all(async (index) => {
        const value = index % 3 === 1 ? undefined : `${round}-${index}`;
        const url = `/Encounter/${id}`;
        const { status, headers } = value
          ? await fhir.send("PUT", url, { ...encounter(value, index % 4 < 2 ? 0 : 1), id })
          : await fhir.send("DELETE", url);
        return { status, version: versionIn(headers.get("etag")), value };
      });
      for (const status of new Set(statuses(answers))) expect([200, 201, 204, 409, 503]).toContain(status);
      const { body } = await fhir.get(`/Encounter/${id}/_history?_count=1000`);
      const made = (body.entry as { resource?: { identifier: { value: string }[] }; response: { etag: string } }[]).map(
        ({ resource, response }) => ({ version: versionIn(response.etag), value: resource?.identifier[0]?.value }),
      );
      expect(made.map(({ version }) => version)).toEqual(versions(made.length));
      const confirmed = answers.filter(({ status, version }) => status < 300 && version > 0);
      for (const { version, value } of confirmed) expect(made).toContainEqual({ version, value });
    }
  });

  it("a search finds a resource that moves between its owners", async () => {
    const { id } = (await fhir.create(encounter("seen", 0))).body;
    let isMoving = true;
    const mover = async () => {
      for (let index = 1; isMoving; index += 1) await fhir.send("PUT", `/Encounter/${id}`, { ...encounter("seen", index), id });
    };
    const looking = async () => {
      const found = new Set<string>();
      for (let look = 0; look < (isSlow ? 30 : 150); look += 1) {
        const { body } = await fhir.get("/Encounter?identifier=urn:race|seen");
        found.add((body.entry ?? []).map((entry: { resource: { id: string } }) => entry.resource.id).join());
      }
      isMoving = false;
      return [...found];
    };
    const [found] = await Promise.all([looking(), mover()]);
    expect(found).toEqual([id]);
  });

  it("a conditional create finds a resource that moves between its owners", async () => {
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
      for (let index = 0; index < (isSlow ? 25 : 60); index += 1) {
        const { status, body } = await fhir.create(encounter("moving", index), { "If-None-Exist": "identifier=urn:race|moving" });
        found.push(status === 200 ? body.id : [409, 503].includes(status) ? first.id : status); // in the way of each other: try again
      }
      isMoving = false;
      return found;
    };
    const [found] = await Promise.all([asking(), mover()]);
    expect(new Set(found)).toEqual(new Set([first.id]));
    expect(await count("moving")).toBe(1);
  });

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
    expect(statuses(entries)).toEqual([...Array(many - 1).fill("200 OK"), "201 Created"]);
    expect(new Set(entries.map(({ location }) => location)).size).toBe(1);
    expect(await count("e")).toBe(1);
  });
});
