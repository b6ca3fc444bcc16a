/** Who did it: each version of a closed hospital's data has an author, whichever door it came by, and tells it. */
import { SYSTEMS, WHEN_CLOSED } from "../../services/systems.ts";
import type { RoleName } from "../../services/identity/identity.contract.ts";
import { App } from "../identity/app.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const SCOPE = "openid user/*.cruds actions";
const ADA = { reference: "Practitioner/ada", display: "Ada Rossi" };

// biome-ignore lint/suspicious/noExplicitAny: FHIR JSON as it came
type Json = any;

describe("the authors of versions in a hospital with closed access", () => {
  let mesh: Mesh;
  let ordered: string;
  const tokens = new Map<string, string>();
  const as = (name: string): FhirHttp => fhirAt(mesh.base, tokens.get(name));
  const act = async (name: string, action: string, params: object, more: Record<string, string> = {}) => {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${tokens.get(name)}`, ...more };
    const answer = await fetch(`${mesh.base}/api/${action}`, { method: "POST", headers, body: JSON.stringify(params) });
    const body = (await answer.json()) as Json;
    if (!answer.ok) throw new Error(`${action}: ${JSON.stringify(body)}`);
    return body;
  };
  const provenances = async (query: string, name = "physician"): Promise<Json[]> => {
    const { body } = await as(name).get(`/Provenance?${query}`);
    return (body.entry ?? []).map(({ resource }: Json) => resource);
  };
  const authorsOf = async (reference: string) =>
    (await provenances(`target=${reference}&_sort=recorded`)).map(({ target, activity, agent }) => [
      target[0].reference.split("/_history/")[1],
      activity.coding[0].code,
      agent[0].who.reference ?? agent[0].who.display,
      agent[0].role[0].text,
    ]);

  beforeAll(async () => {
    const env = { ACCESS: "closed", ORGANIZATION: "Organization/house" };
    mesh = await startMesh({ services: [...SYSTEMS.provider, ...WHEN_CLOSED], nats: false, split: "broker", env });
    const app = await App.register(mesh, ["physician"], SCOPE);
    tokens.set("physician", (await app.signIn(SCOPE)).access_token);
    for (const role of ["front-desk", "nurse", "system", "records-office", "auditor"] satisfies RoleName[]) {
      tokens.set(role, (await (await app.alsoFor(role, [role])).signIn(SCOPE)).access_token);
    }
    ordered = await newPatient();
  });
  afterAll(() => mesh?.stop());

  const newPatient = async (): Promise<string> => {
    const { body } = await as("front-desk").create({ resourceType: "Patient", name: [{ family: "Written" }] });
    return `Patient/${body.id}`;
  };

  it("are a Provenance for each version, including deletions, beside those that clients have stored", async () => {
    const patient = await newPatient();
    const { body } = await as("physician").get(`/${patient}`);
    await as("physician").send("PUT", `/${patient}`, { ...body, gender: "female" }, { "X-Purpose-Of-Use": "TREAT" });
    const stored = await as("system").create({
      resourceType: "Provenance",
      target: [{ reference: patient }],
      recorded: new Date().toISOString(),
      agent: [{ who: { display: "another system" } }],
    });
    expect(stored.status).toBe(201);
    await as("system").send("DELETE", `/Provenance/${stored.body.id}`);
    expect((await as("system").send("DELETE", `/${patient}`)).status).toBe(204);
    const told = await provenances(`target=${patient}&_sort=-recorded`);
    expect(told.map(({ activity }) => activity.coding[0].code)).toEqual(["DELETE", "UPDATE", "CREATE"]);
    expect(told[1]).toMatchObject({
      target: [{ reference: `${patient}/_history/2` }],
      recorded: expect.stringMatching(/Z$/),
      reason: [{ coding: [{ code: "TREAT" }] }],
      agent: [
        {
          type: { coding: [{ code: "author" }] },
          role: [{ text: "physician" }],
          who: ADA,
          onBehalfOf: { reference: "Organization/house" },
        },
        { type: { coding: [{ code: "assembler" }] }, who: { identifier: { value: "app" } } },
      ],
    });
    expect((await as("physician").get(`/Provenance/${told[1].id}`)).body).toEqual(told[1]);
    expect((await as("physician").get(`/Provenance/${told[1].id}/_history/1`)).body).toEqual(told[1]);
    expect((await as("physician").get(`/Provenance?target=${patient}&_summary=count`)).body.total).toBe(3);
    expect(await provenances(`target=${patient}&agent=Practitioner/ada`)).toHaveLength(1);
  });

  it("are included in a history, with _revinclude, and page by page", async () => {
    const patient = await newPatient();
    const { body } = await as("physician").get(`/${patient}`);
    await as("physician").send("PUT", `/${patient}`, { ...body, gender: "male" });
    const { entry } = (await as("physician").get(`/${patient}/_history`)).body;
    expect(entry.map((it: Json) => it.extension[0].extension[0].valueReference.display)).toEqual(["Ada Rossi", "front-desk"]);
    expect(entry[0].extension[0]).toMatchObject({
      url: "urn:openward:author",
      extension: [{ url: "who", valueReference: ADA }, {}, {}, {}],
    });
    const found = (await as("physician").get(`/Patient?_id=${body.id}&_revinclude=Provenance:target`)).body.entry;
    expect(found.map((it: Json) => it.resource.resourceType)).toEqual(["Patient", "Provenance", "Provenance"]);
    const first = (await as("physician").get(`/Provenance?target=${patient}&_count=1`)).body;
    expect(first.entry).toHaveLength(1);
    const next = await as("physician").get(first.link.find((it: Json) => it.relation === "next").url.split("/fhir")[1]);
    expect(next.body.entry.map((it: Json) => it.resource.target[0].reference)).toEqual([`${patient}/_history/2`]);
  });

  it("are the signed-in person for everything that an action does, at every owner, also with an Idempotency-Key", async () => {
    const patient = await newPatient();
    const { visit } = await act("front-desk", "visits/open", { patient }, { "Idempotency-Key": '"once"' });
    expect(await authorsOf(visit)).toEqual([["1", "CREATE", "front-desk", "front-desk"]]);
    await act("physician", "visits/close", { visit });
    expect((await authorsOf(visit)).at(-1)).toEqual(["2", "UPDATE", "Practitioner/ada", "physician"]);
  });

  it("are the same for all parts of a transaction over several owners, and for a merge its requester", async () => {
    const [source, target] = [await newPatient(), await newPatient()];
    const entry = (resource: { resourceType: string }) => ({ resource, request: { method: "POST", url: resource.resourceType } });
    const subject = { reference: source };
    const bundle = {
      resourceType: "Bundle",
      type: "transaction",
      entry: [
        entry({ resourceType: "Condition", subject } as { resourceType: string }),
        entry({ resourceType: "ServiceRequest", status: "active", intent: "order", subject } as { resourceType: string }),
      ],
    };
    const { body } = await as("physician").send("POST", "", bundle);
    const places = body.entry.map((it: Json) => it.response.location.match(/([A-Z][A-Za-z]+\/[^/]+)\/_history/)[1]);
    for (const place of places) expect(await authorsOf(place)).toEqual([["1", "CREATE", "Practitioner/ada", "physician"]]);
    await act("records-office", "patients/merge", { source, target });
    for (const place of [...places, source]) {
      expect((await authorsOf(place)).at(-1)).toEqual([expect.any(String), "UPDATE", "records-office", "records-office"]);
    }
  });

  it("name the record in force in what they send by the old number of a merged one", async () => {
    const numbered = async (value: string) => {
      const identifier = [{ system: "urn:mrn", value }];
      const { body } = await as("front-desk").create({ resourceType: "Patient", name: [{ family: "Rossi" }], identifier });
      return `Patient/${body.id}`;
    };
    const [source, target] = [await numbered("merged-1"), await numbered("merged-2")];
    await act("records-office", "patients/merge", { source, target });
    const resource = { resourceType: "Condition", subject: { reference: "Patient?identifier=urn:mrn|merged-1" } };
    const entry = [{ resource, request: { method: "POST", url: "Condition" } }];
    const { status, body } = await as("physician").send("POST", "", { resourceType: "Bundle", type: "transaction", entry });
    expect([status, body.issue]).toEqual([200, undefined]);
    expect((await as("physician").get(`/Condition?subject=${target}`)).body.total).toBe(1);
  });

  it("are visible to those who may read the target, and to nobody else", async () => {
    const patient = await newPatient();
    const { body } = await as("physician").create({ resourceType: "Condition", subject: { reference: patient } });
    const [made] = await provenances(`target=Condition/${body.id}`);
    expect(await provenances(`target=${patient}`, "front-desk")).toHaveLength(1);
    for (const role of ["front-desk", "auditor"]) {
      expect(await provenances(`target=Condition/${body.id}`, role)).toEqual([]);
      expect((await as(role).get(`/Provenance/${made.id}`)).status).toBe(404);
    }
  });

  const order = (more: object = {}) => ({
    resourceType: "ServiceRequest",
    status: "active",
    intent: "order",
    subject: { reference: ordered },
    ...more,
  });
  const other = { reference: "Practitioner/other" };

  it("are filled into the resource's own element, unless the client has named them correctly", async () => {
    expect((await as("physician").create(order())).body.requester).toEqual(ADA);
    const mine = { reference: "Practitioner/ada" };
    expect((await as("physician").create(order({ requester: mine }))).body.requester).toEqual(mine);
    const result = { resourceType: "Observation", status: "final", code: { text: "Weight" } };
    expect((await as("physician").create(result)).body.performer).toEqual([ADA]);
    expect((await as("physician").create({ ...result, performer: [mine, other] })).body.performer).toEqual([mine, other]);
    expect((await as("nurse").create(result)).body.performer).toBeUndefined(); // this nurse is no Practitioner here
    const { body } = await as("physician").send("PUT", "/Observation/put-new", { ...result, id: "put-new" });
    expect(body.performer).toEqual([ADA]);
    const { performer: _, ...without } = body;
    expect((await as("physician").send("PUT", "/Observation/put-new", without)).body.performer).toBeUndefined();
    const patient = await newPatient();
    const { visit } = await act("front-desk", "visits/open", { patient });
    const made = await act("physician", "lab/order", { patient, encounter: visit, test: { system: "http://loinc.org", code: "718-7" } });
    expect((await as("physician").get(`/${made.order}`)).body.requester).toEqual(ADA);
  });

  it("cannot be somebody else by display text: beside an own reference, alone, or in a note", async () => {
    const people = [
      { id: "house", name: [{ family: "House", given: ["Gregory"] }] },
      { id: "carreno", name: [{ family: "Carreño Quiñones", given: ["Inés"] }] },
      { id: "salma", name: [{ family: "بن علي", given: ["سلمى"] }] },
      { id: "text", name: [{ text: "Lisa Cuddy" }] },
      { id: "brien", name: [{ family: "O'Brien-Smith", given: ["Anne-Marie"] }] },
      { id: "brother", name: [{ family: "Rossi", given: ["Bruno"] }] },
      { id: "ada", name: [{ family: "Rossi", given: ["Ada"] }] },
    ];
    for (const one of people) {
      expect((await as("system").send("PUT", `/Practitioner/${one.id}`, { resourceType: "Practitioner", ...one })).status).toBeLessThan(
        300,
      );
    }
    const mine = { reference: "Practitioner/ada" };
    const statusOf = async (more: object) => (await as("physician").create(order(more))).status;
    const others = [
      "Dr. House",
      "HOUSE, Gregory",
      "G. House MD",
      "Inés Carreño-Quiñones",
      "الدكتورة سلمى بن علي",
      "lisa cuddy",
      "Bruno Rossi",
      "Anne-Marie O'Brien-Smith",
      "Sr. A. O\u2019Brien Smith",
    ];
    for (const display of others) {
      for (const requester of [{ ...mine, display }, { display }, { identifier: { value: "1" }, display }]) {
        const { status, body } = await as("physician").create(order({ requester }));
        expect([display, status, body.issue?.[0].expression]).toEqual([display, 422, ["ServiceRequest.requester.display"]]);
      }
      expect([display, await statusOf({ note: [{ text: "x", authorString: display }] })]).toEqual([display, 422]);
    }
    // However many are named, and however long.
    const crowd = (count: number) =>
      Array.from({ length: count }, (_, n) => ({
        text: "x",
        authorString: Array.from({ length: 12 }, (_, word) => `Nobody${n}x${word}`).join(" "),
      }));
    expect(await statusOf({ note: crowd(50) })).toBe(201);
    expect(await statusOf({ note: [...crowd(49), { text: "x", authorString: "Lisa Cuddy" }] })).toBe(422);
    // Own names, and those of nobody of this house: a mother, another house, what only has a word in common.
    for (const display of [
      "Ada Rossi",
      "Dr Rossi",
      "A. Rossi",
      "ROSSI Ada, MD, cardiology",
      "The mother",
      "House Laboratories Ltd",
      "Cuddy",
      "Mrs O'Brien",
      "",
    ]) {
      const requester = display === "" ? mine : { ...mine, display };
      expect([display, await statusOf({ requester })]).toEqual([display, 201]);
      if (display !== "") expect([display, await statusOf({ note: [{ text: "x", authorString: display }] })]).toEqual([display, 201]);
    }
    // What was so before stays, and who may enter for others enters it.
    const { body } = await as("system").create(order({ requester: { display: "Dr. House" } }));
    const path = `/ServiceRequest/${body.id}`;
    expect((await as("physician").send("PUT", path, { ...body, priority: "urgent" })).status).toBe(200);
    expect((await as("physician").send("PUT", path, { ...body, requester: { display: "Lisa Cuddy" } })).status).toBe(422);
  });

  it("cannot be somebody else: another's name is refused, also in a transaction, and stored ones are kept", async () => {
    const refused = await as("physician").create(order({ requester: other }));
    expect([refused.status, refused.body.issue]).toEqual([
      422,
      [expect.objectContaining({ code: "forbidden", expression: ["ServiceRequest.requester"] })],
    ]);
    const entry = { resource: order({ requester: other }), request: { method: "POST", url: "ServiceRequest" } };
    const bundle = { resourceType: "Bundle", type: "transaction", entry: [{ ...entry, resource: order() }, entry] };
    const whole = await as("physician").send("POST", "", bundle);
    expect([whole.status, whole.body.issue[0].expression]).toEqual([422, ["Bundle.entry[1].resource.requester"]]);

    // Who may enter for others does: the author that is kept is who has done it.
    const entered = await as("system").create(order({ requester: other }));
    expect(entered.body.requester).toEqual(other);
    expect(await authorsOf(`ServiceRequest/${entered.body.id}`)).toEqual([["1", "CREATE", "system", "system"]]);
    const path = `/ServiceRequest/${entered.body.id}`;
    expect((await as("physician").send("PUT", path, { ...entered.body, priority: "urgent" })).status).toBe(200);
    const changed = { ...entered.body, requester: { reference: "Practitioner/third" } };
    expect((await as("physician").send("PUT", path, changed)).status).toBe(422);
    const patch = [{ op: "replace", path: "/requester/reference", value: "Practitioner/third" }];
    expect((await as("physician").send("PATCH", path, patch, { "Content-Type": "application/json-patch+json" })).status).toBe(422);
    const note = {
      resourceType: "Provenance",
      target: [{ reference: "Patient/1" }],
      recorded: "2026-01-01T00:00:00Z",
      agent: [{ who: other }],
    };
    expect((await as("system").create(note)).status).toBe(201);
  });

  it("cannot be somebody else by their role, their number or a copy of them, nor in a note", async () => {
    for (const [id, practitioner] of Object.entries({ "role-ada": "ada", "role-other": "other" })) {
      const role = { resourceType: "PractitionerRole", id, practitioner: { reference: `Practitioner/${practitioner}` } };
      expect((await as("system").send("PUT", `/PractitionerRole/${id}`, role)).status).toBe(201);
    }
    const result = { resourceType: "Observation", status: "final", code: { text: "Weight" } };
    const by = async (more: object) => {
      const { status, body } = await as("physician").create({ ...result, ...more });
      return status === 422 ? body.issue[0].expression[0] : status;
    };
    const note = (reference: string) => ({ text: "as it was", authorReference: { reference } });
    const inRole = (reference: string) => ({ resourceType: "PractitionerRole", id: "r", practitioner: { reference } });
    expect(await by({ performer: [{ reference: "PractitionerRole/role-ada" }] })).toBe(201);
    expect(await by({ contained: [inRole("Practitioner/ada")], performer: [{ reference: "#r" }] })).toBe(201);
    expect(await by({ note: [note("Practitioner/ada")] })).toBe(201);
    for (const performer of [
      { reference: "PractitionerRole/role-other" },
      { reference: "PractitionerRole/role-nobody" },
      { reference: `${mesh.base}/fhir/PractitionerRole/role-other` },
      { type: "Practitioner", identifier: { system: "urn:rpps", value: "2" } },
      { reference: "#r" },
    ]) {
      expect(await by({ contained: [inRole("Practitioner/other")], performer: [performer, { reference: "#r" }] })).toBe(
        "Observation.performer[0]",
      );
    }
    expect(await by({ note: [note("Practitioner/ada"), note("Practitioner/other")] })).toBe("Observation.note[1].authorReference");

    // What another has said stays as they have said it.
    const { body } = await as("system").create({ ...result, note: [note("Practitioner/other")] });
    const put = async (text: string, more: object[] = []) =>
      (await as("physician").send("PUT", `/Observation/${body.id}`, { ...body, note: [{ ...body.note[0], text }, ...more] })).status;
    expect(await put("as it was", [note("Practitioner/ada")])).toBe(200);
    expect(await put("as it was not", [note("Practitioner/ada")])).toBe(422);
  });

  it("cannot be overwritten: nobody can store a Provenance with such an id", async () => {
    const [made] = await provenances(`target=${await newPatient()}`);
    for (const method of ["PUT", "DELETE"]) {
      const { status, body } = await as("system").send(method, `/Provenance/${made.id}`, method === "PUT" ? made : undefined);
      expect([method, status, body.issue[0].details?.coding?.[0]?.code ?? body.issue[0].diagnostics]).toEqual([
        method,
        422,
        expect.stringMatching(/RESERVED_ID|by itself/),
      ]);
    }
    const path = `/Provenance/${made.id}`;
    const changed = [
      as("system").send("PATCH", path, [{ op: "add", path: "/reason", value: [] }], { "Content-Type": "application/json-patch+json" }),
      as("system").send("POST", `${path}/$meta-add`, {
        resourceType: "Parameters",
        parameter: [{ name: "meta", valueMeta: { tag: [{ code: "x" }] } }],
      }),
      as("system").send("POST", "", {
        resourceType: "Bundle",
        type: "transaction",
        entry: [{ resource: made, request: { method: "PUT", url: path.slice(1), ifMatch: 'W/"1"' } }],
      }),
    ];
    for (const { status, body } of await Promise.all(changed)) {
      expect([status, body.issue[0].diagnostics]).toEqual([422, expect.stringContaining("by itself")]);
    }
  });
});
