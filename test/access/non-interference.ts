/**
 * Two hospitals, one with and one without what somebody may not see: whatever they ask, both must answer alike, but for ids, times and page
 * links that the servers make.
 */
import fc from "fast-check";
import type { Role } from "../../services/identity/identity.contract.ts";
import { App } from "../identity/app.ts";
import { registerProgram } from "../identity/program.ts";
import { type Answered, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

/** Somebody's rights, and what of the hospital below they cannot see. */
export interface Rights {
  role: Role;
  scope: string;
  hidden: string[];
  /** What else. */
  hides?(resource: Resource): boolean;
}

const MONEY = ["Invoice", "ChargeItem"];
const LABORATORY = ["ServiceRequest", "DiagnosticReport"];
const RECORD = ["Condition", "AllergyIntolerance", "MedicationRequest"];

type Resource = { resourceType: string; id: string } & Record<string, unknown>;

export const RIGHTS: Rights[] = [
  { role: "front-desk", scope: "user/*.cruds", hidden: ["Observation", ...RECORD, ...MONEY, ...LABORATORY] },
  { role: "lab-technician", scope: "user/*.cruds", hidden: [...RECORD, ...MONEY] },
  { role: "billing", scope: "user/*.cruds", hidden: ["Observation", ...RECORD, ...LABORATORY] },
  { role: "nurse", scope: "user/*.cruds", hidden: MONEY },
  {
    role: "physician",
    scope: "user/Patient.rs user/Observation.cruds?category=laboratory&code=c1,c2 user/Encounter.r user/Condition.rs?code:not=c0",
    hidden: ["AllergyIntolerance", "MedicationRequest", ...MONEY, ...LABORATORY],
    hides: ({ resourceType, id, category }) => {
      const n = Number(id.slice(1));
      return (resourceType === "Observation" && (category === undefined || n % 3 === 0)) || (resourceType === "Condition" && n % 3 === 0);
    },
  },
  { role: "physician", scope: "user/Patient.rs user/Observation.rs", hidden: ["Encounter", ...RECORD, ...MONEY, ...LABORATORY] },
];

const PATIENTS = 6;
const patient = (n: number) => ({ reference: `Patient/p${n % PATIENTS}` });
const encounter = (n: number) => ({ reference: `Encounter/e${n % PATIENTS}` });
const code = (n: number) => ({ coding: [{ system: "urn:codes", code: `c${n % 3}` }], text: ["Glucose", "Fever", "Cough"][n % 3] });
const identifier = (n: number) => [{ system: "urn:mark", value: `${n % 4}` }];
const ACTIVE = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] };
const LAB = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }];

/** A small hospital, the same each time. */
function hospital(): Resource[] {
  const all: Resource[] = [];
  for (let n = 0; n < PATIENTS; n += 1) {
    const name = [{ family: ["Rossi", "Benali", "Okafor"][n % 3], given: [`G${n}`] }];
    all.push({ resourceType: "Patient", id: `p${n}`, name, gender: n % 2 ? "male" : "female", birthDate: `19${50 + n}-01-01` });
    const diagnosis = [{ condition: { reference: `Condition/x${n}` } }];
    all.push({ resourceType: "Encounter", id: `e${n}`, status: "finished", class: { code: "AMB" }, subject: patient(n), diagnosis });
  }
  for (let n = 0; n < 18; n += 1) {
    const of = { subject: patient(n), code: code(n), identifier: identifier(n) };
    const seen = { ...of, status: "final", encounter: encounter(n), effectiveDateTime: `2026-0${1 + (n % 9)}-01` };
    all.push({
      resourceType: "Observation",
      id: `o${n}`,
      ...seen,
      ...(n % 2 && { category: LAB }),
      valueQuantity: { value: n, unit: "g" },
    });
    all.push({ resourceType: "Condition", id: `x${n}`, ...of, encounter: encounter(n) });
    if (n % 3) continue;
    const { subject, ...coded } = of;
    all.push({ resourceType: "AllergyIntolerance", id: `a${n}`, clinicalStatus: ACTIVE, ...coded, patient: subject });
    const order = { ...of, intent: "order", encounter: encounter(n) };
    all.push({ resourceType: "ServiceRequest", id: `s${n}`, ...order, status: "active" });
    all.push({
      resourceType: "MedicationRequest",
      id: `m${n}`,
      subject,
      identifier: identifier(n),
      intent: "order",
      status: "active",
      medicationCodeableConcept: code(n),
    });
    const result = [{ reference: `Observation/o${n}` }];
    all.push({
      resourceType: "DiagnosticReport",
      id: `r${n}`,
      ...of,
      status: "final",
      result,
      basedOn: [{ reference: `ServiceRequest/s${n}` }],
    });
    all.push({ resourceType: "ChargeItem", id: `c${n}`, ...of, status: "billable", context: encounter(n) });
    all.push({
      resourceType: "Invoice",
      id: `i${n}`,
      status: "draft",
      subject,
      identifier: identifier(n),
      lineItem: [{ chargeItemReference: { reference: `ChargeItem/c${n}` } }],
    });
  }
  return all;
}

