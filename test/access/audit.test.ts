/** Every look is on record: who has seen or done what with whose data, and nobody changes the record. */
import { randomUUID } from "node:crypto";
import { type AuditEntry, noteAudit } from "../../federation/audit-contract.ts";
import type { Look } from "../../services/ledger/ledger.contract.ts";
import { ledgerCommand } from "../../scripts/ledger/command.ts";
import { asSystem } from "../../mesh/access/access.ts";
import type { RoleName } from "../../services/identity/identity.contract.ts";
import { Browser } from "../../scripts/identity/browser.ts";
import { PASSWORD } from "../identity/app.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import type { Mesh } from "../kit/mesh.ts";
import { SignedIn, startClosed } from "./signed-in.ts";
import { eventually } from "../kit/events.ts";

// biome-ignore lint/suspicious/noExplicitAny: FHIR JSON as it came
type Json = any;

describe("the audit log", () => {
  let mesh: Mesh;
  let all: SignedIn;
  const as = (name: string): FhirHttp => all.as(name);
  const rest: SignedIn["api"] = (...asked) => all.api(...asked);
  const looksAt: SignedIn["looksAt"] = (...asked) => all.looksAt(...asked);
  const newPatient: SignedIn["newPatient"] = (...asked) => all.newPatient(...asked);
  /** Once there are so many, oldest first. */
  const recorded = async (patient: string, count: number): Promise<Look[]> =>
    (
      await eventually(
        () => looksAt(patient),
        (looks) => looks.filter(({ role, isDone }) => role !== "auditor" || !isDone).length >= count,
      )
    ).reverse();

  beforeAll(async () => {
    mesh = await startClosed();
    const roles: RoleName[] = ["front-desk", "nurse", "system", "auditor", "records-office", "administrator"];
    all = await SignedIn.at(mesh, roles, "patient/*.rs", "physician");
  });
  afterAll(() => mesh?.stop());

  it("has an entry in words for each interaction with a patient's data", async () => {
    const patient = await newPatient({ identifier: [{ system: "urn:seen", value: "1" }] });
    const { body } = await as("physician").get(`/${patient}`);
    await as("physician").get(`/${patient}/_history/1`);
    await as("physician").get(`/${patient}/_history`);
    await as("nurse").get("/Patient?identifier=urn:seen|1");
    await as("physician").send("PUT", `/${patient}`, { ...body, gender: "female" }, { "X-Purpose-Of-Use": "TREAT" });
    await as("system").send("DELETE", `/${patient}`);
    const looks = (await recorded(patient, 7)).filter(({ role }) => role !== "auditor");
    expect(looks.map(({ says }) => says).sort()).toEqual(
      [
        "front-desk (front desk) has added to the personal details",
        "Ada Rossi (physician) has read the personal details",
        "Ada Rossi (physician) has read an earlier version of the personal details",
        "Ada Rossi (physician) has read the history of the personal details",
        "nurse (nurse) has searched the personal details",
        "Ada Rossi (physician) has changed the personal details, purpose: treatment",
        "system (system) has deleted something of the personal details",
      ].sort(),
    );
    expect((await looksAt(patient, "fr")).map(({ says }) => says)).toContain("Ada Rossi (médecin) a lu l’identité");
    expect((await looksAt(patient, "ar")).map(({ says }) => says)).toContain(
      "\u2068Ada Rossi\u2069 (الأطباء): الاطلاع على البيانات الشخصية",
    );
    const { body: by } = await rest("auditor", "ledger/looksBy?who=Practitioner/ada&limit=2");
    expect([by.looks.length, by.next]).toEqual([2, expect.any(String)]);
  });

  it("has FHIR's elements: who, which patient, which query, which request", async () => {
    const patient = await newPatient({ identifier: [{ system: "urn:seen", value: "2" }] });
    await as("nurse").get("/Patient?identifier=urn:seen|2", { "X-Request-ID": "request-2" });
    await recorded(patient, 2);
    const { body } = await as("auditor").get(`/AuditEvent?patient=${patient}&subtype=search`);
    expect(body.entry[0].resource).toMatchObject({
      type: { code: "rest" },
      subtype: [{ system: "http://hl7.org/fhir/restful-interaction", code: "search" }],
      outcome: "0",
      agent: [
        { type: { coding: [{ code: "IRCP" }] }, role: [{ text: "nurse" }], who: { display: "nurse" }, requestor: true },
        { type: { coding: [{ code: "110153" }] }, who: { identifier: { value: "app" } }, network: { address: "127.0.0.1", type: "2" } },
        { type: { coding: [{ code: "110152" }] }, who: { display: "patients" } },
      ],
      entity: [
        { what: { reference: patient }, role: { code: "1" } },
        { role: { code: "24" }, query: Buffer.from("GET /fhir/Patient?identifier=urn:seen|2").toString("base64") },
        { what: { identifier: { value: "request-2" } }, type: { code: "XrequestId" } },
      ],
    });
  });

  it("has included resources, writes of a transaction, and data shown by an action", async () => {
    const patient = await newPatient();
    const condition = { resourceType: "Condition", subject: { reference: patient } };
    const bundle = {
      resourceType: "Bundle",
      type: "transaction",
      entry: [{ resource: condition, request: { method: "POST", url: "Condition" } }],
    };
    await as("physician").send("POST", "", bundle);
    await as("physician").get(`/Patient?_id=${patient.split("/")[1]}&_revinclude=Condition:subject`);
    await rest("front-desk", "patients/candidates", { family: "Seen", given: ["X"], birthDate: "1980-01-01", gender: "female" });
    const looks = await recorded(patient, 4);
    expect(looks.map(({ says }) => says)).toEqual(
      expect.arrayContaining(["Ada Rossi (physician) has added to the problems", "Ada Rossi (physician) has searched the problems"]),
    );
  });

  it("has the patients that $match has shown", async () => {
    const described = { name: [{ family: "Matched", given: ["Ada"] }], birthDate: "1980-02-03", gender: "female" };
    const patient = await newPatient(described);
    const resource = { resourceType: "Patient", ...described };
    const parameters = { resourceType: "Parameters", parameter: [{ name: "resource", resource }] };
    const { body } = await as("physician").send("POST", "/Patient/$match", parameters);
    expect(body.entry.map((it: Json) => `Patient/${it.resource.id}`)).toEqual([patient]);
    const [, look] = await recorded(patient, 2);
    expect(look).toMatchObject({ role: "physician", isDone: true, says: "Ada Rossi (physician) has used the search for duplicates" });
  });

  it("follows merged records in both directions, until they are separated", async () => {
    const [one, other, third] = [await newPatient(), await newPatient(), await newPatient()];
    for (const patient of [one, other, third]) await as("physician").get(`/${patient}`);
    await recorded(third, 2);
    const change = (action: "merge" | "unmerge") =>
      rest("records-office", `patients/${action}`, { source: one, ...(action === "merge" && { target: other }) });
    expect((await change("merge")).body).toMatchObject({ state: "merged" });
    const readsOf = async (patient: string) =>
      new Set(
        (await looksAt(patient)).filter(({ says }) => says.endsWith("has read the personal details")).flatMap(({ patients }) => patients),
      );
    for (const patient of [one, other]) expect([patient, await readsOf(patient)]).toEqual([patient, new Set([one, other])]);
    expect(await readsOf(third)).toEqual(new Set([third]));
    expect((await change("unmerge")).status).toBe(200);
    expect(await readsOf(one)).toEqual(new Set([one]));
  });

  it("has refused attempts, and no entry for data that was not shown", async () => {
    const patient = await newPatient();
    expect((await as("auditor").get(`/${patient}`)).status).toBe(403);
    const { body } = await eventually(
      () => as("auditor").get("/AuditEvent?outcome=4&_sort=-date&_count=1"),
      (found) => found.body.entry?.length === 1,
    );
    expect(body.entry[0].resource).toMatchObject({ outcome: "4", agent: [{ who: { display: "auditor" } }, {}, {}] });
    expect((await recorded(patient, 2)).map(({ says }) => says)).toEqual(
      expect.arrayContaining([
        "front-desk (front desk) has added to the personal details",
        "auditor (auditor) has read the personal details (refused)",
      ]),
    );
    expect((await looksAt(patient)).filter(({ what, isDone }) => isDone && what.includes("Patient"))).toHaveLength(1);
  });

  it.each([
    ["a search by the patient", "physician", (id: string) => `/Condition?patient=Patient/${id}`, "Condition"],
    ["one by the id alone", "physician", (id: string) => `/Procedure?subject=${id}`, "Procedure"],
    ["one within the record", "physician", (id: string) => `/Patient/${id}/CarePlan`, "CarePlan"],
    ["a count", "physician", (id: string) => `/Condition?patient=${id}&_summary=count`, "Condition"],
    ["a chain", "physician", (id: string) => `/Condition?patient:Patient._id=${id}&code=none`, "Condition"],
    ["$lastn", "physician", (id: string) => `/Observation/$lastn?patient=${id}`, "Observation"],
    ["the record itself, by another criterion too", "physician", (id: string) => `/Patient?_id=${id}&gender=other`, "Patient"],
  ])("has what was not found of a patient: %s", async (_, role, address, type) => {
    const patient = await newPatient();
    const { status, body } = await as(role).get(address(patient.slice("Patient/".length)));
    expect([status, body.total]).toEqual([200, 0]);
    const looks = (await recorded(patient, 2)).filter((it) => it.role === role);
    expect(looks[0]).toMatchObject({ isDone: true, what: [type] });
  });

  it("has a search that could find nothing, as its caller is limited to another patient, as a refused attempt only", async () => {
    const [own, other] = [await newPatient(), await newPatient()];
    const browser = new Browser(mesh.base);
    const request = await all.app.request("openid patient/Observation.rs");
    const login = await browser.see(request.url);
    const shown = await browser.see(login.url, { step: "login", login: all.app.login, password: PASSWORD });
    const consent = await browser.see(shown.url, { step: "pick", patient: own.slice("Patient/".length) });
    const back = await browser.leave(consent.url, { step: "allow" });
    const { access_token: token } = await all.app.exchange(back, request.verifier, request.state);
    const { body } = await fhirAt(mesh.base, token).get(`/Observation?patient=${other}`);
    expect(body.total).toBe(0);
    await as("nurse").get(`/${other}`);
    const looks = await recorded(other, 3);
    expect(looks.filter(({ what }) => what.includes("Observation")).map(({ isDone }) => isDone)).toEqual([false]);
  });

  it("has the reading of a patient's versions' authors", async () => {
    const patient = await newPatient();
    expect((await as("physician").get(`/Provenance?target=${patient}`)).body.total).toBe(1);
    const looks = (await recorded(patient, 2)).filter((it) => it.role === "physician");
    expect(looks).not.toEqual([]);
    for (const look of looks) expect(look).toMatchObject({ isDone: true, what: ["Provenance"] });
  });

  it("has each entry of a batch with its own URL, including equal ones and refused ones", async () => {
    const patient = await newPatient();
    const entry = ["Observation?code=urn:batch|1", "Observation?code=urn:batch|2", patient, "Invoice?_count=1"].map((url) => ({
      request: { method: "GET", url },
    }));
    const answer = await as("nurse").send("POST", "", { resourceType: "Bundle", type: "batch", entry });
    expect(answer.body.entry.map((it: Json) => it.response.status)).toEqual(["200", "200", "200", "403"]);
    const queries = async () => {
      const { body } = await as("auditor").get("/AuditEvent?subtype=search&_count=200&_sort=-date");
      return (body.entry as Json[]).flatMap(({ resource: { outcome, entity = [] } }) =>
        entity.flatMap(({ query }: Json) => (query ? [`${outcome} ${Buffer.from(query, "base64").toString()}`] : [])),
      ) as string[];
    };
    const wanted = [
      "0 GET /fhir/Observation?code=urn:batch|1 in POST /fhir",
      "0 GET /fhir/Observation?code=urn:batch|2 in POST /fhir",
      "4 GET /fhir/Invoice?_count=1 in POST /fhir",
    ];
    const found = await eventually(queries, (all) => wanted.every((one) => all.includes(one)));
    expect(new Set(found.filter((one) => one.includes("in POST /fhir")))).toEqual(new Set(wanted));
    expect((await recorded(patient, 2)).map(({ says }) => says)).toContain("nurse (nurse) has read the personal details");
  });

  it("has changes of accounts and roles, and nobody can give roles to themselves", async () => {
    const change = (user: string, roles: RoleName[]) => rest("administrator", "identity/setRoles", { user, roles });
    expect(await change("administrator", ["administrator", "physician"])).toMatchObject({
      status: 409,
      body: { error: { code: 409, type: "OTHER_PERSON_NEEDED" } },
    });
    const made = { login: "porter", name: "P", roles: ["nurse"], password: "four words make one" };
    expect((await rest("administrator", "identity/createUser", made)).status).toBe(200);
    expect((await change("porter", ["front-desk"])).status).toBe(200);
    expect((await rest("nurse", "identity/setRoles", { user: "nurse", roles: ["physician"] })).status).toBe(403);
    const noted = async () => {
      const { body } = await as("auditor").get("/AuditEvent?subtype=operation&_sort=-date&_count=200");
      return (body.entry as Json[]).flatMap(({ resource: { outcome, agent, entity = [] } }) =>
        entity.flatMap(({ query = "" }: Json) => `${outcome} ${agent[0].who.display} ${Buffer.from(query, "base64").toString()}`),
      ) as string[];
    };
    const wanted = [
      '4 administrator identity.setRoles {"user":"administrator","roles":["administrator","physician"]}',
      '0 administrator identity.createUser {"login":"porter","name":"P","roles":["nurse"]}',
      '0 administrator identity.setRoles {"user":"porter","roles":["front-desk"]}',
      "4 nurse POST /api/identity/setRoles",
    ];
    expect(await eventually(noted, (all) => wanted.every((one) => all.includes(one)))).toEqual(expect.arrayContaining(wanted));
  });

  it("has sign-ins, and from where", async () => {
    const { body } = await eventually(
      () => as("auditor").get("/AuditEvent?subtype=110122"),
      (found) => found.body.entry?.length >= 5,
    );
    const agent = [{ network: { address: "127.0.0.1" } }, { who: { identifier: { value: "app" } } }, {}];
    expect(body.entry[0].resource).toMatchObject({ type: { code: "110114" }, subtype: [{ display: "Login" }], outcome: "0", agent });
  });

  it("can be changed by nobody through any API, and read only by the auditor", async () => {
    const patient = await newPatient();
    await recorded(patient, 1);
    const { body } = await as("auditor").get(`/AuditEvent?patient=${patient}`);
    const [{ resource: event }] = body.entry;
    for (const name of ["physician", "front-desk", "nurse"]) {
      expect((await as(name).get(`/AuditEvent/${event.id}`)).status).toBe(403);
      expect((await rest(name, `ledger/looksAt?patient=${patient}`)).status).toBe(403);
    }
    const path = `/AuditEvent/${event.id}`;
    const bundle = (method: string, url: string) => ({
      resourceType: "Bundle",
      type: "transaction",
      entry: [{ request: { method, url }, ...(method === "DELETE" ? {} : { resource: event }) }],
    });
    for (const name of ["auditor", "system"]) {
      const tries = [
        await as(name).send("PUT", path, event),
        await as(name).send("DELETE", path),
        await as(name).send("DELETE", `/AuditEvent?patient=${patient}`),
        await as(name).create(event),
        await as(name).create(event, { "If-None-Exist": `entity=${patient}` }),
        await as(name).send("PATCH", path, [{ op: "replace", path: "/outcome", value: "8" }], {
          "Content-Type": "application/json-patch+json",
        }),
        await as(name).send("POST", "", bundle("DELETE", `AuditEvent/${event.id}`)),
        await as(name).send("POST", "", bundle("PUT", `AuditEvent/${event.id}`)),
        await as(name).send("POST", `${path}/$meta-add`, {
          resourceType: "Parameters",
          parameter: [{ name: "meta", valueMeta: { tag: [{ code: "x" }] } }],
        }),
      ];
      expect(tries.map(({ status }) => status).filter((status) => status !== 403 && status !== 405)).toEqual([]);
    }
    const operator = asSystem(mesh.caller, "operator");
    const steps = [{ op: "delete", type: "AuditEvent", id: event.id }];
    await expect(operator.call("ledger.fhir.write", { steps })).rejects.toMatchObject({ code: 405, type: "APPEND_ONLY" });
    await expect(operator.call("ledger.fhir.prepare", { tx: "node~1", steps })).rejects.toMatchObject({ code: 405, type: "APPEND_ONLY" });
    expect((await as("auditor").get(path)).body).toEqual(event);
    expect((await as("auditor").get(`${path}/_history`)).body.entry).toHaveLength(1);
  });

  it("is paged without losing accesses of the same millisecond", async () => {
    const patient = "Patient/paged";
    const by = { who: "Practitioner/many", role: "nurse" };
    const entries: AuditEntry[] = Array.from({ length: 7 }, (_, n) => ({
      at: 1_780_000_000_000 + (n < 5 ? 0 : 1),
      deed: "read",
      isDone: true,
      by,
      patients: [patient],
    }));
    await noteAudit(asSystem(mesh.caller, "operator"), { id: randomUUID(), owner: "lab", entries });
    for (const asked of [`looksAt?patient=${patient}`, `looksBy?who=${by.who}`]) {
      const found: string[] = [];
      for (let before: string | undefined = "2027-01-01"; before !== undefined; ) {
        const { body } = await rest("auditor", `ledger/${asked}&limit=2&before=${before}`);
        found.push(...body.looks.map(({ event }: Look) => event));
        before = body.next;
      }
      expect([new Set(found).size, found.length]).toEqual([7, 7]);
    }
    // The number of a row in its store may be large.
    const large = `before=2026-01-01T00:00:00.000Z/${Number.MAX_SAFE_INTEGER}/x`;
    expect(await rest("auditor", `ledger/looksAt?patient=${patient}&${large}`)).toEqual({ status: 200, body: { looks: [] } });
    const refused = await rest("auditor", `ledger/looksAt?patient=${patient}&before=2027-01-01/x`);
    expect([refused.status, refused.body.error.type]).toEqual([422, "VALIDATION_ERROR"]);
  });

  it("is shown to an auditor at the console, with whether it is complete", async () => {
    const said: string[] = [];
    const asking = {
      base: mesh.base.replace(/\/fhir$/, ""),
      token: all.tokenOf("auditor"),
      say: (line: string) => said.push(line),
    };
    const patient = await newPatient();
    await recorded(patient, 1);
    expect(await ledgerCommand(["looks", "--patient", patient, "--language", "fr"], asking)).toBe(true);
    expect(said).toContainEqual(expect.stringMatching(/Z {2}front-desk \(accueil\) a complété l’identité {2}Patient\//));
    expect(await ledgerCommand(["looks", "--who", "Practitioner/nobody"], asking)).toBe(true);
    expect(said.at(-1)).toBe("No access is on record.");
    expect(await ledgerCommand(["check"], asking)).toBe(true);
    expect(said.at(-1)).toBe("0 events in 0 segments match their hashes."); // nothing is a minute old
    expect(await ledgerCommand(["check", "--head", "x"], asking)).toBe(false);
    await expect(ledgerCommand(["looks"], asking)).rejects.toThrow(/^usage/);
    const stranger = { ...asking, token: all.tokenOf("nurse") };
    await expect(ledgerCommand(["check"], stranger)).rejects.toThrow(/may not call ledger.check/);
  });
});
