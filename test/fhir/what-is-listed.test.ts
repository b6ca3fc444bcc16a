import { SYSTEMS } from "../../services/systems.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

/** A value that a parameter of this type can be asked for. */
const VALUES: Record<string, string> = {
  token: "urn:x|x",
  string: "a",
  date: "2020-01-01",
  number: "1",
  quantity: "1|http://unitsofmeasure.org|mg",
  uri: "http://x.org/a",
  reference: "Patient/1",
  special: "1|1|1|km",
};
const MESHES: [name: string, services: string[]][] = [
  ["a small clinic", ["api", "patients", "visits"]],
  ["a whole hospital", [...SYSTEMS.provider]],
];

interface Listed {
  type: string;
  interaction: { code: string }[];
  searchParam: { name: string; type: string }[];
  searchInclude: string[];
  searchRevInclude: string[];
  operation: { name: string }[];
}

describe.each(MESHES)("what %s lists, it answers", (_, services) => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  let listed: Listed[];
  beforeAll(async () => {
    mesh = await startMesh({ services, nats: false, split: "broker" });
    fhir = fhirAt(mesh.base);
    listed = (await fhir.get("/metadata")).body.rest[0].resource;
  });
  afterAll(() => mesh?.stop());

  it("every search parameter of every type", async () => {
    const refused: string[] = [];
    for (const { type, searchParam } of listed) {
      for (const { name, type: kind } of searchParam) {
        const value = kind === "composite" ? undefined : name === "_id" ? "1" : VALUES[kind];
        if (value === undefined) continue; // what a composite is asked for depends on its parts: test/reference and fhir/search ask
        let answer = await fhir.get(`/${type}?${name}=${encodeURIComponent(value)}`, { Prefer: "handling=strict" });
        // Tokens without a system (booleans, texts) refuse one.
        if (answer.status === 400 && kind === "token") answer = await fhir.get(`/${type}?${name}=true`, { Prefer: "handling=strict" });
        if (answer.status !== 200) refused.push(`${type}?${name}=${value}: ${answer.status} ${answer.text.slice(0, 200)}`);
      }
    }
    expect(refused).toEqual([]);
  });

  it("and suggests a type where a name is misspelt", async () => {
    for (const [word, hint] of [
      ["patient", "; Patient is one."],
      ["Observations", "; Observation is one."],
      ["Glasses", "resource type."],
    ]) {
      const { status, body } = await fhir.get(`/${word}`);
      expect([status, body.issue[0].diagnostics]).toEqual([404, expect.stringMatching(new RegExp(`${hint}$`))]);
    }
  });

  it("every include", async () => {
    const refused: string[] = [];
    for (const { type, searchInclude, searchRevInclude } of listed) {
      const asked = [
        ...searchInclude.map((it) => `_include=${it}`),
        ...searchRevInclude.filter((__, index) => index % 7 === 0).map((it) => `_revinclude=${it}`),
      ];
      for (const query of asked) {
        const { status } = await fhir.get(`/${type}?${query}`, { Prefer: "handling=strict" });
        if (status !== 200) refused.push(`${type}?${query}: ${status}`);
      }
    }
    expect(refused).toEqual([]);
  });

  it("every interaction and operation of every type", async () => {
    const patch = { "Content-Type": "application/json-patch+json" };
    const parameters = { resourceType: "Parameters", parameter: [{ name: "meta", valueMeta: { tag: [{ code: "x" }] } }] };
    const mergeOfNone = {
      resourceType: "Parameters",
      parameter: ["source", "target"].map((name) => ({ name: `${name}-patient`, valueReference: { reference: `Patient/no-${name}` } })),
    };
    const wrong: string[] = [];
    for (const { type, interaction, operation } of listed) {
      const calls: Record<string, () => Promise<{ status: number }>> = {
        read: () => fhir.get(`/${type}/none`), // 404: understood, and not there
        vread: () => fhir.get(`/${type}/none/_history/1`),
        "history-instance": () => fhir.get(`/${type}/none/_history`),
        "history-type": () => fhir.get(`/${type}/_history`),
        "search-type": () => fhir.get(`/${type}`),
        create: () => fhir.send("POST", `/${type}`, { resourceType: type }),
        update: () => fhir.send("PUT", `/${type}/listed`, { resourceType: type, id: "listed" }),
        patch: () => fhir.send("PATCH", `/${type}/none`, "[]", patch),
        delete: () => fhir.send("DELETE", `/${type}/listed`),
      };
      const operations: Record<string, () => Promise<{ status: number }>> = {
        validate: () => fhir.send("POST", `/${type}/$validate`, { resourceType: type }),
        meta: () => fhir.get(`/${type}/$meta`),
        "meta-add": () => fhir.send("POST", `/${type}/none/$meta-add`, parameters),
        "meta-delete": () => fhir.send("POST", `/${type}/none/$meta-delete`, parameters),
        everything: () => fhir.get(type === "Patient" ? "/Patient/$everything?_count=1" : `/${type}/none/$everything`),
        merge: () => fhir.send("POST", `/${type}/$merge`, mergeOfNone),
        match: () => fhir.send("POST", `/${type}/$match`, { resourceType: type, name: [{ family: "Nobody" }] }),
        lastn: () => fhir.get(`/${type}/$lastn?patient=none`),
      };
      const wanted = [
        ...interaction.map(({ code }) => [code, calls[code]] as const),
        ...operation.map(({ name }) => [`$${name}`, operations[name]] as const),
      ];
      for (const [name, call] of wanted) {
        const status = (await call?.())?.status;
        // An empty resource may lack what is mandatory (422); nothing that is listed is unknown, forbidden or not there yet.
        if (status === undefined || ![200, 201, 204, 404, 410, 422].includes(status)) wrong.push(`${type} ${name}: ${status}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("every operation of the system", async () => {
    const { operation } = (await fhir.get("/metadata")).body.rest[0] as { operation: { name: string }[] };
    for (const { name } of operation) expect([name, (await fhir.get(`/$${name}`)).status]).toEqual([name, 200]);
    expect(operation.length).toBeGreaterThan(0);
  });

  it("every path of the OpenAPI document", async () => {
    const document = (await (await fetch(`${mesh.base}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { operationId?: string }>>;
    };
    const wrong: string[] = [];
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, { operationId }] of Object.entries(methods)) {
        if (operationId === undefined) continue;
        const answer = await fetch(mesh.base + path.replace("{id}", "none"), {
          method: method.toUpperCase(),
          ...(method !== "get" && method !== "delete" && { body: "{}", headers: { "Content-Type": "application/json" } }),
        });
        await answer.text();
        if ([405, 406, 415, 500, 501, 503].includes(answer.status) || (answer.status === 404 && !path.includes("{id}"))) {
          wrong.push(`${method} ${path}: ${answer.status}`);
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(["/api/patients/register", "/fhir/Patient"]));
    expect(Object.keys(document.paths).includes("/api/lab/order")).toBe(services.includes("lab"));
  });
});
