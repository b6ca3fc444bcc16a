/** Idempotency-Key: the same key gives the same answer and one effect, at every door that writes. */
import { randomUUID } from "node:crypto";
import { jest } from "@jest/globals";
import { eventually } from "../kit/events.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

interface Sent {
  method?: string;
  path: string;
  body: unknown;
  headers?: Record<string, string>;
}

const FHIR = { "Content-Type": "application/fhir+json" };
const JSON_TYPE = { "Content-Type": "application/json" };
const MEDICATION = { system: "urn:drugs", code: "a1", display: "Aspirin" };
const TOLD = ["etag", "location", "content-location", "last-modified", "content-type"];

let mesh: Mesh;
beforeAll(async () => {
  const services = "api,transactions,patients,wards,visits,hospitalizations,lab,pharmacy,records,billing,journal".split(",");
  mesh = await startMesh({ services, nats: false, split: "broker" });
}, 60_000);
afterAll(() => mesh?.stop());

async function send({ method = "POST", path, body, headers = path.startsWith("/api") ? JSON_TYPE : FHIR }: Sent, key?: string) {
  const answer = await fetch(mesh.base + path, {
    method,
    headers: { ...headers, ...(key !== undefined && { "Idempotency-Key": key }) },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const told = Object.fromEntries(TOLD.map((name) => [name, answer.headers.get(name)]));
  return { status: answer.status, told, text: await answer.text(), retryAfter: answer.headers.get("retry-after") };
}

const done = async (sent: Sent) => {
  const { status, text } = await send(sent);
  if (status >= 300) throw new Error(`${sent.path}: ${status} ${text}`);
  return JSON.parse(text);
};

/** Every version of every resource, and the stock: what an effect would change. */
async function everything(): Promise<unknown> {
  const versions: string[] = [];
  for (let next: string | undefined = `${mesh.base}/fhir/_history?_count=1000`; next !== undefined; ) {
    const page = (await (await fetch(next)).json()) as {
      entry?: { fullUrl: string; response: { etag: string } }[];
      link: { relation: string; url: string }[];
    };
    versions.push(...(page.entry ?? []).map(({ fullUrl, response }) => `${fullUrl} ${response.etag}`));
    next = page.link.find(({ relation }) => relation === "next")?.url;
  }
  return { versions: versions.sort(), stock: await (await fetch(`${mesh.base}/api/pharmacy/listStock`)).json() };
}

const person = () => ({ resourceType: "Patient", name: [{ family: "Rossi" }], identifier: [{ system: "urn:mrn", value: randomUUID() }] });
const patient = async () => `Patient/${(await done({ path: "/fhir/Patient", body: person() })).id}`;
const ward = async () =>
  (await done({ path: "/api/wards/open", body: { name: randomUUID(), rooms: [{ name: "1", beds: ["a", "b"] }] } })).location as string;
const bed = async () => {
  const beds = (await (await fetch(`${mesh.base}/api/wards/listBeds?ward=${encodeURIComponent(await ward())}`)).json()) as {
    location: string;
  }[];
  return beds[0]?.location as string;
};
const visit = async () => (await done({ path: "/api/visits/open", body: { patient: await patient() } })).visit as string;
const order = async () => (await done({ path: "/api/lab/order", body: { patient: await patient(), test: MEDICATION } })).order as string;
const prescription = async () => {
  await done({ path: "/api/pharmacy/receive", body: { medication: MEDICATION, quantity: 100 } });
  const body = { patient: await patient(), medication: MEDICATION, quantity: 10, dosage: "1-0-1" };
  return (await done({ path: "/api/pharmacy/prescribe", body })).prescription as string;
};
const closed = async () => {
  const encounter = await visit();
  await done({ path: "/api/billing/charge", body: { encounter, text: "Plaster", cents: 500, currency: "EUR" } });
  await done({ path: "/api/visits/close", body: { visit: encounter } });
  return encounter;
};
const entry = (resource: object, fullUrl?: string) => ({
  ...(fullUrl && { fullUrl }),
  resource,
  request: { method: "POST", url: (resource as { resourceType: string }).resourceType },
});
const condition = (subject: string) => ({ resourceType: "Condition", subject: { reference: subject }, code: { text: "cough" } });

const DOORS: [string, () => Promise<Sent>][] = [
  ["a create", async () => ({ path: "/fhir/Patient", body: person() })],
  [
    "a create that is answered without a body",
    async () => ({ path: "/fhir/Patient", body: person(), headers: { ...FHIR, Prefer: "return=minimal" } }),
  ],
  [
    "a conditional create",
    async () => ({ path: "/fhir/Patient", body: person(), headers: { ...FHIR, "If-None-Exist": `identifier=${randomUUID()}` } }),
  ],
  [
    "a create of a shared type",
    async () => ({ path: "/fhir/Observation", body: { resourceType: "Observation", status: "final", code: { text: "pulse" } } }),
  ],
  [
    "a create of what has several owners, by a condition",
    async () => ({
      path: "/fhir/Observation",
      body: { resourceType: "Observation", status: "final", code: { text: "pulse" } },
      headers: { ...FHIR, "If-None-Exist": `identifier=${randomUUID()}` },
    }),
  ],
  ["a Binary as it is", async () => ({ path: "/fhir/Binary", body: "some text", headers: { "Content-Type": "text/plain" } })],
  [
    "a transaction over several services",
    async () => ({
      path: "/fhir",
      body: {
        resourceType: "Bundle",
        type: "transaction",
        entry: [
          entry(person(), "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"),
          entry(condition("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0")),
        ],
      },
      headers: { ...FHIR, Prefer: "return=representation" },
    }),
  ],
  [
    "a transaction of one service",
    async () => ({ path: "/fhir", body: { resourceType: "Bundle", type: "transaction", entry: [entry(person())] } }),
  ],
  [
    "a batch",
    async () => ({
      path: "/fhir",
      body: {
        resourceType: "Bundle",
        type: "batch",
        entry: [entry(person()), entry({ resourceType: "Patient", name: 7 }), entry(person())],
      },
    }),
  ],
  [
    "a patch",
    async () => ({
      method: "PATCH",
      path: `/fhir/${await patient()}`,
      body: [{ op: "add", path: "/active", value: true }],
      headers: { "Content-Type": "application/json-patch+json" },
    }),
  ],
  [
    "an update",
    async () => {
      const { id, ...rest } = await done({ path: "/fhir/Patient", body: person() });
      return { method: "PUT", path: `/fhir/Patient/${id}`, body: { ...rest, id, active: true }, headers: { ...FHIR, "If-Match": 'W/"1"' } };
    },
  ],
  [
    "an update by criteria",
    async () => {
      const resource = person();
      return { method: "PUT", path: `/fhir/Patient?identifier=${resource.identifier[0]?.value}`, body: resource };
    },
  ],
  ["a deletion", async () => ({ method: "DELETE", path: `/fhir/${await patient()}`, body: "" })],
  [
    "$meta-add",
    async () => ({
      path: `/fhir/${await patient()}/$meta-add`,
      body: { resourceType: "Parameters", parameter: [{ name: "meta", valueMeta: { tag: [{ system: "urn:t", code: "x" }] } }] },
    }),
  ],
  [
    "patients.register",
    async () => ({
      path: "/api/patients/register",
      body: {
        family: "Rossi",
        given: ["Ada"],
        birthDate: "1980-02-29",
        gender: "female",
        identifier: { system: "urn:mrn", value: randomUUID() },
        confirm: "each is another",
      },
    }),
  ],
  ["patients.update", async () => ({ path: "/api/patients/update", body: { patient: await patient(), family: "Verdi" } })],
  [
    "patients.registerNewborn",
    async () => ({ path: "/api/patients/registerNewborn", body: { mother: await patient(), gender: "male", birthDate: "2026-01-01" } }),
  ],
  ["wards.open", async () => ({ path: "/api/wards/open", body: { name: randomUUID(), rooms: [{ name: "1", beds: ["a"] }] } })],
  ["visits.open", async () => ({ path: "/api/visits/open", body: { patient: await patient() } })],
  ["visits.close", async () => ({ path: "/api/visits/close", body: { visit: await visit() } })],
  ["hospitalizations.admit", async () => ({ path: "/api/hospitalizations/admit", body: { patient: await patient(), bed: await bed() } })],
  [
    "hospitalizations.admit from a visit",
    async () => {
      const encounter = await visit();
      const { subject } = (await (await fetch(`${mesh.base}/fhir/${encounter}`)).json()) as { subject: { reference: string } };
      return { path: "/api/hospitalizations/admit", body: { patient: subject.reference, bed: await bed(), visit: encounter } };
    },
  ],
  [
    "hospitalizations.discharge",
    async () => {
      const { stay } = await done({ path: "/api/hospitalizations/admit", body: { patient: await patient(), bed: await bed() } });
      return { path: "/api/hospitalizations/discharge", body: { stay } };
    },
  ],
  ["lab.order", async () => ({ path: "/api/lab/order", body: { patient: await patient(), test: MEDICATION } })],
  ["lab.enterResult", async () => ({ path: "/api/lab/enterResult", body: { order: await order(), finding: { value: 7, unit: "mg" } } })],
  ["pharmacy.receive", async () => ({ path: "/api/pharmacy/receive", body: { medication: MEDICATION, quantity: 5 } })],
  [
    "pharmacy.prescribe",
    async () => ({ path: "/api/pharmacy/prescribe", body: { patient: await patient(), medication: MEDICATION, quantity: 1, dosage: "1" } }),
  ],
  ["pharmacy.dispense", async () => ({ path: "/api/pharmacy/dispense", body: { prescription: await prescription(), quantity: 1 } })],
  [
    "pharmacy.transfer",
    async () => {
      await done({ path: "/api/pharmacy/receive", body: { medication: MEDICATION, quantity: 5, lot: "K" } });
      return { path: "/api/pharmacy/transfer", body: { medication: MEDICATION, quantity: 1, lot: "K", to: await bed() } };
    },
  ],
  ["pharmacy.blockLot", async () => ({ path: "/api/pharmacy/blockLot", body: { medication: MEDICATION, lot: "R", reason: "recalled" } })],
  [
    "billing.charge",
    async () => ({ path: "/api/billing/charge", body: { encounter: await visit(), text: "Plaster", cents: 500, currency: "EUR" } }),
  ],
  ["billing.invoice", async () => ({ path: "/api/billing/invoice", body: { encounter: await closed() } })],
];

describe("a request with an Idempotency-Key", () => {
  it.each(DOORS)(
    "%s has one effect and the same answer, sent twice and at once",
    async (_, make) => {
      const key = `"${randomUUID()}"`;
      const request = await make();
      const before = await everything();
      const tries = await Promise.all([send(request, key), send(request, key)]);
      const [first] = tries;
      expect(first?.status).toBeLessThan(300);
      const after = await everything();
      expect(after).not.toEqual(before);
      expect([...tries, await send(request, key)]).toEqual([first, first, first]);
      expect(await everything()).toEqual(after);
    },
    20_000,
  );

  it("merges two records once, by itself after the answer", async () => {
    const key = `"${randomUUID()}"`;
    const [source, target] = [await patient(), await patient()];
    const request = { path: "/api/patients/merge", body: { source, target } };
    const tries = await Promise.all([send(request, key), send(request, key)]);
    expect(JSON.parse(tries[0]?.text ?? "")).toMatchObject({ source, state: "running" });
    const state = await eventually(
      () => done({ path: "/api/patients/mergeState", body: { source } }),
      (it) => it.state === "merged",
    );
    expect(state).toMatchObject({ target, moved: 2, left: 0 });
    const after = await everything();
    expect([tries[1], await send(request, key)]).toEqual([tries[0], tries[0]]);
    expect(await everything()).toEqual(after);
  });

  it("is told which lots are dispensed, though they leave the shelf with the answer", async () => {
    const body = { prescription: await prescription(), quantity: 2, lot: "K" };
    await done({ path: "/api/pharmacy/receive", body: { medication: MEDICATION, quantity: 5, lot: "K" } });
    const { text } = await send({ path: "/api/pharmacy/dispense", body }, randomUUID());
    expect(JSON.parse(text).lots).toEqual([{ lot: "K", quantity: 2 }]);
  });

  it("is told what it has written as it is stored", async () => {
    const { text, told } = await send({ path: "/fhir/Patient", body: person() }, randomUUID());
    const stored = await fetch(told.location as string);
    expect(JSON.parse(text)).toEqual(await stored.json());
    expect(stored.headers.get("last-modified")).toBe(told["last-modified"]);
    const lines = { resourceType: "Bundle", type: "transaction", entry: [entry(person()), entry(condition("Patient/1"))] };
    const answer = JSON.parse(
      (await send({ path: "/fhir", body: lines, headers: { ...FHIR, Prefer: "return=representation" } }, randomUUID())).text,
    );
    for (const { resource } of answer.entry) {
      expect(resource).toEqual(await (await fetch(`${mesh.base}/fhir/${resource.resourceType}/${resource.id}`)).json());
    }
  });

  it("is told the time that is stored, also where a clock that ran ahead has written the version before", async () => {
    const now = Date.now();
    const clock = jest.spyOn(Date, "now").mockReturnValue(now + 60_000);
    const { id, ...rest } = await done({ path: "/fhir/Patient", body: person() });
    clock.mockRestore();
    const resource = { ...rest, id, active: true };
    const stored = () => fetch(`${mesh.base}/fhir/Patient/${id}`);
    const { text, told } = await send({ method: "PUT", path: `/fhir/Patient/${id}`, body: resource }, randomUUID());
    expect(JSON.parse(text)).toEqual(await (await stored()).json());
    expect(told["last-modified"]).toBe((await stored()).headers.get("last-modified"));
    const put = { resource: { ...resource, active: false }, request: { method: "PUT", url: `Patient/${id}` } };
    const body = { resourceType: "Bundle", type: "transaction", entry: [put, entry(condition(`Patient/${id}`))] };
    const answer = await send({ path: "/fhir", body, headers: { ...FHIR, Prefer: "return=representation" } }, randomUUID());
    const [{ resource: given, response }] = JSON.parse(answer.text).entry;
    expect(given).toEqual(await (await stored()).json());
    expect(response.lastModified).toBe(new Date(now + 60_000).toISOString());
  });

  it("is refused when its key belongs to another body, address or condition, and taken under a new one", async () => {
    const key = randomUUID();
    const body = person();
    expect(await send({ path: "/fhir/Patient", body }, key)).toMatchObject({ status: 201 });
    for (const other of [
      { path: "/fhir/Patient", body: person() },
      { path: "/fhir/Patient?_pretty=true", body },
      { path: "/fhir/Patient", body, headers: { ...FHIR, "If-None-Exist": "identifier=1" } },
      { method: "PUT", path: "/fhir/Patient", body },
    ]) {
      expect(await send(other, key)).toMatchObject({ status: 422, text: expect.stringContaining("Idempotency-Key") });
    }
    expect(await send({ path: "/fhir/Patient", body }, randomUUID())).toMatchObject({ status: 201 });
  });

  it("may be sent in quotes, as the standard has it, or bare", async () => {
    const key = randomUUID();
    const request = { path: "/fhir/Patient", body: person() };
    const first = await send(request, `"${key}"`);
    expect(await send(request, key)).toEqual(first);
  });

  it.each(['""', '"a', 'a"b', "a b", "a, b", '"a", "b"', `"${"x".repeat(256)}"`, "x".repeat(256), '"tab\there"'])(
    "%s is refused: %#",
    async (key) => {
      const before = await everything();
      const { status, text } = await send({ path: "/fhir/Patient", body: person() }, key);
      expect({ status, text }).toMatchObject({ status: 400, text: expect.stringContaining("Idempotency-Key") });
      expect(await send({ path: "/api/wards/open", body: { name: "w", rooms: [] } }, key)).toMatchObject({ status: 400 });
      expect(await everything()).toEqual(before);
    },
  );

  it("that was refused leaves nothing, and may be sent again", async () => {
    const [key, id] = [randomUUID(), randomUUID()];
    const request = { path: "/api/visits/open", body: { patient: `Patient/${id}` } };
    expect(await send(request, key)).toMatchObject({ status: 404 });
    await done({ method: "PUT", path: `/fhir/Patient/${id}`, body: { ...person(), id } });
    const opened = await send(request, key);
    expect(opened).toMatchObject({ status: 200 });
    expect(await send(request, key)).toEqual(opened);
    // A second visit under another key is refused, and holds nothing.
    expect(await send(request, randomUUID())).toMatchObject({ status: 409, text: expect.stringContaining("VISIT_ALREADY_OPEN") });
  });

  it("reads as ever: the key means nothing there", async () => {
    const answer = await fetch(`${mesh.base}/fhir/Patient?_count=1`, { headers: { "Idempotency-Key": "not a key" } });
    expect(answer.status).toBe(200);
    expect(
      await send(
        { path: "/fhir/Patient/_search", body: "", headers: { "Content-Type": "application/x-www-form-urlencoded" } },
        randomUUID(),
      ),
    ).toMatchObject({ status: 200 });
  });

  it("is refused where one effect cannot be promised: a transaction that also reads", async () => {
    const read = { request: { method: "GET", url: "Patient/1" } };
    const body = { resourceType: "Bundle", type: "transaction", entry: [entry(person()), read] };
    const before = await everything();
    expect(await send({ path: "/fhir", body }, randomUUID())).toMatchObject({
      status: 501,
      text: expect.stringContaining("Idempotency-Key"),
    });
    expect(await everything()).toEqual(before);
  });
});

describe("a clinic without the service transactions", () => {
  it("refuses the key, and takes the same request without it", async () => {
    const small = await startMesh({ services: ["api", "patients"], nats: false, split: "broker" });
    try {
      const post = (headers: object) =>
        fetch(`${small.base}/fhir/Patient`, { method: "POST", headers: { ...FHIR, ...headers }, body: JSON.stringify(person()) });
      expect((await post({ "Idempotency-Key": "1" })).status).toBe(501);
      expect((await post({})).status).toBe(201);
    } finally {
      await small.stop();
    }
  });
});
