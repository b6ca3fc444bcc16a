/** A request with an Idempotency-Key whose gateway, owner or coordinator is killed under it: sent again by another gateway, it has one effect. */
import { randomUUID } from "node:crypto";
import { CAN_CRASH, crashing } from "../kit/crashing.ts";
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { runningMs } from "../kit/running-time.ts";

const SERVICES = ["api", "transactions", "patients", "records", "visits"];
/** The owners of what is left in doubt have asked the journal by then; milliseconds. */
const SETTLED_WITHIN_MS = 20_000;

/** Whom it hits, where (test/kit/crash.ts), and which request is under way. */
const POINTS: [victim: string, at: string, door: "create" | "transaction" | "visit"][] = [
  ["api", "answered:fhir.prepare", "create"], // prepared, and nobody will decide
  ["api", "answered:transactions.commitKeyed", "transaction"], // done, the client has heard nothing
  ["patients", "handling:fhir.commit", "transaction"],
  ["visits", "handled:visits.open", "visit"],
  ["transactions", "calling:fhir.commit", "transaction"], // decided, nobody knows
];

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh({ services: SERVICES, replicas: { api: 2 }, env: CAN_CRASH });
});
afterAll(() => mesh?.stop());

const gateways = () => mesh.nodes.filter((node) => node.url).map((node) => node.url as string);
const identifier = (mark: string) => [{ system: "urn:key", value: mark }];

/** What is sent, and how much of it is found. */
async function request(door: string, mark: string): Promise<{ path: string; body: object; count(): Promise<number[]> }> {
  const fhir = () => fhirAt(gateways()[0] as string);
  const total = async (search: string) => (await fhir().get(`${search}&_summary=count`)).body.total as number;
  const patient = { resourceType: "Patient", identifier: identifier(mark) };
  if (door === "create") {
    return { path: "/fhir/Patient", body: patient, count: async () => [await total(`/Patient?identifier=urn:key|${mark}`)] };
  }
  if (door === "visit") {
    const { body } = await fhir().create(patient);
    const count = async () => [await total(`/Encounter?subject=Patient/${body.id}`)];
    return { path: "/api/visits/open", body: { patient: `Patient/${body.id}` }, count };
  }
  const link = `urn:uuid:${randomUUID()}`;
  const entry = [
    { fullUrl: link, resource: patient, request: { method: "POST", url: "Patient" } },
    {
      resource: { resourceType: "Condition", identifier: identifier(mark), subject: { reference: link } },
      request: { method: "POST", url: "Condition" },
    },
  ];
  const count = () => Promise.all(["Patient", "Condition"].map((type) => total(`/${type}?identifier=urn:key|${mark}`)));
  return { path: "/fhir", body: { resourceType: "Bundle", type: "transaction", entry }, count };
}

async function post(base: string, path: string, body: object, key: string) {
  const type = path.startsWith("/api") ? "application/json" : "application/fhir+json";
  const headers = { "Content-Type": type, "Idempotency-Key": key };
  const answer = await fetch(base + path, { method: "POST", headers, body: JSON.stringify(body) });
  return {
    status: answer.status,
    location: answer.headers.get("location"),
    text: await answer.text(),
    after: answer.headers.get("retry-after"),
  };
}

/** As a client does that was told to come again. */
async function insist(path: string, body: object, key: string) {
  for (const until = runningMs() + SETTLED_WITHIN_MS; ; ) {
    const answer = await post(gateways().at(-1) as string, path, body, key);
    if (answer.status < 300) return answer;
    if (answer.after === null || runningMs() > until) throw new Error(`${answer.status} ${answer.text}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

it.each(POINTS)("%s killed at %s during a %s: one effect and one answer", async (victim, at, door) => {
  const mark = randomUUID();
  const { path, body, count } = await request(door, mark);
  const { node, revive } = await crashing(mesh, victim, at);
  const first = await post(node.url ?? (gateways()[0] as string), path, body, mark).catch(() => undefined);
  await revive();

  const answer = await insist(path, body, mark);
  if (first && first.status < 300) expect(answer).toEqual(first);
  expect(await post(gateways()[0] as string, path, body, mark)).toEqual(answer);
  const deadline = runningMs() + SETTLED_WITHIN_MS;
  // What was committed while its owner was away is there once that has asked the journal.
  while ((await count()).includes(0) && runningMs() < deadline) await new Promise((resolve) => setTimeout(resolve, 100));
  expect(new Set(await count())).toEqual(new Set([1]));
});

it("sent to two gateways at once, ten times, has one effect each", async () => {
  for (let round = 0; round < 10; round += 1) {
    const mark = randomUUID();
    const { path, body, count } = await request(round % 2 ? "create" : "transaction", mark);
    const [one, other] = await Promise.all(
      gateways()
        .slice(-2)
        .map((base) => post(base, path, body, mark)),
    );
    expect(other).toEqual(one);
    expect(one?.status).toBeLessThan(300);
    expect(new Set(await count())).toEqual(new Set([1]));
  }
});
