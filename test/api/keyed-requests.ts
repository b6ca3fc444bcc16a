/** What writes, for tests of Idempotency-Key: a client that sends it, and one request for each way to write. */
import { randomUUID } from "node:crypto";

export interface Sent {
  method?: string;
  path: string;
  body: unknown;
  headers?: Record<string, string>;
}

export const FHIR = { "Content-Type": "application/fhir+json" };
const JSON_TYPE = { "Content-Type": "application/json" };
export const MEDICATION = { system: "urn:drugs", code: "a1", display: "Aspirin" };
const TOLD = ["etag", "location", "content-location", "last-modified", "content-type"];

export const person = () => ({
  resourceType: "Patient",
  name: [{ family: "Rossi" }],
  identifier: [{ system: "urn:mrn", value: randomUUID() }],
});
export const entry = (resource: object, fullUrl?: string) => ({
  ...(fullUrl && { fullUrl }),
  resource,
  request: { method: "POST", url: (resource as { resourceType: string }).resourceType },
});
export const condition = (subject: string) => ({ resourceType: "Condition", subject: { reference: subject }, code: { text: "cough" } });

/** Sends to the mesh at `base`, with a key or without, and makes what requests refer to. */
export class KeyedClient {
  readonly base: string;
  readonly #more: Record<string, string>;

  /** @param more headers of every request */
  constructor(base: string, more: Record<string, string> = {}) {
    this.base = base;
    this.#more = more;
  }

