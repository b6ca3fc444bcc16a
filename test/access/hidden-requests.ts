/** Random requests to the small hospital by all interactions of FHIR. */
import fc from "fast-check";
import { code, LAB, PATIENTS, patient } from "./hidden-hospital.ts";

/** A request of a person. */
export interface Request {
  method: string;
  path: string;
  body?: object;
  headers?: Record<string, string>;
}

/** First letter of the ids by type. */
export const IDS: Record<string, string> = {
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

/** A resource that can be stored. */
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

/** What a write may require of the version before it. */
const precondition = fc.constantFrom<{ ifMatch?: string; ifNoneMatch?: string }>(
  {},
  { ifMatch: 'W/"1"' },
  { ifMatch: 'W/"7"' },
  { ifMatch: "*" },
  { ifNoneMatch: "*" },
);

const form = { "Content-Type": "application/x-www-form-urlencoded" };
/** Any of them. */
export const request: fc.Arbitrary<Request> = fc.oneof(
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
  // Conditions must not match what is not visible: the outcome would reveal it.
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
  // Nor may it block a write, or be included in an answer.
  {
    weight: 2,
    arbitrary: fc.tuple(place, prefer, precondition).map(([at, headers, { ifMatch, ifNoneMatch }]) => ({
      method: "PUT",
      path: `/${at}`,
      body: newOf(at.split("/")[0], at.split("/")[1]),
      headers: { ...headers, ...(ifMatch && { "If-Match": ifMatch }), ...(ifNoneMatch && { "If-None-Match": ifNoneMatch }) },
    })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(place, criteria)
      .map(([at, asked]) => ({ method: "PUT", path: `/${at.split("/")[0]}?${asked}`, body: newOf(at.split("/")[0], at.split("/")[1]) })),
  },
  // Nor decide how a transaction is refused.
  {
    weight: 3,
    arbitrary: fc.tuple(place, fc.constantFrom("GET", "PUT", "DELETE"), precondition).map(([at, method, conditions]) => ({
      method: "POST",
      path: "",
      body: {
        resourceType: "Bundle",
        type: "transaction",
        entry: [
          {
            ...(method === "PUT" && { resource: newOf(at.split("/")[0], at.split("/")[1]) }),
            request: { method, url: at, ...(method !== "GET" && conditions) },
          },
        ],
      },
    })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(place, prefer)
      .map(([at, headers]) => ({ method: "PATCH", path: `/${at}`, body: PATCH, headers: { ...headers, ...JSON_PATCH } })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(place, precondition)
      .map(([at, { ifMatch }]) => ({ method: "DELETE", path: `/${at}`, ...(ifMatch && { headers: { "If-Match": ifMatch } }) })),
  },
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
