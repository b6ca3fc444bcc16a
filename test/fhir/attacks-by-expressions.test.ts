/** Expressions of who means harm, in patches, profiles and rules: each request has its share of time, and whoever asks next is served. */
import { attackerOf } from "../kit/attacker.ts";
import { fhirMesh } from "../kit/fhir-mesh.ts";
import { usedMs } from "../kit/growth.ts";
import { slowestWhile } from "../kit/slowest.ts";
import { outcomeWith } from "../kit/fhir-http.ts";
import { profileOfPatient } from "../kit/profiles.ts";

describe("a hospital that is attacked by expressions", () => {
  const at = fhirMesh(["api", "transactions", "patients", "records"]);

  it("counts the cost of expressions for each request, even if a client gives all of them one id", async () => {
    await at.fhir.send("PUT", "/Patient/counted", { resourceType: "Patient", id: "counted", name: [{ given: ["a".repeat(60), "A"] }] });
    const patched = async (pattern: string) => {
      const part = [
        { name: "type", valueCode: "replace" },
        { name: "path", valueString: `Patient.name.given.where($this.matches('${pattern}'))` },
        { name: "value", valueString: "A" },
      ];
      const patch = { resourceType: "Parameters", parameter: [{ name: "operation", part }] };
      return (await at.fhir.send("PATCH", "/Patient/counted", patch, { "X-Request-ID": "session-1" })).status;
    };
    // The first uses up all that one request may take.
    expect([await patched("^(a+)+b$"), await patched("^A$")]).toEqual([422, 200]);
  });

  it("does not run endless constraints of a profile, nor endless regular expressions", async () => {
    const url = "http://example.org/StructureDefinition/harm";
    const rule = (key: string, expression: string) => ({ key, severity: "error", human: "Harm.", expression });
    const profile = profileOfPatient(url, [
      {
        id: "Patient.active",
        path: "Patient.active",
        constraint: [rule("a", "valueOf().exists()"), rule("b", "hasOwnProperty().exists()")],
      },
      { id: "Patient.name", path: "Patient.name", constraint: [rule("c", "family.matches('^(a+)+$')")] },
    ]);
    expect((await at.fhir.create(profile)).status).toBe(201);
    const name = Array.from({ length: 50 }, () => ({ family: `${"a".repeat(40)}!` }));
    const { status, body } = await at.fhir.send("POST", `/Patient/$validate?profile=${url}`, {
      resourceType: "Patient",
      active: true,
      name,
    });
    expect([status, body]).toEqual([200, outcomeWith("too-costly")]);
    expect(JSON.stringify(body)).not.toContain("exception");
  });

  describe("by expressions", () => {
    const family = `${"a".repeat(40)}!`;
    const evil = "Patient.name.where(family.`matches`('^(a+)+$'))";
    const patchOf = (path: string) => ({
      resourceType: "Parameters",
      parameter: [
        {
          name: "operation",
          part: [
            { name: "type", valueCode: "delete" },
            { name: "path", valueString: path },
          ],
        },
      ],
    });
    const bundleOf = (type: string, entry: object[]) => ({ resourceType: "Bundle", type, entry });
    const rule = { key: "x", severity: "error", human: "X.", expression: "family.`matches`('^(a+)+$')" };
    const url = "http://example.org/StructureDefinition/costly";

    beforeAll(async () => {
      for (let i = 0; i < 20; i++) {
        await at.fhir.send("PUT", `/Patient/e${i}`, { resourceType: "Patient", id: `e${i}`, name: [{ family }] });
      }
      expect((await at.fhir.create(profileOfPatient(url, [{ id: "Patient.name", path: "Patient.name", constraint: [rule] }]))).status).toBe(
        201,
      );
    });

    it("refuses a patch whose path takes too long, and serves others meanwhile", async () => {
      const patching = at.fhir.send("PATCH", "/Patient/e0", patchOf(evil));
      expect(await slowestWhile(patching, at.fhir, "/Patient/e0")).toBeLessThan(3_000);
      expect(await patching).toMatchObject({ status: 422, body: outcomeWith("too-costly") });
      expect((await at.fhir.send("PATCH", "/Patient/e0", patchOf("Patient.name.where(family.matches('^b'))"))).status).toBe(200);
    });

    it("evaluates the patch of another client before the many that one client has sent, each different", async () => {
      const attacker = attackerOf(at.mesh.base);
      const { host } = new URL(at.mesh.base);
      const head = `PATCH /fhir/Patient/e0 HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/fhir+json\r\n`;
      for (let index = 0; index < 60; index += 1) {
        const body = JSON.stringify(patchOf(`Patient.name.where(family.matches('^(a+)+${index}$'))`));
        await attacker.socket(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
      }
      expect((await at.fhir.get("/Patient/e1")).status).toBe(200); // they have arrived
      const begun = usedMs();
      expect((await at.fhir.send("PATCH", "/Patient/e1", patchOf("Patient.name.where(family.matches('^b'))"))).status).toBe(200);
      expect(usedMs() - begun).toBeLessThan(3_000);
      attacker.leave();
    });

    it("gives all patches of a transaction together the time of one", async () => {
      const entry = Array.from({ length: 20 }, (_, i) => ({ resource: patchOf(evil), request: { method: "PATCH", url: `Patient/e${i}` } }));
      const begun = usedMs();
      const sending = at.fhir.send("POST", "", bundleOf("transaction", entry));
      expect(await slowestWhile(sending, at.fhir, "/Patient/e0")).toBeLessThan(3_000);
      expect(usedMs() - begun).toBeLessThan(9_000);
      const { status, body } = await sending;
      expect([status, body]).toEqual([422, outcomeWith("too-costly")]);
      expect(body.issue[0].expression[0]).toMatch(/^Bundle\.entry\[\d+\]\.resource$/);
      const batch = await at.fhir.send("POST", "", bundleOf("batch", entry));
      expect(batch.body.entry.map((it: { response: { status: string } }) => it.response.status)).toEqual(entry.map(() => "422"));
      expect(usedMs() - begun).toBeLessThan(18_000);
    });

    it("gives the profiles of all resources of a transaction together the time of one", async () => {
      const entry = Array.from({ length: 20 }, () => ({
        resource: { resourceType: "Patient", meta: { profile: [url] }, name: [{ family }] },
        request: { method: "POST", url: "Patient" },
      }));
      const begun = usedMs();
      const sending = at.fhir.send("POST", "", bundleOf("transaction", entry));
      expect(await slowestWhile(sending, at.fhir, "/Patient/e0")).toBeLessThan(3_000);
      expect(usedMs() - begun).toBeLessThan(9_000);
      const { status, body } = await sending;
      expect([status, body]).toEqual([422, outcomeWith("too-costly")]);
      expect(body.issue).toHaveLength(20);
      expect(body.issue[19].expression[0]).toMatch(/^Bundle\.entry\[19\]/);
    });

    it("loses no service to a constraint that fills the memory", async () => {
      const numbers = Array.from({ length: 30 }, (_, i) => i).join("|");
      const filling = { ...rule, expression: `(${numbers}).aggregate($total.combine($total), 1).exists()` };
      const profile = profileOfPatient(`${url}-memory`, [{ id: "Patient.active", path: "Patient.active", constraint: [filling] }]);
      expect((await at.fhir.create(profile)).status).toBe(201);
      const sending = at.fhir.send("POST", `/Patient/$validate?profile=${url}-memory`, { resourceType: "Patient", active: true });
      expect(await slowestWhile(sending, at.fhir, "/Patient/e0")).toBeLessThan(3_000);
      expect(await sending).toMatchObject({ status: 200, body: outcomeWith("too-costly") });
    });

    it("reads no more profiles than a resource may claim", async () => {
      const profile = Array.from({ length: 100_000 }, (_, i) => `http://example.org/p${i}`);
      const claiming = { resourceType: "Patient", meta: { profile } };
      const begun = usedMs();
      expect(await slowestWhile(at.fhir.create(claiming), at.fhir, "/Patient/e0")).toBeLessThan(3_000);
      expect(await at.fhir.create(claiming)).toMatchObject({ status: 422, body: outcomeWith("too-costly") });
      expect((await at.fhir.send("POST", "/Patient/$validate", claiming)).body).toEqual(outcomeWith("too-costly"));
      const entry = Array.from({ length: 1_000 }, (_, i) => ({
        resource: { resourceType: "Patient", meta: { profile: [`http://example.org/q${i}`] } },
        request: { method: "POST", url: "Patient" },
      }));
      expect(await at.fhir.send("POST", "", bundleOf("transaction", entry))).toMatchObject({
        status: 422,
        body: outcomeWith("too-costly"),
      });
      expect(usedMs() - begun).toBeLessThan(24_000);
    });
  });

  it("checks a claimed profile, however many versions of others there are", async () => {
    const made = (name: string, version: string, min: object) =>
      profileOfPatient(`http://example.org/StructureDefinition/${name}`, [min], { version });
    const needsNumber = { id: "Patient.identifier", path: "Patient.identifier", min: 1 };
    for (const version of ["1", "2", "3"]) {
      await at.fhir.create(made("several", version, { id: "Patient.name", path: "Patient.name", min: 0 }));
    }
    await at.fhir.create(made("strict", "1", needsNumber));
    const profile = ["several", "strict"].map((name) => `http://example.org/StructureDefinition/${name}`);
    for (const claimed of [profile, [...profile].reverse()]) {
      expect((await at.fhir.create({ resourceType: "Patient", meta: { profile: claimed } })).status).toBe(422);
    }
  });
});