/** One request of somebody. */
interface Request {
  method: string;
  path: string;
  body?: object;
  headers?: Record<string, string>;
}

const IDS: Record<string, string> = {
  Patient: "p",
  Encounter: "e",
  Observation: "o",
  Condition: "x",
  AllergyIntolerance: "a",
  ServiceRequest: "s",
  MedicationRequest: "m",
  DiagnosticReport: "r",
  ChargeItem: "c",
  Invoice: "i",
};
const TYPES = Object.keys(IDS);
const type = fc.constantFrom(...TYPES);
const number = fc.nat({ max: 17 });
const place = fc.record({ of: type, n: number }).map(({ of, n }) => `${of}/${IDS[of]}${n}`);

const criteria = fc.oneof(
  number.map((n) => `identifier=urn:mark|${n % 5}`),
  number.map((n) => `patient=Patient/p${n % 7}`),
  number.map((n) => `patient:Patient.name=${["Rossi", "Benali", "Nobody"][n % 3]}`),
  number.map((n) => `code=urn:codes|c${n % 4}`),
  number.map((n) => `encounter=Encounter/e${n % 7}`),
  number.map((n) => `_id=p${n},o${n},x${n},i${n}`),
  number.map((n) => `name=${["Rossi", "Benali", "Nobody"][n % 3]}`),
  fc.constantFrom("_id:not=p1", "code:missing=false", "encounter:missing=true", "subject:missing=false", "diagnosis:missing=false"),
  fc.record({ of: type, n: number }).map(({ of, n }) => `_has:${of}:patient:identifier=urn:mark|${n % 4}`),
  fc.record({ of: type, n: number }).map(({ of, n }) => `_has:${of}:encounter:code=c${n % 3}`),
  type.map((of) => `_has:${of}:patient:_id=${IDS[of]}1,${IDS[of]}3`),
);
const shaping = fc.oneof(
  fc.constantFrom(
    "_summary=count",
    "_total=accurate",
    "_count=2",
    "_count=0",
    "_sort=-_id",
    "_sort=code,_id",
    "_elements=id",
    "_summary=true",
  ),
  type.map((of) => `_include=${of}:patient`),
  fc.constantFrom(
    "_include=*",
    "_include=Encounter:diagnosis",
    "_include=DiagnosticReport:result",
    "_include:iterate=Observation:encounter",
  ),
  type.map((of) => `_revinclude=${of}:patient`),
  type.map((of) => `_revinclude=${of}:encounter`),
);
const query = fc
  .tuple(fc.array(criteria, { maxLength: 2 }), fc.array(shaping, { maxLength: 3 }))
  .map(([some, more]) => [...some, ...more].join("&"));

