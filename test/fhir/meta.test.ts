import { fhirMesh } from "../kit/fhir-mesh.ts";

/** `$meta` (FHIR R4, resource-operations.html#meta) of one resource, of a version, of a type and of the system. */
describe("profiles, tags and security labels", () => {
  const at = fhirMesh(["api", "transactions", "patients", "visits", "hospitalizations", "records"]);

  const tag = (code: string, system?: string) => ({ ...(system && { system }), code });
  const restricted = { system: "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", code: "R" };
  const metaAt = async (path: string) => {
    const { status, body } = await at.fhir.get(`${path}/$meta`);
    return status === 200 ? body.parameter[0].valueMeta : status;
  };

  it("are listed if in use, each once, over all owners", async () => {
    expect(await metaAt("")).toEqual({});
    const labelled = (resource: object, meta: object) => at.fhir.create({ ...resource, meta });
    const patient = { resourceType: "Patient" };
    const encounter = (code: string) => ({ resourceType: "Encounter", status: "finished", class: { code } });
    await labelled(patient, { tag: [tag("a", "urn:t"), tag("b")], security: [restricted] });
    await labelled(patient, { tag: [tag("a", "urn:t")], profile: ["http://hl7.org/fhir/StructureDefinition/Patient"] });
    await labelled(encounter("AMB"), { tag: [tag("visit", "urn:t")] });
    await labelled(encounter("IMP"), { tag: [tag("stay", "urn:t"), tag("a", "urn:t")] });
    const { body } = await labelled(patient, { tag: [tag("gone", "urn:t")] });
    await at.fhir.send("DELETE", `/Patient/${body.id}`);

    expect(await metaAt("/Patient")).toEqual({
      profile: ["http://hl7.org/fhir/StructureDefinition/Patient"],
      security: [restricted],
      tag: [tag("a", "urn:t"), tag("b")],
    });
    expect(await metaAt("/Encounter")).toEqual({ tag: [tag("a", "urn:t"), tag("stay", "urn:t"), tag("visit", "urn:t")] });
    expect((await metaAt("")).tag).toEqual([tag("a", "urn:t"), tag("b"), tag("stay", "urn:t"), tag("visit", "urn:t")]);
    expect(await metaAt("/Condition")).toEqual({});
    expect((await at.fhir.send("POST", "/Encounter/$meta")).body.parameter[0].valueMeta.tag).toHaveLength(3);
    expect((await at.fhir.send("DELETE", "/$meta")).status).toBe(405);
  });

  it("that are there already, or to be deleted and not there, make no new version", async () => {
    const tagged = { resourceType: "Patient", meta: { tag: [{ ...tag("a", "urn:t"), display: "A" }], security: [restricted] } };
    const { id } = (await at.fhir.create(tagged)).body;
    const change = async (name: "add" | "delete", valueMeta: object) => {
      const body = { resourceType: "Parameters", parameter: [{ name: "meta", valueMeta }] };
      return (await at.fhir.send("POST", `/Patient/${id}/$meta-${name}`, body)).body.parameter[0].valueMeta;
    };
    const same = { versionId: "1", ...tagged.meta };
    expect(await change("add", { tag: [tag("a", "urn:t")], security: [restricted] })).toMatchObject(same);
    expect(await change("delete", { tag: [tag("b", "urn:t")], profile: ["urn:none"] })).toMatchObject(same);
    expect((await at.fhir.get(`/Patient/${id}/_history`)).body.total).toBe(1);
    expect(await change("add", { tag: [tag("a", "urn:t"), tag("b", "urn:t")] })).toMatchObject({ versionId: "2" });
    expect(await change("delete", { tag: [tag("b", "urn:t")] })).toMatchObject({ ...same, versionId: "3" });
  });

  it("are listed for one version, which never changes", async () => {
    const { id } = (await at.fhir.create({ resourceType: "Patient", meta: { tag: [tag("first")] } })).body;
    await at.fhir.send("PUT", `/Patient/${id}`, { resourceType: "Patient", id, meta: { tag: [tag("second")] } });
    expect(await metaAt(`/Patient/${id}`)).toMatchObject({ versionId: "2", tag: [tag("second")] });
    expect(await metaAt(`/Patient/${id}/_history/1`)).toMatchObject({ versionId: "1", tag: [tag("first")] });
    await at.fhir.send("DELETE", `/Patient/${id}`);
    expect([await metaAt(`/Patient/${id}`), await metaAt(`/Patient/${id}/_history/3`), await metaAt(`/Patient/${id}/_history/x`)]).toEqual([
      410, 410, 404,
    ]);
  });
});