  async send({ method = "POST", path, body, headers = path.startsWith("/api") ? JSON_TYPE : FHIR }: Sent, key?: string) {
    const answer = await fetch(this.base + path, {
      method,
      headers: { ...this.#more, ...headers, ...(key !== undefined && { "Idempotency-Key": key }) },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    const told = Object.fromEntries(TOLD.map((name) => [name, answer.headers.get(name)]));
    return { status: answer.status, told, text: await answer.text(), retryAfter: answer.headers.get("retry-after") };
  }

  /** Sends without a key; the answer's JSON. @throws Error when it is refused */
  async done(sent: Sent) {
    const { status, text } = await this.send(sent);
    if (status >= 300) throw new Error(`${sent.path}: ${status} ${text}`);
    return JSON.parse(text);
  }

  /** Every version of every resource, and the stock: what an effect would change. */
  async everything(): Promise<unknown> {
    const versions: string[] = [];
    for (let next: string | undefined = `${this.base}/fhir/_history?_count=1000`; next !== undefined; ) {
      const page = (await (await fetch(next)).json()) as {
        entry?: { fullUrl: string; response: { etag: string } }[];
        link: { relation: string; url: string }[];
      };
      versions.push(...(page.entry ?? []).map(({ fullUrl, response }) => `${fullUrl} ${response.etag}`));
      next = page.link.find(({ relation }) => relation === "next")?.url;
    }
    return { versions: versions.sort(), stock: await (await fetch(`${this.base}/api/pharmacy/listStock`)).json() };
  }

  async patient() {
    return `Patient/${(await this.done({ path: "/fhir/Patient", body: person() })).id}`;
  }

  async bed() {
    const { location } = await this.done({
      path: "/api/wards/open",
      body: { name: randomUUID(), rooms: [{ name: "1", beds: ["a", "b"] }] },
    });
    const beds = (await (
      await fetch(`${this.base}/api/wards/listBeds?ward=${encodeURIComponent(location)}`, { headers: this.#more })
    ).json()) as {
      location: string;
    }[];
    return beds[0]?.location as string;
  }

  async visit() {
    return (await this.done({ path: "/api/visits/open", body: { patient: await this.patient() } })).visit as string;
  }

  async order() {
    return (await this.done({ path: "/api/lab/order", body: { patient: await this.patient(), test: MEDICATION } })).order as string;
  }

  async prescription() {
    await this.done({ path: "/api/pharmacy/receive", body: { medication: MEDICATION, quantity: 100 } });
    const body = { patient: await this.patient(), medication: MEDICATION, quantity: 10, dosage: "1-0-1" };
    return (await this.done({ path: "/api/pharmacy/prescribe", body })).prescription as string;
  }

  /** A visit that is closed and has something to be billed. */
  async closed() {
    const encounter = await this.visit();
    await this.done({ path: "/api/billing/charge", body: { encounter, text: "Plaster", cents: 500, currency: "EUR" } });
    await this.done({ path: "/api/visits/close", body: { visit: encounter } });
    return encounter;
  }
}

/** One request for each way to write, by what it does. */
export const DOORS: [what: string, make: (at: KeyedClient) => Promise<Sent>][] = [
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
    async (at) => ({
      method: "PATCH",
      path: `/fhir/${await at.patient()}`,
      body: [{ op: "add", path: "/active", value: true }],
      headers: { "Content-Type": "application/json-patch+json" },
    }),
  ],
  [
    "an update",
    async (at) => {
      const { id, ...rest } = await at.done({ path: "/fhir/Patient", body: person() });
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
  ["a deletion", async (at) => ({ method: "DELETE", path: `/fhir/${await at.patient()}`, body: "" })],
  [
    "$meta-add",
    async (at) => ({
      path: `/fhir/${await at.patient()}/$meta-add`,
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
  ["patients.update", async (at) => ({ path: "/api/patients/update", body: { patient: await at.patient(), family: "Verdi" } })],
  [
    "patients.registerNewborn",
    async (at) => ({
      path: "/api/patients/registerNewborn",
      body: { mother: await at.patient(), gender: "male", birthDate: "2026-01-01" },
    }),
  ],
  ["wards.open", async () => ({ path: "/api/wards/open", body: { name: randomUUID(), rooms: [{ name: "1", beds: ["a"] }] } })],
  ["visits.open", async (at) => ({ path: "/api/visits/open", body: { patient: await at.patient() } })],
  ["visits.close", async (at) => ({ path: "/api/visits/close", body: { visit: await at.visit() } })],
  [
    "hospitalizations.admit",
    async (at) => ({ path: "/api/hospitalizations/admit", body: { patient: await at.patient(), bed: await at.bed() } }),
  ],
  [
    "hospitalizations.admit from a visit",
    async (at) => {
      const encounter = await at.visit();
      const { subject } = (await (await fetch(`${at.base}/fhir/${encounter}`)).json()) as { subject: { reference: string } };
      return { path: "/api/hospitalizations/admit", body: { patient: subject.reference, bed: await at.bed(), visit: encounter } };
    },
  ],
  [
    "hospitalizations.discharge",
    async (at) => {
      const { stay } = await at.done({ path: "/api/hospitalizations/admit", body: { patient: await at.patient(), bed: await at.bed() } });
      return { path: "/api/hospitalizations/discharge", body: { stay } };
    },
  ],
  ["lab.order", async (at) => ({ path: "/api/lab/order", body: { patient: await at.patient(), test: MEDICATION } })],
  [
    "lab.enterResult",
    async (at) => ({ path: "/api/lab/enterResult", body: { order: await at.order(), finding: { value: 7, unit: "mg" } } }),
  ],
  ["pharmacy.receive", async () => ({ path: "/api/pharmacy/receive", body: { medication: MEDICATION, quantity: 5 } })],
  [
    "pharmacy.prescribe",
    async (at) => ({
      path: "/api/pharmacy/prescribe",
      body: { patient: await at.patient(), medication: MEDICATION, quantity: 1, dosage: "1" },
    }),
  ],
  ["pharmacy.dispense", async (at) => ({ path: "/api/pharmacy/dispense", body: { prescription: await at.prescription(), quantity: 1 } })],
  [
    "pharmacy.transfer",
    async (at) => {
      await at.done({ path: "/api/pharmacy/receive", body: { medication: MEDICATION, quantity: 5, lot: "K" } });
      return { path: "/api/pharmacy/transfer", body: { medication: MEDICATION, quantity: 1, lot: "K", to: await at.bed() } };
    },
  ],
  ["pharmacy.blockLot", async () => ({ path: "/api/pharmacy/blockLot", body: { medication: MEDICATION, lot: "R", reason: "recalled" } })],
  [
    "billing.charge",
    async (at) => ({ path: "/api/billing/charge", body: { encounter: await at.visit(), text: "Plaster", cents: 500, currency: "EUR" } }),
  ],
  ["billing.invoice", async (at) => ({ path: "/api/billing/invoice", body: { encounter: await at.closed() } })],
];