const read: fc.Arbitrary<Request> = fc
  .oneof(
    place.map((at) => `/${at}`),
    place.map((at) => `/${at}/_history`),
    place.map((at) => `/${at}/_history/1`),
    type.map((of) => `/${of}/_history?_count=50`),
    fc.constant("/_history?_count=200"),
    fc.tuple(type, query).map(([of, asked]) => `/${of}?${asked}`),
    fc.tuple(fc.subarray(TYPES, { minLength: 1 }), query).map(([some, asked]) => `?_type=${some.join(",")}&${asked}`),
    fc.tuple(number, fc.constantFrom(...TYPES, "*"), query).map(([n, of, asked]) => `/Patient/p${n % PATIENTS}/${of}?${asked}`),
    fc.tuple(number, type).map(([n, of]) => `/Encounter/e${n % PATIENTS}/${of}`),
    number.map((n) => `/Patient/p${n % PATIENTS}/$everything`),
    number.map((n) => `/Encounter/e${n % PATIENTS}/$everything`),
    number.map((n) => `/Observation/$lastn?patient=Patient/p${n % PATIENTS}`),
    place.map((at) => `/${at}/$meta`),
    place.map((at) => `/${at}/$verify`),
    place.map((at) => `/Provenance?target=${at}`),
    type.map((of) => `/${of}?_count=5&_revinclude=Provenance:target`),
  )
  .map((path) => ({ method: "GET", path }));

const JSON_PATCH = { "Content-Type": "application/json-patch+json" };
const PATCH = [{ op: "add", path: "/language", value: "fr" }];
const prefer = fc.constantFrom<Record<string, string>>({ Prefer: "return=representation" }, { Prefer: "return=minimal" }, {});

/** Something that can be stored. */
function newOf(type = "", id?: string): object {
  const of = { resourceType: type, ...(id !== undefined && { id }) };
  const seen = { ...of, status: "final", code: code(1), subject: patient(1) };
  switch (type) {
    case "Observation":
      return { ...seen, category: LAB };
    case "Encounter":
      return { ...of, status: "finished", class: { code: "AMB" }, subject: patient(1) };
    case "Patient":
      return { ...of, active: true };
    default:
      return seen;
  }
}

