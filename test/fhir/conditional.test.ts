import { outcomeWith } from "../kit/fhir-http.ts";
import { hospital, rossi } from "../kit/hospital.ts";

/** Conditional create, update, delete and patch (http.html#ccreate, #cond-update), over HTTP. */
describe("conditional interactions over HTTP", () => {
  const at = hospital();
  const created = async (resource: object = rossi) =>
    (await at.fhir.create(resource)).body as Record<string, string> & { meta: { versionId: string } };

  const withNumber = (value: string, more: object = {}) => ({ ...rossi, identifier: [{ system: "urn:mrn", value }], ...more });

  it("creates once, and answers with what is there to who asks again", async () => {
    const first = await at.fhir.create(withNumber("c1"), { "If-None-Exist": "identifier=urn:mrn|c1" });
    const second = await at.fhir.create(withNumber("c1"), { "If-None-Exist": "identifier=urn:mrn|c1" });
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body.id).toBe(first.body.id);
  });

  it("updates the one match, creates when there is none, refuses several", async () => {
    const put = (resource: object) => at.fhir.send("PUT", "/Patient?identifier=urn:mrn|c2", resource);
    const first = await put(withNumber("c2"));
    expect(first.status).toBe(201);
    expect(await put(withNumber("c2", { gender: "other" }))).toMatchObject({ status: 200, body: { id: first.body.id, gender: "other" } });
    await created(withNumber("c2"));
    expect(await put(withNumber("c2"))).toMatchObject({ status: 412, body: outcomeWith("multiple-matches") });
  });

  it("creates under the id of a deleted resource as its next version, and never over a living one", async () => {
    for (const resource of [
      { resourceType: "Patient", id: "reborn", identifier: [{ system: "urn:mrn", value: "reborn" }] },
      {
        resourceType: "Encounter",
        id: "reborn",
        status: "finished",
        class: { code: "AMB" },
        identifier: [{ system: "urn:mrn", value: "reborn" }],
      },
    ]) {
      const put = (value: string, more = {}) =>
        at.fhir.send("PUT", `/${resource.resourceType}?identifier=urn:mrn|${value}`, {
          ...resource,
          identifier: [{ system: "urn:mrn", value }],
          ...more,
        });
      expect((await put("reborn")).status).toBe(201);
      expect(await put("not-there")).toMatchObject({ status: 409, body: outcomeWith("duplicate") });
      await at.fhir.send("DELETE", `/${resource.resourceType}/reborn`);
      const moved = resource.resourceType === "Encounter" ? { class: { code: "IMP" } } : {};
      expect(await put("reborn", moved)).toMatchObject({ status: 201, body: { id: "reborn", meta: { versionId: "3" } } });
    }
  });

  it("deletes the one match, nothing when there is none, refuses several", async () => {
    await created(withNumber("c3"));
    await created(withNumber("c3"));
    expect((await at.fhir.send("DELETE", "/Patient?identifier=urn:mrn|c3")).status).toBe(412);
    await created(withNumber("c4"));
    expect((await at.fhir.send("DELETE", "/Patient?identifier=urn:mrn|c4")).status).toBe(204);
    expect((await at.fhir.get("/Patient?identifier=urn:mrn|c4")).body.total).toBe(0);
    expect((await at.fhir.send("DELETE", "/Patient?identifier=urn:mrn|c4")).status).toBe(204);
    expect((await at.fhir.send("DELETE", "/Patient")).status).toBe(412);
  });

  it("patches the one match", async () => {
    await created(withNumber("c5"));
    const patch = JSON.stringify([{ op: "replace", path: "/gender", value: "unknown" }]);
    const answer = await at.fhir.send("PATCH", "/Patient?identifier=urn:mrn|c5", patch, { "Content-Type": "application/json-patch+json" });
    expect(answer).toMatchObject({ status: 200, body: { gender: "unknown", meta: { versionId: "2" } } });
  });

  it("says of a patch that nothing matches its criteria", async () => {
    const answer = await at.fhir.send("PATCH", "/Patient?identifier=urn:mrn|c6", "[]", { "Content-Type": "application/json-patch+json" });
    expect(answer).toMatchObject({ status: 404, body: outcomeWith("not-found") });
    expect(answer.body.issue[0].diagnostics).toBe("No Patient matches identifier=urn:mrn|c6.");
  });
});
