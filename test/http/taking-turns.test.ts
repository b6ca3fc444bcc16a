/** By whatever door a large answer is asked for, it takes its client's turn, and gives it back. */
import { jest } from "@jest/globals";
import { InFlight } from "../../services/api/http/in-flight.ts";
import { LargeReads } from "../../services/api/http/large-reads.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

describe("requests with possibly large answers take turns", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  let [entered, left] = [0, 0];
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "patients", "records"], nats: false, split: "broker" });
    fhir = fhirAt(mesh.base);
    await fhir.send("PUT", "/Patient/ann", { resourceType: "Patient", id: "ann" });
    const long = "x".repeat(300_000);
    const conditions = ["a", "b", "c"].map((id) => ({
      request: { method: "PUT", url: `Condition/${id}` },
      resource: { resourceType: "Condition", id, subject: { reference: "Patient/ann" }, note: [{ text: long }] },
    }));
    await fhir.send("POST", "", { resourceType: "Bundle", type: "batch", entry: conditions });
    const entry = ["a", "b", "c"].map((id) => ({ item: { reference: `Condition/${id}` } }));
    await fhir.send("PUT", "/List/all", { resourceType: "List", id: "all", status: "current", mode: "working", entry });
  });
  afterAll(() => mesh.stop());
  beforeEach(() => {
    [entered, left] = [0, 0];
    const { enter } = LargeReads.prototype;
    jest.spyOn(LargeReads.prototype, "enter").mockImplementation(async function (this: LargeReads, ...asked) {
      const leave = await enter.call(this, ...asked);
      entered += 1;
      return () => {
        left += 1;
        leave();
      };
    });
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const form = (path: string, body: string) =>
    fetch(`${mesh.base}/fhir${path}`, { method: "POST", body, headers: { "Content-Type": "application/x-www-form-urlencoded" } });
  const batch = (...urls: string[]) => ({
    resourceType: "Bundle",
    type: "batch",
    entry: urls.map((url) => ({ request: { method: "GET", url } })),
  });

  it.each<[string, number, number, () => Promise<{ status: number }>]>([
    ["a history", 1, 200, () => fhir.get("/Patient/ann/_history?_count=1000")],
    ["a search", 1, 200, () => fhir.get("/Patient?_count=1000")],
    ["a search by POST", 1, 200, () => form("/Patient/_search", "_count=1000")],
    ["a search of all types by POST", 1, 200, () => form("/_search", "_type=Patient&_count=1000")],
    ["a whole record", 1, 200, () => fhir.get("/Patient/ann/$everything")],
    ["a whole record by POST", 1, 200, () => fhir.send("POST", "/Patient/ann/$everything", { resourceType: "Parameters" })],
    [
      "each of a batch's entries",
      2,
      200,
      () => fhir.send("POST", "", batch("Patient?_count=1000", "Patient/ann", "Patient/ann/$everything")),
    ],
    ["a search that turns out to be large", 1, 200, () => fhir.get("/Condition")],
    ["a part of each that it finds", 1, 200, () => fhir.get("/Condition?_elements=code")],
    ["a compartment that turns out to be large", 1, 200, () => fhir.get("/Patient/ann/Condition")],
    ["a whole compartment that turns out to be large", 1, 200, () => fhir.get("/Patient/ann/*")],
    ["a search over types that turns out to be large", 1, 200, () => fhir.get("?_type=Condition,Patient")],
    ["what comes along and turns out to be large", 1, 200, () => fhir.get("/List?_include=List:item")],
    [
      "each of a batch's entries that turns out to be large",
      3,
      200,
      () => fhir.send("POST", "", batch("Condition", "Condition?_id=a,b,c", "Condition/a")),
    ],
    [
      "each of a batch's entries that reads a resource of a kind that was large",
      4,
      200,
      () => fhir.send("POST", "", batch("Condition/a", "Patient/ann", "Condition/a", "Condition/b", "Condition/none")),
    ],
    ["none: one large resource", 0, 200, () => fhir.get("/Condition/a")],
    ["none: a page of one large resource", 0, 200, () => fhir.get("/Condition?_count=1")],
    ["one that is refused", 1, 404, () => fhir.get("/Patient/nobody/_history?_count=1000")],
    ["none: one resource", 0, 200, () => fhir.get("/Patient/ann")],
    ["none: a small search by POST", 0, 200, () => form("/Patient/_search", "_count=10")],
  ])("%s", async (_, turns, status, ask) => {
    expect((await ask()).status).toBe(status);
    expect([entered, left]).toEqual([turns, turns]);
  });

  it("actions that only read, while the size of their answers is unknown, and while it is large", async () => {
    let rows = "x".repeat(300_000);
    const answer = { rest: "GET" as const, handler: () => ({ rows }) };
    mesh.caller.createService({ name: "registers", actions: { list: answer, note: { ...answer, rest: "POST" as const } } });
    await mesh.caller.waitForServices("registers");
    const api = (path: string, method = "GET") => fetch(`${mesh.base}/api${path}`, { method });
    for (const [turns, status, ask] of [
      [1, 200, () => api("/registers/list")],
      [2, 200, () => api("/registers/list?")],
      [3, 200, () => api("/registers/list", "POST")],
      [3, 200, () => api("/registers/note", "POST")],
      [3, 404, () => api("/registers/none")],
    ] as const) {
      expect((await ask()).status).toBe(status);
      expect([entered, left]).toEqual([turns, turns]);
    }
    rows = "";
    mesh.caller.createService({ name: "boards", actions: { list: answer } });
    await mesh.caller.waitForServices("boards");
    for (let n = 0; n < 3; n++) expect((await api("/boards/list")).status).toBe(200);
    expect([entered, left]).toEqual([4, 4]);
  });

  it("clients that hang up gain nothing: a request in progress keeps its place until it has ended", async () => {
    let goOn = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let begun = () => {};
    const isBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const handler = async () => {
      begun();
      await held;
      return {};
    };
    mesh.caller.createService({ name: "slow", actions: { list: { rest: "POST" as const, handler } } });
    await mesh.caller.waitForServices("slow");
    const { inFlight } = mesh.caller.getLocalService("api") as unknown as { inFlight: InFlight };
    const closed = jest.spyOn(InFlight.prototype, "close");
    const leaving = new AbortController();
    const asked = fetch(`${mesh.base}/api/slow/list`, { method: "POST", signal: leaving.signal }).catch(() => "gone");
    await isBegun;
    leaving.abort();
    expect(await asked).toBe("gone");
    while (closed.mock.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(inFlight.requests).toBe(1);
    goOn();
    while (closed.mock.calls.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(inFlight.requests).toBe(0);
  });
});