const form = { "Content-Type": "application/x-www-form-urlencoded" };
const request: fc.Arbitrary<Request> = fc.oneof(
  { weight: 12, arbitrary: read },
  {
    weight: 1,
    arbitrary: fc
      .tuple(type, query)
      .map(([of, asked]) => ({ method: "POST", path: `/${of}/_search`, body: new URLSearchParams(asked), headers: form })),
  },
  {
    weight: 1,
    arbitrary: fc.array(read, { minLength: 1, maxLength: 5 }).map((some) => ({
      method: "POST",
      path: "",
      body: {
        resourceType: "Bundle",
        type: "batch",
        entry: some.map(({ path }) => ({ request: { method: "GET", url: path.replace(/^\//, "") || "Patient" } })),
      },
    })),
  },
  // What is not seen must not be found by a condition either: that it was not there is what the answer says.
  {
    weight: 1,
    arbitrary: fc
      .tuple(type, criteria)
      .map(([of, asked]) => ({ method: "POST", path: `/${of}`, body: newOf(of, "none"), headers: { "If-None-Exist": asked } })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(type, criteria, prefer)
      .map(([of, asked, headers]) => ({ method: "PUT", path: `/${of}?${asked}`, body: newOf(of), headers })),
  },
  // Nor be in the way of what is written, or come along with the answer.
  {
    weight: 1,
    arbitrary: fc
      .tuple(place, prefer)
      .map(([at, headers]) => ({ method: "PUT", path: `/${at}`, body: newOf(at.split("/")[0], at.split("/")[1]), headers })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(place, prefer)
      .map(([at, headers]) => ({ method: "PATCH", path: `/${at}`, body: PATCH, headers: { ...headers, ...JSON_PATCH } })),
  },
  { weight: 1, arbitrary: place.map((at) => ({ method: "DELETE", path: `/${at}` })) },
  { weight: 1, arbitrary: fc.tuple(type, criteria).map(([of, asked]) => ({ method: "DELETE", path: `/${of}?${asked}` })) },
  {
    weight: 1,
    arbitrary: fc.tuple(type, criteria, type, criteria).map(([of, asked, other, more]) => ({
      method: "POST",
      path: "",
      body: {
        resourceType: "Bundle",
        type: "transaction",
        entry: [
          {
            resource: { ...newOf("Observation"), focus: [{ reference: `${of}?${asked}` }] },
            request: { method: "POST", url: "Observation" },
          },
          { resource: newOf(other), request: { method: "POST", url: other, ifNoneExist: more } },
          { request: { method: "GET", url: `${of}?${asked}` } },
        ],
      },
    })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(type, criteria).map(([of, asked]) => ({
      method: "POST",
      path: "/Subscription",
      body: { resourceType: "Subscription", status: "requested", reason: "x", criteria: `${of}?${asked}`, channel: { type: "websocket" } },
    })),
  },
);

/** A closed hospital, with or without what these rights hide. */
async function answersOf(
  rights: Rights,
  { isWhole, requests, store }: { isWhole: boolean; requests: Request[]; store: "sqlite" | "mongo" },
): Promise<string[]> {
  const services = ["api", "transactions", "patients", "visits", "hospitalizations", "lab", "pharmacy", "records", "billing", "identity"];
  const env = { ACCESS: "closed", RULES: "references:off", PAGE_KEY: "00".repeat(32) };
  const mesh = await startMesh({ services, nats: false, split: "broker", env, store });
  try {
    await fill(mesh, isWhole ? hospital() : hospital().filter((one) => !rights.hidden.includes(one.resourceType) && !rights.hides?.(one)));
    const app = await App.register(mesh, [rights.role], `openid ${rights.scope}`);
    const { access_token } = await app.signIn(`openid ${rights.scope}`);
    const answers: string[] = [];
    for (const { method, path, body, headers } of requests) {
      const sent = body instanceof URLSearchParams ? body.toString() : body;
      const asking = fhirAt(mesh.base, access_token);
      let told = toldBy(await asking.send(method, path, sent, headers));
      // A page more: where it begins must not tell what was left out.
      const next = /"relation":"next","url":("[^"]*")/.exec(told)?.[1];
      if (next !== undefined) told += toldBy(await asking.get(JSON.parse(next) as string));
      answers.push(normal(mesh.base, told));
    }
    return answers;
  } finally {
    await mesh.stop();
  }
}

const toldBy = ({ status, text, headers }: Answered): string =>
  `${status} ${["etag", "location", "content-location"].map((name) => headers.get(name) ?? "").join(" ")} ${text}\n`;

async function fill(mesh: Mesh, resources: Resource[]): Promise<void> {
  const fhir = fhirAt(mesh.base, await (await registerProgram(mesh, "loader")).token());
  const entry = resources.map((resource) => ({ resource, request: { method: "PUT", url: `${resource.resourceType}/${resource.id}` } }));
  for (const one of entry) {
    const { status, text } = await fhir.send("PUT", `/${one.request.url}`, one.resource);
    if (status !== 201) throw new Error(`${one.request.url}: ${status} ${text}`);
  }
}

/** Without what each server makes for itself. */
const normal = (base: string, text: string): string =>
  text
    .replaceAll(base, "BASE")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "ID")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g, "TIME")
    .replaceAll(/_page=[\w%.~-]+/g, "_page=PAGE");

/** Requests whose answers tell the two hospitals apart. */
export interface Difference {
  rights: Rights;
  request: Request;
  whole: string;
  without: string;
}

/** @param cases of each rights */
export async function differences(
  rights: Rights,
  { cases, seed, store = "sqlite" }: { cases: number; seed: number; store?: "sqlite" | "mongo" },
): Promise<Difference[]> {
  const requests = fc.sample(request, { numRuns: cases, seed });
  const whole = await answersOf(rights, { isWhole: true, requests, store });
  const without = await answersOf(rights, { isWhole: false, requests, store });
  return requests.flatMap((one, index) => {
    const [a = "", b = ""] = [whole[index], without[index]];
    return a === b ? [] : [{ rights, request: one, whole: a, without: b }];
  });
}
