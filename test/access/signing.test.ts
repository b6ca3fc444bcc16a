/** Who signs: notes, reports and prescriptions of a closed hospital, and what is left of the signature when something changes. */
import type { RoleName } from "../../services/identity/identity.contract.ts";
import { App } from "../identity/app.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const SCOPE = "openid user/*.cruds actions";

// biome-ignore lint/suspicious/noExplicitAny: FHIR JSON as it came
type Json = any;

describe("a signature", () => {
  let mesh: Mesh;
  const tokens = new Map<string, string>();
  const as = (name: string): FhirHttp => fhirAt(mesh.base, tokens.get(name));

  beforeAll(async () => {
    const services = ["api", "transactions", "patients", "records", "pharmacy", "identity"];
    mesh = await startMesh({ services, nats: false, split: "broker", env: { ACCESS: "closed" } });
    const app = await App.register(mesh, ["physician"], SCOPE);
    tokens.set("physician", (await app.signIn(SCOPE)).access_token);
    for (const role of ["nurse", "front-desk", "records-office"] satisfies RoleName[]) {
      tokens.set(role, (await (await app.alsoFor(role, [role])).signIn(SCOPE)).access_token);
    }
  });
  afterAll(() => mesh?.stop());

  const note = async (more: object = {}): Promise<string> => {
    const content = [{ attachment: { title: "first" } }];
    const { body } = await as("physician").create({
      resourceType: "DocumentReference",
      status: "current",
      docStatus: "final",
      content,
      ...more,
    });
    return `DocumentReference/${body.id}`;
  };
  const verify = async (reference: string, name = "physician"): Promise<Json[]> => {
    const { body } = await as(name).get(`/${reference}/$verify`);
    const signatures = body.parameter.filter((it: Json) => it.name === "signature");
    return signatures.map(({ part }: Json) =>
      Object.fromEntries(part.map(({ name: key, ...value }: Json) => [key, Object.values(value)[0]])),
    );
  };

  it("names who has signed which version, and stays valid while nothing changes", async () => {
    const reference = await note();
    expect(await verify(reference)).toEqual([]);
    const sign = (headers: Record<string, string>) => as("physician").send("POST", `/${reference}/$sign`, undefined, headers);
    expect(await sign({ "If-Match": 'W/"2"' })).toMatchObject({ status: 412 });
    expect(await sign({ "If-None-Match": 'W/"1"' })).toMatchObject({ status: 412 });
    const signed = await sign({ "If-Match": 'W/"2", W/"1"' });
    expect(signed).toMatchObject({
      status: 201,
      body: {
        target: [{ reference: `${reference}/_history/1` }],
        agent: [{ who: { reference: "Practitioner/ada" } }],
        signature: [{ sigFormat: "application/jose", type: [{ display: "Author's Signature" }], who: { display: "Ada Rossi" } }],
      },
    });
    const target = { reference: `${reference}/_history/1` };
    expect(await verify(reference)).toEqual([
      {
        provenance: expect.anything(),
        target,
        who: { reference: "Practitioner/ada" },
        when: expect.any(String),
        valid: true,
        current: true,
      },
    ]);
    const { body } = await as("physician").get(`/${reference}`);
    expect((await as("physician").send("PUT", `/${reference}`, { ...body, description: "changed" })).status).toBe(409);
    expect((await as("physician").send("PUT", `/${reference}`, { ...body, description: "changed", docStatus: "amended" })).status).toBe(
      200,
    );
    expect(await verify(reference)).toMatchObject([{ target, valid: true, current: false }]);
    expect((await as("physician").send("POST", `/${reference}/$sign`)).status).toBe(201);
    expect((await verify(reference)).map(({ valid, current }) => [valid, current])).toEqual([
      [true, false],
      [true, true],
    ]);
  });

  it("is still current after a change of labels, and after the patient's records were merged and unmerged", async () => {
    const patient = async () => `Patient/${(await as("records-office").create({ resourceType: "Patient" })).body.id}`;
    const [source, target] = [await patient(), await patient()];
    const reference = await note({ subject: { reference: source } });
    expect((await as("physician").send("POST", `/${reference}/$sign`)).status).toBe(201);
    const state = async () => {
      const { body } = await as("physician").get(`/${reference}`);
      const [signature] = await verify(reference);
      return [Number(body.meta.versionId), body.subject.reference, signature.valid, signature.current];
    };
    const valueMeta = { tag: [{ system: "urn:audit", code: "seen" }], security: [{ system: "urn:labels", code: "R" }] };
    const labels = { resourceType: "Parameters", parameter: [{ name: "meta", valueMeta }] };
    expect((await as("physician").send("POST", `/${reference}/$meta-add`, labels)).status).toBe(200);
    expect(await state()).toEqual([2, source, true, true]);
    const call = (action: string, params: object) => as("records-office").send("POST", `/../api/patients/${action}`, params);
    expect((await call("merge", { source, target })).status).toBe(200);
    expect(await state()).toEqual([3, target, true, true]);
    expect((await call("unmerge", { source })).status).toBe(200);
    expect(await state()).toEqual([4, source, true, true]);
    const { body } = await as("physician").get(`/${reference}`);
    const amended = { ...body, docStatus: "amended", description: "changed" };
    expect((await as("physician").send("PUT", `/${reference}`, amended)).status).toBe(200);
    expect(await state()).toEqual([5, source, true, false]);
  });

  it("is not accepted if it is of another resource, or forged", async () => {
    const [mine, other] = [await note(), await note()];
    const { body } = await as("physician").send("POST", `/${mine}/$sign`);
    const { id: _, meta: __, ...copy } = body;
    await as("physician").create({ ...copy, target: [{ reference: `${other}/_history/1` }] }); // refused or not: it is no signature of it
    expect((await verify(other)).every(({ valid }) => valid === false)).toBe(true);
    expect(await verify(mine)).toMatchObject([{ valid: true }]);
  });

  it.each([
    ["a draft", { docStatus: "preliminary" }, "physician", 409],
    ["who is no Practitioner", {}, "nurse", 403],
    ["who has no such right", {}, "front-desk", 403],
  ])("is refused for %s", async (_, more, name, status) => {
    expect((await as(name).send("POST", `/${await note(more)}/$sign`)).status).toBe(status);
  });

  it("is for notes, reports and prescriptions, by signed-in persons", async () => {
    const { body } = await as("physician").create({ resourceType: "Patient" });
    expect((await as("physician").send("POST", `/Patient/${body.id}/$sign`)).status).toBe(422);
    expect((await fhirAt(mesh.base).send("POST", `/${await note()}/$sign`)).status).toBe(401);
    const medicationCodeableConcept = { text: "x" };
    const subject = { reference: `Patient/${body.id}` };
    const prescribed = await as("physician").create({
      resourceType: "MedicationRequest",
      status: "active",
      intent: "order",
      medicationCodeableConcept,
      subject,
    });
    const path = `/MedicationRequest/${prescribed.body.id}`;
    expect((await as("physician").send("POST", `${path}/$sign`)).status).toBe(201);
    expect((await as("physician").send("PUT", path, { ...prescribed.body, medicationCodeableConcept: { text: "y" } })).status).toBe(409);
    expect((await as("physician").send("PUT", path, { ...prescribed.body, status: "stopped" })).status).toBe(200);
  });
});
