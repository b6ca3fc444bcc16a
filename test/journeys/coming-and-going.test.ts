import { type FhirHttp, fhirAt, outcomeWith } from "../kit/fhir-http.ts";
import { directoryOf } from "../../federation/directory.ts";
import { membershipOf } from "../../federation/membership.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { withTakenOver } from "../kit/taken-over.ts";
import { listServices } from "../../mesh/moleculer.ts";
import { SYSTEMS } from "../../services/systems.ts";
import { runningMs } from "../kit/running-time.ts";

/** What the gateway offers follows what runs; what is down is told from what is not there. */
describe("services that start and stop", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "transactions", "patients", "lab", "records"], replicas: { patients: 2 } });
    fhir = fhirAt(mesh.base);
    directoryOf(mesh.caller); // so that the test's own node knows the membership, and tells it
  });
  afterAll(() => mesh?.stop());

  const laboratory = {
    category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }],
  };
  const observation = (more: object = {}) => ({ resourceType: "Observation", status: "final", code: { text: "x" }, ...more });
  const served = async () => ((await fhir.get("/metadata")).body.rest[0].resource as { type: string }[]).map((it) => it.type);

  /** Asks until the answer is as expected, for a second at most: that long the gateway may take. */
  async function withinASecond(check: () => Promise<boolean>): Promise<void> {
    const deadline = runningMs() + 1_000;
    while (!(await check())) if (runningMs() > deadline) throw new Error("It took longer than a second.");
  }

  it("a mesh without a coordinator accepts batches, single writes and patches, and reports that it accepts no transaction", async () => {
    const clinic = await startMesh({ services: ["api", "patients", "visits", "lab"], nats: false, split: "broker" });
    try {
      const small = fhirAt(clinic.base);
      // Here only the laboratory owns Observation, and only its own results.
      for (const header of [{}, { "If-None-Exist": "identifier=urn:s|o" }] as Record<string, string>[]) {
        expect(await small.create(observation(laboratory), header)).toMatchObject({ status: 201 });
        expect(await small.create(observation(), header)).toMatchObject({ status: 404, body: outcomeWith("not-supported") });
      }
      const entry = [{ resource: { resourceType: "Patient" }, request: { method: "POST", url: "Patient" } }];
      expect(await small.send("POST", "", { resourceType: "Bundle", type: "transaction", entry })).toMatchObject({
        status: 404,
        body: outcomeWith("not-supported"),
      });
      expect((await small.send("POST", "", { resourceType: "Bundle", type: "batch", entry })).body.entry[0].response.status).toBe("201");
      const patch = { "Content-Type": "application/json-patch+json" };
      const { body } = await small.create({ resourceType: "Patient", identifier: [{ system: "urn:s", value: "1" }] });
      const patched = await small.send("PATCH", `/Patient/${body.id}`, '[{"op":"add","path":"/active","value":true}]', patch);
      expect(patched).toMatchObject({ status: 200, body: { active: true } });
      const changed = { resourceType: "Patient", identifier: [{ system: "urn:s", value: "1" }], gender: "other" };
      expect(await small.send("PUT", "/Patient?identifier=urn:s|1", changed)).toMatchObject({
        status: 200,
        body: { id: body.id, gender: "other" },
      });
      expect(
        await small.send("PUT", "/Patient?identifier=urn:s|2", { ...changed, identifier: [{ system: "urn:s", value: "2" }] }),
      ).toMatchObject({ status: 201 });
      expect((await small.get("/metadata")).body.rest[0].interaction).not.toContainEqual({ code: "transaction" });
    } finally {
      await clinic.stop();
    }
  });

  it("a small clinic offers what its services own, and no more", async () => {
    const types = await served();
    expect(types).toEqual(expect.arrayContaining(["Patient", "Observation", "Condition"]));
    expect(types).not.toContain("Encounter");
    expect(await fhir.get("/Encounter/1")).toMatchObject({ status: 404, body: outcomeWith("not-supported") });
    expect(await fhir.create({ resourceType: "Encounter" })).toMatchObject({ status: 404 });
  });

  it("a killed service answers 503 with when to try again, while everything else runs", async () => {
    const [inLab, elsewhere] = [await fhir.create(observation(laboratory)), await fhir.create(observation())];
    await mesh.kill("lab");
    await withinASecond(async () => (await fhir.get(`/Observation/${inLab.body.id}`)).status === 503);
    const refused = await fhir.get(`/Observation/${inLab.body.id}`);
    expect(refused).toMatchObject({ status: 503, body: outcomeWith("transient") });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await fhir.create(observation(laboratory))).status).toBe(503);
    expect((await fhir.get("/ServiceRequest")).status).toBe(503);
    // Its part of a shared type is missing: never a silent part-answer.
    expect((await fhir.get("/Observation")).status).toBe(503);
    const partly = await fhir.get("/Observation", { Prefer: "handling=lenient" });
    expect(partly).toMatchObject({
      status: 200,
      body: { entry: [{ resource: { id: elsewhere.body.id } }, { search: { mode: "outcome" }, resource: outcomeWith("incomplete") }] },
    });
    expect(partly.body).not.toHaveProperty("total");
    const { body: patient } = await fhir.create({ resourceType: "Patient" });
    const about = await fhir.get(`/Patient/${patient.id}/$everything`, { Prefer: "handling=lenient" });
    expect(about.status).toBe(200);
    expect(about.body).not.toHaveProperty("total");
    // Everything else goes on.
    expect((await fhir.get(`/Observation/${elsewhere.body.id}`)).status).toBe(200);
    expect((await fhir.send("PUT", `/Observation/${elsewhere.body.id}`, elsewhere.body)).status).toBe(200);
    expect((await fhir.create(observation())).status).toBe(201);
    expect((await fhir.create({ resourceType: "Patient" })).status).toBe(201);
    // It is a member all the same: what an app may ask for does not change because a process ends.
    expect(await served()).toContain("ServiceRequest");
  });

  it("a gateway that starts while a service is down knows the service too", async () => {
    const late = fhirAt((await mesh.add("api")).url as string);
    expect((await late.get("/Observation")).status).toBe(503);
    expect((await late.get("/ServiceRequest")).status).toBe(503);
    // To a gateway that knew of one owner only, this would be a new resource.
    const inLab = { ...observation(), id: "of-the-lab" };
    expect(await late.send("PUT", "/Observation/of-the-lab", inLab)).toMatchObject({ status: 503, body: outcomeWith("transient") });
  });

  it("a service that returns is used at once, with all its data", async () => {
    await mesh.add("lab");
    await withinASecond(async () => (await fhir.get("/Observation?_summary=count")).body.total === 3);
    expect(await served()).toContain("ServiceRequest");
  });

  it("a stopped service is down like a killed one, also for its actions", async () => {
    const lab = mesh.nodes.find((node) => node.services.includes("lab"));
    await lab?.stop();
    mesh.nodes.splice(mesh.nodes.indexOf(lab as never), 1);
    await withinASecond(async () => (await fhir.get("/ServiceRequest")).status === 503);
    expect((await fhir.get("/Observation?_summary=count")).status).toBe(503);
    const action = (name: string) =>
      fetch(`${mesh.base}/api/${name}`, { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } });
    expect((await action("lab/order")).status).toBe(503);
    expect((await action("surgery/operate")).status).toBe(404);
    expect(await (await fetch(`${mesh.base}/health/ready`)).json()).toEqual({ status: "ready", missing: ["lab"] });
  });

  it("a retired service no longer exists at any gateway, until it is started again", async () => {
    membershipOf(mesh.caller).retire("lab");
    const gateways = mesh.nodes.flatMap(({ url }) => (url ? [fhirAt(url)] : []));
    expect(gateways).toHaveLength(2);
    for (const gateway of gateways) {
      await withinASecond(async () => (await gateway.get("/ServiceRequest")).status === 404);
      expect((await gateway.get("/Observation?_summary=count")).body.total).toBe(2);
    }
    expect(await served()).not.toContain("ServiceRequest");
    const late = fhirAt((await mesh.add("api")).url as string);
    expect((await late.get("/ServiceRequest")).status).toBe(404);
    await mesh.add("lab");
    for (const gateway of [...gateways, late]) await withinASecond(async () => (await gateway.get("/ServiceRequest")).status === 200);
    expect((await late.get("/Observation?_summary=count")).body.total).toBe(3);
  });

  it("a replica killed under load fails no read", async () => {
    const { body } = await fhir.create({ resourceType: "Patient" });
    let isOver = false;
    const statuses = new Set<number>();
    const reader = async () => {
      while (!isOver) statuses.add((await fhir.get(`/Patient/${body.id}`)).status);
    };
    const readers = [reader(), reader(), reader(), reader()];
    await mesh.kill("patients");
    for (let index = 0; index < 20; index += 1) await fhir.get(`/Patient/${body.id}`);
    isOver = true;
    await Promise.all(readers);
    expect([...statuses]).toEqual([200]);
  });

  it("a replica replaced in a rolling restart fails no request", async () => {
    let isOver = false;
    const statuses: Record<number, number> = {};
    const writer = async () => {
      while (!isOver) {
        const { status } = await fhir.create({ resourceType: "Patient" });
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    };
    const writers = [writer(), writer(), writer(), writer()];
    const old = mesh.nodes.find((node) => node.services.includes("patients"));
    await mesh.add("patients");
    await old?.stop();
    mesh.nodes.splice(mesh.nodes.indexOf(old as never), 1);
    isOver = true;
    await Promise.all(writers);
    expect(Object.keys(statuses)).toEqual(["201"]);
  });
});

describe("each service by itself", () => {
  it.each(SYSTEMS.provider.filter((name) => !["api", "transactions"].includes(name)))(
    "%s starts with the gateway alone and serves its types",
    async (name) => {
      const mesh = await startMesh({ services: ["api", name], nats: false, split: "broker" });
      try {
        const beside = new Set([name, ...withTakenOver([name])]);
        const own = listServices<{ fhir?: { owns?: { type: string }[] } }>(mesh.caller).filter((service) => beside.has(service.name));
        const types = own.flatMap(({ metadata }) => metadata?.fhir?.owns?.map(({ type }) => type) ?? []);
        const { body } = await fhirAt(mesh.base).get("/metadata");
        expect(body.rest[0].resource.map(({ type }: { type: string }) => type).sort()).toEqual(types.sort());
        const [first] = types;
        const answer = await fhirAt(mesh.base).get(`/${first ?? "Patient"}?_count=1`);
        if (first === undefined) expect(answer).toMatchObject({ status: 404, body: outcomeWith("not-supported") });
        else expect(answer.body).toMatchObject({ type: "searchset", total: 0 });
      } finally {
        await mesh.stop();
      }
    },
  );
});
