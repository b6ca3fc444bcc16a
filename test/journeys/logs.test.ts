/** A patient's name goes through all doors of a mesh, also in requests that fail and under nodes that die: no line of any log has it. */
import { randomUUID } from "node:crypto";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const NAME = "Zephyrine";
const FHIR = { "Content-Type": "application/fhir+json" };
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };

let said = "";
let mesh: Mesh;
beforeAll(async () => {
  const log = (text: string) => {
    said += text;
  };
  const env = { LOG_LEVEL: "info", LOG_FORMAT: "json" };
  mesh = await startMesh({ services: ["api", "transactions", "patients", "records", "visits"], env, log });
});
afterAll(() => mesh?.stop());

const person = { resourceType: "Patient", name: [{ family: NAME }], identifier: [{ system: "urn:n", value: NAME }] };
const entry = (resource: object) => ({ resource, request: { method: "POST", url: (resource as typeof person).resourceType } });
const bundle = (type: string, ...entries: object[]) => ({ resourceType: "Bundle", type, entry: entries });

/** Every door, taken and refused. */
const REQUESTS: [method: string, path: string, body?: unknown, headers?: Record<string, string>][] = [
  ["POST", "/fhir/Patient", person],
  ["POST", "/fhir/Patient", { ...person, gender: NAME }],
  ["POST", "/fhir/Patient", `{"resourceType":"Patient","name":${NAME}`],
  ["POST", "/fhir/Patient", person, { "If-None-Exist": `identifier=urn:n|${NAME}` }],
  ["POST", "/fhir/Patient", person, { "If-None-Exist": `${NAME}=${NAME}` }],
  ["POST", "/fhir/Patient", person, { "Idempotency-Key": randomUUID() }],
  ["POST", "/fhir/Patient", person, { "Idempotency-Key": `${NAME} ${NAME}` }],
  ["PUT", `/fhir/Patient/${NAME}`, { ...person, id: NAME }],
  ["PUT", `/fhir/Patient?identifier=urn:n|${NAME}`, person],
  [
    "PATCH",
    `/fhir/Patient/${NAME}`,
    [{ op: "test", path: "/name/0/family", value: NAME }],
    { "Content-Type": "application/json-patch+json" },
  ],
  ["GET", `/fhir/Patient?name=${NAME}&_sort=${NAME}`],
  ["GET", `/fhir/Condition?subject:Patient.name=${NAME}`],
  ["GET", `/fhir/Patient?${NAME}=1`, undefined, { Prefer: "handling=strict" }],
  ["GET", `/fhir/Patient?_page=${NAME}`],
  ["GET", `/fhir/${NAME}`],
  ["POST", "/fhir/Patient/_search", `family=${NAME}`, FORM],
  ["POST", "/fhir", bundle("transaction", entry(person), entry({ resourceType: "Condition", subject: { reference: `Patient/${NAME}` } }))],
  ["POST", "/fhir", bundle("transaction", entry(person), entry({ resourceType: "Condition", subject: { reference: `urn:uuid:${NAME}` } }))],
  ["POST", "/fhir", bundle("batch", entry(person), entry({ resourceType: "Condition", note: NAME }))],
  ["POST", "/fhir/Patient/$validate", { ...person, gender: NAME }],
  ["POST", "/api/visits/open", { patient: `Patient/${NAME}` }, { "Content-Type": "application/json" }],
  ["POST", "/api/visits/open", { patient: NAME, [NAME]: NAME }, { "Content-Type": "application/json" }],
  ["POST", "/api/patients/register", { family: NAME }, { "Content-Type": "application/json" }],
  ["GET", `/api/journal/list?kind=${NAME}`],
  ["DELETE", `/fhir/Patient/${NAME}`],
];

async function sendAll(): Promise<number[]> {
  const answers = REQUESTS.map(([method, path, body, headers = FHIR]) =>
    fetch(mesh.base + path, {
      method,
      headers: { ...FHIR, ...headers },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    }).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.status;
      },
      () => 0,
    ),
  );
  return Promise.all(answers);
}

it("tell what happened, without the patient's name", async () => {
  const statuses = await sendAll();
  expect(statuses.filter((status) => status >= 200 && status < 300).length).toBeGreaterThan(8);
  expect(statuses.filter((status) => status >= 400 && status < 500).length).toBeGreaterThan(8);
  const [underKill] = await Promise.all([sendAll(), mesh.kill("patients")]);
  const afterKill = await sendAll();
  expect(afterKill.filter((status) => status === 503).length).toBeGreaterThan(5);
  expect(underKill).toHaveLength(REQUESTS.length);
  await mesh.kill("transactions");
  await sendAll();
  await mesh.stop();

  const lines = said.trim().split("\n");
  expect(lines.length).toBeGreaterThan(5);
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), node: expect.any(String) });
  expect(lines.filter((line) => /disconnected unexpectedly/.test(line)).length).toBeGreaterThan(0);
  expect(said).not.toContain(NAME);
});
