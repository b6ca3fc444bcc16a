import { MedplumClient } from "@medplum/core";
import { Client as FhirKitClient } from "fhir-kit-client";
import FhirClient from "fhirclient";
import { type Mesh, startMesh } from "../kit/mesh.ts";

type Json = Record<string, unknown> & { id?: string; resourceType: string };
type Bundle = Json & {
  type: string;
  total?: number;
  entry?: { resource: Json; response?: { status: string; location?: string } }[];
  link?: { relation: string; url: string }[];
};

/** Apps that nobody here wrote, against a mesh of processes over NATS: they cannot tell that no single server is there. */
describe("a third-party client", () => {
  let mesh: Mesh;
  let baseUrl: string;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "transactions", "patients", "records", "visits", "lab"] });
    baseUrl = `${mesh.base}/fhir`;
  });
  afterAll(() => mesh?.stop());

  const patient = (family: string) => ({ resourceType: "Patient" as const, name: [{ family, given: ["Ada"] }], gender: "female" as const });
  const transactionOf = (family: string) => ({
    resourceType: "Bundle" as const,
    type: "transaction" as const,
    entry: [
      {
        fullUrl: "urn:uuid:0d1a2f5e-8f0a-4c3d-9b1e-000000000001",
        resource: patient(family),
        request: { method: "POST" as const, url: "Patient" },
      },
      {
        resource: {
          resourceType: "Condition" as const,
          subject: { reference: "urn:uuid:0d1a2f5e-8f0a-4c3d-9b1e-000000000001" },
          code: { text: family },
        },
        request: { method: "POST" as const, url: "Condition" },
      },
    ],
  });

  describe("fhir-kit-client", () => {
    const client = () => new FhirKitClient({ baseUrl });

    it("reads the capabilities, creates, reads, updates, patches, deletes", async () => {
      const kit = client();
      expect(await kit.capabilityStatement()).toMatchObject({ resourceType: "CapabilityStatement", fhirVersion: "4.0.1" });
      const created = (await kit.create({ resourceType: "Patient", body: patient("Kit") })) as Json;
      const id = created.id as string;
      expect(await kit.read({ resourceType: "Patient", id })).toMatchObject(patient("Kit"));
      await kit.update({ resourceType: "Patient", id, body: { ...created, gender: "other" } as never });
      await kit.patch({ resourceType: "Patient", id, jsonPatch: [{ op: "replace", path: "/gender", value: "unknown" }] });
      expect(await kit.vread({ resourceType: "Patient", id, version: "2" })).toMatchObject({ gender: "other" });
      expect(((await kit.history({ resourceType: "Patient", id })) as Bundle).entry).toHaveLength(3);
      await kit.delete({ resourceType: "Patient", id });
      await expect(kit.read({ resourceType: "Patient", id })).rejects.toMatchObject({ response: { status: 410 } });
    });

    it("searches and follows the pages", async () => {
      const kit = client();
      for (let index = 0; index < 5; index += 1) await kit.create({ resourceType: "Patient", body: patient("Paging") });
      let page = (await kit.search({ resourceType: "Patient", searchParams: { name: "Paging", _count: 2 } })) as Bundle | undefined;
      const seen = new Set<string>();
      while (page?.entry) {
        for (const { resource } of page.entry) seen.add(resource.id as string);
        page = (await kit.nextPage({ bundle: page as never })) as Bundle | undefined;
      }
      expect(seen.size).toBe(5);
    });

    it("posts a transaction and a batch, and finds across services what it created", async () => {
      const kit = client();
      const answer = (await kit.transaction({ body: transactionOf("Kittrans") as never })) as Bundle;
      expect(answer.entry?.map((it) => it.response?.status)).toEqual(["201 Created", "201 Created"]);
      const found = (await kit.search({
        resourceType: "Condition",
        searchParams: { "subject:Patient.name": "Kittrans", _include: "Condition:subject" },
      })) as Bundle;
      expect(found.entry?.map((it) => it.resource.resourceType)).toEqual(["Condition", "Patient"]);
      const batch = (await kit.batch({
        body: { resourceType: "Bundle", type: "batch", entry: [{ request: { method: "GET", url: "Patient?name=Kittrans" } }] } as never,
      })) as Bundle;
      expect(batch.entry?.[0]?.resource).toMatchObject({ total: 1 });
    });

    it("searches a compartment and over all types", async () => {
      const kit = client();
      const { id } = (await kit.create({ resourceType: "Patient", body: patient("Compartment") })) as Json;
      await kit.create({
        resourceType: "Condition",
        body: { resourceType: "Condition", subject: { reference: `Patient/${id}` } } as never,
      });
      const inside = (await kit.compartmentSearch({
        resourceType: "Condition",
        compartment: { resourceType: "Patient", id: id as string },
      })) as Bundle;
      expect(inside.total).toBe(1);
      expect(((await kit.systemSearch({ searchParams: { _id: id as string } })) as Bundle).total).toBe(1);
    });
  });

  describe("Medplum's client", () => {
    const client = () => new MedplumClient({ baseUrl: mesh.base, fhirUrlPath: "fhir", fetch: globalThis.fetch, cacheTime: 0 });

    it("creates, reads, updates, patches, searches, deletes", async () => {
      const medplum = client();
      const created = await medplum.createResource(patient("Medplum"));
      expect(await medplum.readResource("Patient", created.id as string)).toMatchObject({ name: [{ family: "Medplum" }] });
      await medplum.updateResource({ ...created, gender: "other" });
      await medplum.patchResource("Patient", created.id as string, [{ op: "replace", path: "/gender", value: "unknown" }]);
      expect(await medplum.searchOne("Patient", { family: "Medplum" })).toMatchObject({ gender: "unknown", meta: { versionId: "3" } });
      expect((await medplum.readHistory("Patient", created.id as string)).entry).toHaveLength(3);
      expect(await medplum.createResourceIfNoneExist(patient("Medplum"), "family=Medplum")).toMatchObject({ id: created.id });
      await medplum.deleteResource("Patient", created.id as string);
      await expect(medplum.readResource("Patient", created.id as string)).rejects.toThrow();
    });

    it("reads versions, and searches page by page", async () => {
      const medplum = client();
      const created = await medplum.createResource(patient("Medpage"));
      await medplum.updateResource({ ...created, gender: "other" });
      expect(await medplum.readVersion("Patient", created.id as string, "1")).toMatchObject({ gender: "female" });
      for (let index = 0; index < 4; index += 1) await medplum.createResource(patient("Medpage"));
      const pages: string[][] = [];
      for await (const page of medplum.searchResourcePages("Patient", { _count: 2, name: "Medpage" })) pages.push(page.map(({ id }) => id));
      expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
      expect(new Set(pages.flat()).size).toBe(5);
    });

    it("posts a transaction and a batch, calls $everything, validates", async () => {
      const medplum = client();
      const answer = await medplum.executeBatch(transactionOf("Medtrans"));
      expect(answer).toMatchObject({
        type: "transaction-response",
        entry: [{ response: { status: "201 Created" } }, { response: { status: "201 Created" } }],
      });
      const reference = answer.entry?.[0]?.response?.location?.split("/")[1] as string;
      expect(
        (await medplum.readPatientEverything(reference)).entry
          ?.map((it: { resource?: { resourceType: string } }) => it.resource?.resourceType)
          .sort(),
      ).toEqual(["Condition", "Patient"]);
      const batch = await medplum.executeBatch({
        resourceType: "Bundle",
        type: "batch",
        entry: [{ request: { method: "GET", url: "Patient?name=Medtrans" } }, { request: { method: "GET", url: "Patient/nobody" } }],
      });
      expect(batch).toMatchObject({ type: "batch-response", entry: [{ resource: { total: 1 } }, { response: { status: "404" } }] });
      expect(await medplum.validateResource(patient("x"))).toMatchObject({ resourceType: "OperationOutcome" });
    });
  });

  describe("fhirclient, of SMART on FHIR", () => {
    const client = () =>
      FhirClient({ protocol: "http", hostname: "127.0.0.1", headers: {}, url: "/", get: () => "" } as never, {} as never).client({
        serverUrl: baseUrl,
      });

    it("creates, reads, updates, patches, deletes", async () => {
      const smart = client();
      const created = (await smart.create(patient("Smart") as never)) as Json;
      expect(await smart.request(`Patient/${created.id}`)).toMatchObject({ name: [{ family: "Smart" }] });
      await smart.update({ ...created, gender: "other" } as never);
      await smart.patch(`Patient/${created.id}`, [{ op: "replace", path: "/gender", value: "unknown" }]);
      expect(await smart.request(`Patient/${created.id}/_history/3`)).toMatchObject({ gender: "unknown" });
      expect(((await smart.request(`Patient/${created.id}/_history`)) as Bundle).entry).toHaveLength(3);
      await smart.delete(`Patient/${created.id}`);
      await expect(smart.request(`Patient/${created.id}`)).rejects.toMatchObject({ status: 410 });
    });

    it("posts a transaction and a batch, collects all pages, and resolves references", async () => {
      const smart = client();
      const post = (bundle: object) =>
        smart.request({ url: "", method: "POST", body: JSON.stringify(bundle), headers: { "Content-Type": "application/fhir+json" } });
      expect(await post(transactionOf("Smarttrans"))).toMatchObject({
        entry: [{ response: { status: "201 Created" } }, { response: { status: "201 Created" } }],
      });
      const search = { request: { method: "GET", url: "Patient?name=Smarttrans" } };
      expect(await post({ resourceType: "Bundle", type: "batch", entry: [search] })).toMatchObject({ entry: [{ resource: { total: 1 } }] });
      for (let index = 0; index < 3; index += 1) await smart.create(patient("Smartpage") as never);
      const pages = (await smart.request("Patient?name=Smartpage&_count=1", { pageLimit: 0, flat: true })) as Json[];
      expect(pages).toHaveLength(3);
      const found = (await smart.request("Condition?subject:Patient.name=Smarttrans", { resolveReferences: ["subject"], flat: true })) as {
        subject: Json;
      }[];
      expect(found[0]?.subject).toMatchObject({ resourceType: "Patient", name: [{ family: "Smarttrans" }] });
    });
  });
});
