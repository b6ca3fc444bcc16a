/** A hospital whose doors are closed: what an app may that was granted less than the role of its user. */
import type { App } from "../identity/app.ts";
import { outcomeWith } from "../kit/fhir-http.ts";
import type { Mesh } from "../kit/mesh.ts";
import { SignedIn, startClosed } from "./signed-in.ts";

describe("an app in a hospital with closed access", () => {
  let mesh: Mesh;
  let app: App;
  let all: SignedIn;
  beforeAll(async () => {
    mesh = await startClosed();
    all = await SignedIn.at(mesh, ["physician", "front-desk", "system"], "user/Patient.rs launch patient/*.cruds");
    app = all.app;
  });
  afterAll(() => mesh?.stop());

  const as = (name: string) => all.as(name);
  const act = (name: string, action: string, params: object) => all.act(name, action, params);

  it("narrows the role to what the app was granted", async () => {
    await all.signIn(app, "reader", "openid user/Patient.rs");
    expect((await as("reader").get("/Patient")).status).toBe(200);
    expect((await as("reader").create({ resourceType: "Patient" })).status).toBe(403);
    expect((await as("reader").get("/Observation")).status).toBe(403);
    expect(await act("reader", "wards/listBeds", {})).toMatchObject({ status: 403, body: { error: { type: "NOT_ALLOWED" } } });
  });

  it("shows an app of one patient who has treated this patient, and with what, but changes neither", async () => {
    const [patient, other] = [await all.newPatient(), await all.newPatient()];
    const medication = (await as("system").create({ resourceType: "Medication", code: { text: "Paracetamol" } })).body.id as string;
    const order = (subject: string) => ({
      resourceType: "MedicationRequest",
      status: "active",
      intent: "order",
      medicationReference: { reference: `Medication/${medication}` },
      subject: { reference: subject },
    });
    for (const subject of [patient, other]) expect((await as("physician").create(order(subject))).status).toBe(201);
    const doctor = await app.alsoFor("bedside", ["physician"]);
    await all.signIn(doctor, "bedside");
    const { body } = await all.api("bedside", "identity/createLaunch", { client: "app", patient: patient.split("/")[1] });
    await all.signIn(doctor, "bedside app", "launch patient/*.cruds", { launch: body.launch });
    const found = await as("bedside app").get(
      "/MedicationRequest?_include=MedicationRequest:medication&_include=MedicationRequest:requester",
    );
    const shown = found.body.entry.map(({ resource }: { resource: { resourceType: string } }) => resource.resourceType);
    expect([found.body.total, shown]).toEqual([1, ["MedicationRequest", "Medication"]]);
    expect((await as("bedside app").get("/Practitioner/ada")).status).toBe((await as("bedside").get("/Practitioner/ada")).status);
    const renamed = await as("bedside app").send("PUT", `/Medication/${medication}`, { resourceType: "Medication", id: medication });
    expect([renamed.status, renamed.body.issue[0].code]).toEqual([403, "forbidden"]);
    expect((await as("bedside app").get(`/${other}`)).status).toBe(404);
    expect((await as("bedside app").get("/Invoice")).body.total ?? 0).toBe(0);
  });

  it("shows an app whose scope has a query what that finds, through every API, and accepts nothing else from it", async () => {
    const category = (code: string) => [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code }] }];
    const patient = (await as("front-desk").create({ resourceType: "Patient", name: [{ family: "Scope" }] })).body.id as string;
    const observation = (code: string, text: string) => ({
      resourceType: "Observation",
      status: "final",
      category: category(code),
      code: { text },
      subject: { reference: `Patient/${patient}` },
    });
    const make = async (code: string) => (await as("physician").create(observation(code, code))).body.id as string;
    const [pulse, survey] = [await make("vital-signs"), await make("survey")];
    const physician = await app.alsoFor("scoped", ["physician"]);
    await all.signIn(physician, "scoped", "openid user/Patient.rs user/Observation.cruds?category=vital-signs");
    const scoped = as("scoped");
    const status = async (path: string) => (await scoped.get(path)).status;
    expect([await status(`/Observation/${pulse}`), await status(`/Observation/${survey}`)]).toEqual([200, 404]);
    expect([await status(`/Observation/${pulse}/_history/1`), await status(`/Observation/${survey}/_history/1`)]).toEqual([200, 404]);
    const idsOf = async (path: string) =>
      ((await scoped.get(path)).body.entry ?? []).flatMap(({ resource }: { resource: { id: string; resourceType: string } }) =>
        resource.resourceType === "Observation" ? [resource.id] : [],
      );
    for (const path of [
      `/Observation?subject=Patient/${patient}`,
      `/Observation?_id=${pulse},${survey}`,
      `/Observation?category:not=laboratory&subject=Patient/${patient}`,
      `/Patient?_id=${patient}&_revinclude=Observation:subject`,
      `/Patient/${patient}/Observation`,
      `/Patient/${patient}/$everything`,
      "/Observation/_history?_count=100",
      "/_history?_count=200",
      `/?_type=Observation,Patient&_id=${pulse},${survey}`,
    ]) {
      expect([path, await idsOf(path)]).toEqual([path, [pulse]]);
    }
    const found = async (path: string) => (await scoped.get(path)).body.total as number;
    expect(await found(`/Observation?subject=Patient/${patient}&_summary=count`)).toBe(1);
    expect(await found("/Patient?_has:Observation:subject:code:text=survey&_total=accurate")).toBe(0);
    expect(await found(`/Patient?_id=${patient}&_has:Observation:subject:code:text=vital-signs&_total=accurate`)).toBe(1);

    expect((await scoped.create(observation("vital-signs", "new"))).status).toBe(201);
    for (const answer of [
      await scoped.create(observation("survey", "new")),
      await scoped.send("PUT", `/Observation/${pulse}`, { ...observation("survey", "moved"), id: pulse }),
      await scoped.send("PUT", `/Observation/${survey}`, { ...observation("vital-signs", "taken"), id: survey }),
      await scoped.send("DELETE", `/Observation/${survey}`),
    ]) {
      expect([answer.status, answer.body]).toEqual([403, outcomeWith("forbidden")]);
    }
    expect((await as("physician").get(`/Observation/${survey}`)).body.code.text).toBe("survey");
  });

  it("refuses an app what is outside of its scope, or was, as what never existed, whatever versions it requires", async () => {
    const physician = await app.alsoFor("partial", ["physician"]);
    await all.signIn(physician, "partial", "openid user/AllergyIntolerance.cruds?code=nuts user/Observation.cruds?category=survey");
    const make = async (resourceType: string, more: object) => {
      const { status, body } = await as("physician").create({ resourceType, code: { coding: [{ code: "milk" }] }, ...more });
      expect(status).toBe(201);
      return body.id as string;
    };
    const clinicalStatus = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] };
    const allergy = { patient: { display: "somebody" }, clinicalStatus };
    const deleted = await make("AllergyIntolerance", allergy);
    expect((await as("physician").send("DELETE", `/AllergyIntolerance/${deleted}`)).status).toBe(204);
    const hidden: [string, string][] = [
      ["AllergyIntolerance", await make("AllergyIntolerance", allergy)],
      ["AllergyIntolerance", deleted],
      ["Observation", await make("Observation", { status: "final" })],
    ];
    const told = async (type: string, id: string) => {
      const own = { resourceType: type, id, code: { coding: [{ code: "nuts" }] }, ...(type === "Observation" && { status: "final" }) };
      const answers: string[] = [];
      const send = async (method: string, path: string, body?: object, headers?: Record<string, string>) => {
        const answer = await as("partial").send(method, path, body, headers);
        const { text, status } = answer;
        answers.push(`${method} ${status} ${answer.headers.get("etag")} ${text}`.replaceAll(id, "ID"));
      };
      for (const [header, name] of Object.entries({ "If-Match": "ifMatch", "If-None-Match": "ifNoneMatch" })) {
        for (const value of ["", "*", 'W/"1"', 'W/"2"', 'W/"9"']) {
          const isGiven = value !== "" && (header === "If-Match" || value === "*");
          const headers = isGiven ? { [header]: value } : {};
          for (const [method, resource] of [
            ["PUT", own],
            ["DELETE", undefined],
          ] as const) {
            await send(method, `/${type}/${id}`, resource, headers);
            const request = { method, url: `${type}/${id}`, ...(isGiven && { [name]: value }) };
            await send("POST", "", { resourceType: "Bundle", type: "transaction", entry: [{ request, ...(resource && { resource }) }] });
          }
        }
      }
      const reading = { request: { method: "GET", url: `${type}/${id}` } };
      await send("POST", "", { resourceType: "Bundle", type: "transaction", entry: [reading] });
      await send("PUT", `/${type}?identifier=nobody`, own);
      return answers;
    };
    for (const [type, id] of hidden) expect([type, await told(type, id)]).toEqual([type, await told(type, `never-${id}`)]);
    const [[, kept], , [, seen]] = hidden as [[string, string], unknown, [string, string]];
    expect((await as("physician").get(`/AllergyIntolerance/${kept}`)).status).toBe(200);
    expect((await as("physician").get(`/Observation/${seen}`)).body.meta.versionId).toBe("1");

    // What is inside the scope can be changed and deleted, at the version that the app requires.
    const nuts = { resourceType: "AllergyIntolerance", code: { coding: [{ code: "nuts" }] }, ...allergy };
    const { body } = await as("partial").create(nuts);
    const path = `/AllergyIntolerance/${body.id}`;
    expect((await as("partial").send("PUT", path, { ...nuts, id: body.id, criticality: "low" }, { "If-Match": 'W/"1"' })).status).toBe(200);
    expect((await as("partial").send("DELETE", path, undefined, { "If-Match": 'W/"1"' })).status).toBe(412);
    expect((await as("partial").send("DELETE", path, undefined, { "If-Match": 'W/"2"' })).status).toBe(204);
    expect((await as("physician").get(path)).status).toBe(410);
  });

  it("returns to a writer only the part of a written resource that they may read", async () => {
    const writer = await app.alsoFor("writer", ["physician"]);
    const { body } = await as("physician").create({ resourceType: "Observation", status: "final", code: { text: "secret" } });
    await all.signIn(writer, "writer", "openid user/Observation.u user/Observation.r?category=vital-signs");
    const answer = await as("writer").send(
      "PUT",
      `/Observation/${body.id}`,
      { ...body, status: "amended" },
      { Prefer: "return=representation" },
    );
    expect([answer.status, JSON.stringify(answer.body ?? "").includes("secret")]).toEqual([200, false]);

    // Nor is a transaction refused, which is committed by then.
    const both = await app.alsoFor("both", ["physician"]);
    await all.signIn(both, "both", "openid user/Observation.c user/Condition.c");
    const entry = [
      { resourceType: "Observation", status: "final", code: { text: "secret" } },
      { resourceType: "Condition", code: { text: "secret" }, subject: { display: "somebody" } },
    ].map((resource) => ({ resource, request: { method: "POST", url: resource.resourceType } }));
    const bundle = { resourceType: "Bundle", type: "transaction", entry };
    const { status, body: written } = await as("both").send("POST", "", bundle, { Prefer: "return=representation" });
    expect([status, JSON.stringify(written).includes("secret")]).toEqual([200, false]);
    expect(written.entry.map(({ response }: { response: { status: string } }) => response.status.slice(0, 3))).toEqual(["201", "201"]);
  });

  it("tells an app that may search but not read that an id of its choice is taken, and not that others change it", async () => {
    const searcher = await app.alsoFor("searcher", ["physician"]);
    await all.signIn(searcher, "searcher", "openid user/Observation.cus");
    const { body } = await as("physician").create({ resourceType: "Observation", status: "final", code: { text: "pulse" } });
    const answer = await as("searcher").send("PUT", "/Observation?identifier=urn:none|1", body);
    expect([answer.status, answer.body]).toEqual([409, outcomeWith("duplicate")]);
  });

  it("returns the kept answer of an Idempotency-Key to no app of the same person that may not see it", async () => {
    const keyed = await app.alsoFor("keyed", ["nurse"]);
    await all.signIn(keyed, "keyed");
    const weight = { resourceType: "Observation", status: "final", code: { text: "kept secret" } };
    const headers = { "Idempotency-Key": '"kept-1"', Prefer: "return=representation" };
    const first = await as("keyed").create(weight, headers);
    expect([first.status, (await as("keyed").create(weight, headers)).body]).toEqual([201, first.body]);
    for (const scope of ["user/Patient.rs", "user/Observation.cruds?category=laboratory", "user/Observation.c"]) {
      await all.signIn(keyed, "keyed", `openid user/Patient.rs ${scope}`);
      const after = await as("keyed").create(weight, headers);
      expect([scope, after.status, after.body]).toEqual([scope, 422, outcomeWith("processing")]);
    }
    await all.signIn(keyed, "keyed");
    expect((await as("keyed").create(weight, headers)).body).toEqual(first.body);
  });

  it("lets an app do by actions only what it may do with the resources that they read and write", async () => {
    const { body } = await as("front-desk").create({ resourceType: "Patient", name: [{ family: "Narrow", given: ["Ada"] }] });
    const patient = `Patient/${body.id}`;
    const person = { family: "Wide", given: ["Bruno"], gender: "male" };
    const tried: [string, string, object | undefined, string | undefined][] = [
      ["user/Observation.cruds", "patients/register", person, "create Patient"],
      ["user/Patient.rs", "patients/register", person, "create Patient"],
      ["user/Patient.cruds?gender=male", "patients/register", person, "create Patient"],
      ["user/Patient.c", "patients/register", person, undefined],
      ["user/Encounter.rs", "patients/candidates", { family: "Narrow" }, "read Patient"],
      ["user/Patient.s", "patients/candidates", { family: "Narrow" }, undefined],
      ["user/Patient.rs", "patients/update", { patient, family: "Wider" }, "update Patient"],
      ["user/Patient.ru", "patients/update", { patient, family: "Wider" }, undefined],
      ["user/Patient.rs user/Encounter.rs", "visits/open", { patient }, "create Encounter"],
      ["user/Patient.rs user/Encounter.c", "visits/open", { patient }, undefined],
      ["user/Patient.rs", `pharmacy/due?patient=${patient}`, undefined, "read MedicationRequest"],
      ["user/MedicationRequest.rs user/MedicationAdministration.rs", `pharmacy/due?patient=${patient}`, undefined, undefined],
      ["user/Patient.rs user/Encounter.rs", "wards/board", undefined, "read Location"],
      ["user/Location.rs", "wards/board", undefined, undefined],
    ];
    const narrow = await app.alsoFor("narrow", ["nurse"]);
    for (const [scope, action, params, refused] of tried) {
      await all.signIn(narrow, "narrow", `openid actions ${scope}`);
      const answer = await all.api("narrow", action, params);
      const message = expect.stringContaining(`You may not ${refused}:`);
      const wanted =
        refused === undefined ? { status: 200 } : { status: 403, body: { error: { code: 403, type: "NOT_ALLOWED", message } } };
      expect([scope, action, answer]).toMatchObject([scope, action, wanted]);
    }
  });
});
