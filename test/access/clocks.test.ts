/** A closed mesh whose machines' clocks are five minutes apart, and are set while people work: nothing fails, and nobody is shown less. */
import { randomUUID } from "node:crypto";
import { signIn } from "../../scripts/identity/sign-in-by-pages.ts";
import { App, PASSWORD } from "../identity/app.ts";
import { firstOf } from "../chaos/harms.ts";
import { CAN_SET_CLOCKS } from "../kit/clock-settings.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const SCOPE = "openid user/*.cruds actions";
const FIVE_MINUTES_MS = 300_000;
const HOUR_MS = 3_600_000;
const PEOPLE = 5;
/** Instead of a service: every node. */
const EVERY = "every";
/** Rounds of work in each state of the clocks. */
const ROUNDS = 3;

/** Whose clock is set, and by how much. */
const CLOCKS: [string, Record<string, number>][] = [
  ["the gateway's is ahead", { api: FIVE_MINUTES_MS }],
  ["the gateway's is behind", { api: -FIVE_MINUTES_MS }],
  ["an owner's is ahead", { patients: FIVE_MINUTES_MS }],
  ["an owner's is behind", { patients: -FIVE_MINUTES_MS }],
  ["that of who signs people in is ahead", { identity: FIVE_MINUTES_MS }],
  ["that of who signs people in is behind", { identity: -FIVE_MINUTES_MS }],
  ["the coordinator's is ahead", { transactions: FIVE_MINUTES_MS }],
  ["the coordinator's is behind", { transactions: -FIVE_MINUTES_MS }],
  // What is set while a node runs is noticed by comparing it with the time that has passed since its start.
  ["the gateway's is set an hour ahead", { api: HOUR_MS }],
  ["the gateway's is set an hour back", { api: -HOUR_MS }],
  ["an owner's is set an hour ahead", { patients: HOUR_MS }],
  ["an owner's is set an hour back", { patients: -HOUR_MS }],
  ["one of two coordinators' is set an hour ahead", { transactions: HOUR_MS }],
  ["one of two coordinators' is set an hour back", { transactions: -HOUR_MS }],
  ["all are set an hour back, as on one machine", { [EVERY]: -HOUR_MS }],
];

describe("a closed mesh with clocks that are five minutes apart", () => {
  let mesh: Mesh;
  let app: App;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "records", "identity", "journal", "ledger"],
      replicas: { transactions: 2 },
      env: { ACCESS: "closed", MESH_NAME: `clocks-${process.pid}`, ...CAN_SET_CLOCKS },
    });
    app = await App.register(mesh, ["physician"], SCOPE);
    fhir = await signedIn();
    for (let count = 0; count < PEOPLE; count += 1) {
      const id = `p${count}`;
      await fhir.send("PUT", `/Patient/${id}`, { resourceType: "Patient", id, name: [{ family: "Clock" }] });
      await fhir.send("POST", "/Condition", { resourceType: "Condition", subject: { reference: `Patient/${id}` } });
    }
  });
  afterAll(() => mesh?.stop());

  /** By a program that does not look at the times in its token. */
  const signedIn = async () =>
    fhirAt(mesh.base, (await signIn({ base: mesh.base, login: app.login, password: PASSWORD, scope: SCOPE })).access_token);
  const set = (clocks: Record<string, number>) =>
    Promise.all(
      Object.entries(clocks).flatMap(([service, byMs]) =>
        (service === EVERY ? mesh.nodes : [firstOf(mesh, service)]).map((node) => node.setClock?.(byMs)),
      ),
    );

  /** Reads, a chain over two owners, a transaction over both whose results are read at once, and a write with a key. */
  async function work(by: FhirHttp): Promise<unknown[]> {
    const entry = (resource: { resourceType: string }) => ({ resource, request: { method: "POST", url: resource.resourceType } });
    const made = [{ resourceType: "Patient" }, { resourceType: "Condition", subject: { reference: "Patient/p0" } }].map(entry);
    const keyed = { "Idempotency-Key": randomUUID() };
    const answers = await Promise.all([
      by.get("/Patient/p0"),
      by.get("/Patient?family=Clock"),
      by.get("/Condition?subject:Patient.family=Clock&_summary=count"),
      by.send("POST", "", { resourceType: "Bundle", type: "transaction", entry: made }),
      by.send("POST", "/Patient", { resourceType: "Patient" }, keyed),
    ]);
    const places = (answers[3].body.entry ?? []) as { response: { location: string } }[];
    const read = await Promise.all(
      places.map(async ({ response: { location } }) => (await by.get(`/${location.split("/").slice(-4, -2).join("/")}`)).status),
    );
    return [...answers.map(({ status, body }, index) => (index === 1 ? [status, body.total ?? body.entry?.length] : status)), read];
  }
  const DONE = [200, [200, PEOPLE], 200, 200, 201, [200, 200]];

  it.each(CLOCKS)("goes on, also for who signs in now: %s", async (_, clocks) => {
    const worked: unknown[] = [];
    let isOver = false;
    const client = (async () => {
      while (!isOver) worked.push(await work(fhir));
    })();
    try {
      await set(clocks);
      const another = await signedIn();
      for (let round = 0; round < ROUNDS; round += 1) worked.push(await work(another));
      await set(Object.fromEntries(Object.keys(clocks).map((service) => [service, 0])));
      // A token of an hour ago, by all clocks, has ended.
      const then = EVERY in clocks ? await signedIn() : another;
      for (let round = 0; round < ROUNDS; round += 1) worked.push(await work(then));
    } finally {
      isOver = true;
      await client;
      await set(Object.fromEntries(Object.keys(clocks).map((service) => [service, 0])));
    }
    expect(worked.length).toBeGreaterThan(2 * ROUNDS);
    expect(worked.filter((one) => JSON.stringify(one) !== JSON.stringify(DONE))).toEqual([]);
  });

  it("accepts a node that joins while they differ", async () => {
    await set({ api: FIVE_MINUTES_MS, patients: -1_000 });
    await mesh.add("records");
    for (let round = 0; round < ROUNDS; round += 1) expect(await work(fhir)).toEqual(DONE);
    await set({ api: 0, patients: 0 });
  });
});
