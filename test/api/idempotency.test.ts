/** Idempotency-Key: the same key gives the same answer and one effect, at every door that writes. */
import { randomUUID } from "node:crypto";
import { jest } from "@jest/globals";
import { eventually } from "../kit/events.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { condition, DOORS, entry, FHIR, KeyedClient, MEDICATION, person } from "./keyed-requests.ts";

let mesh: Mesh;
let at: KeyedClient;
beforeAll(async () => {
  const services = "api,transactions,patients,wards,visits,hospitalizations,lab,pharmacy,records,billing,journal".split(",");
  mesh = await startMesh({ services, nats: false, split: "broker" });
  at = new KeyedClient(mesh.base);
});
afterAll(() => mesh?.stop());

describe("a request with an Idempotency-Key", () => {
  it.each(DOORS)("%s has one effect and the same answer, sent twice and at once", async (_, make) => {
    const key = `"${randomUUID()}"`;
    const request = await make(at);
    const before = await at.everything();
    const tries = await Promise.all([at.send(request, key), at.send(request, key)]);
    const [first] = tries;
    expect(first?.status).toBeLessThan(300);
    const after = await at.everything();
    expect(after).not.toEqual(before);
    expect([...tries, await at.send(request, key)]).toEqual([first, first, first]);
    expect(await at.everything()).toEqual(after);
  });

  it("merges two records once, and continues after the answer", async () => {
    const key = `"${randomUUID()}"`;
    const [source, target] = [await at.patient(), await at.patient()];
    const request = { path: "/api/patients/merge", body: { source, target } };
    const tries = await Promise.all([at.send(request, key), at.send(request, key)]);
    expect(JSON.parse(tries[0]?.text ?? "")).toMatchObject({ source, state: "running" });
    const state = await eventually(
      () => at.done({ path: "/api/patients/mergeState", body: { source } }),
      (it) => it.state === "merged",
    );
    expect(state).toMatchObject({ target, moved: 2, left: 0 });
    const after = await at.everything();
    expect([tries[1], await at.send(request, key)]).toEqual([tries[0], tries[0]]);
    expect(await at.everything()).toEqual(after);
  });

  it("gets the dispensed lots, although the stock is reduced with the answer", async () => {
    const body = { prescription: await at.prescription(), quantity: 2, lot: "K" };
    await at.done({ path: "/api/pharmacy/receive", body: { medication: MEDICATION, quantity: 5, lot: "K" } });
    const { text } = await at.send({ path: "/api/pharmacy/dispense", body }, randomUUID());
    expect(JSON.parse(text).lots).toEqual([{ lot: "K", quantity: 2 }]);
  });

  it("gets the stock after its own movements", async () => {
    const medication = { system: "urn:rx", code: "kept-by-key" };
    const { location: ward } = await at.done({
      path: "/api/wards/open",
      body: { name: "Stock by key", rooms: [{ name: "1", beds: ["A"] }] },
    });
    for (const [action, more, left] of [
      ["receive", { quantity: 5 }, 5],
      ["receive", { quantity: 3 }, 8],
      ["adjust", { by: -2, reason: "broken" }, 6],
      ["count", { quantity: 10 }, 10],
      ["transfer", { quantity: 4, to: ward }, 4], // on that shelf
    ] as const) {
      const { text } = await at.send({ path: `/api/pharmacy/${action}`, body: { medication, ...more } }, randomUUID());
      expect([action, JSON.parse(text).stock]).toEqual([action, { medication, quantity: left }]);
    }
    const [first, second] = [await at.prescription(), await at.prescription()];
    const { stock } = await at.done({ path: "/api/pharmacy/receive", body: { medication: MEDICATION, quantity: 9, lot: "L" } });
    const leftAfter = async (action: string, body: object) =>
      JSON.parse((await at.send({ path: `/api/pharmacy/${action}`, body }, randomUUID())).text) as { dispense: string; left: number };
    const { dispense, left } = await leftAfter("dispense", { prescription: first, quantity: 2, lot: "L" });
    const back = await leftAfter("return", { dispense, quantity: 1, reason: "not used" });
    const other = await leftAfter("dispense", { prescription: second, quantity: 3, lot: "L" });
    const undone = await leftAfter("void", { dispense: other.dispense, reason: "not handed out" });
    expect([left, back.left, other.left, undone.left]).toEqual([-2, -1, -4, -1].map((by) => stock.quantity + by));
  });

  it("gets what it has written as stored", async () => {
    const { text, told } = await at.send({ path: "/fhir/Patient", body: person() }, randomUUID());
    const stored = await fetch(told.location as string);
    expect(JSON.parse(text)).toEqual(await stored.json());
    expect(stored.headers.get("last-modified")).toBe(told["last-modified"]);
    const lines = { resourceType: "Bundle", type: "transaction", entry: [entry(person()), entry(condition("Patient/1"))] };
    const answer = JSON.parse(
      (await at.send({ path: "/fhir", body: lines, headers: { ...FHIR, Prefer: "return=representation" } }, randomUUID())).text,
    );
    for (const { resource } of answer.entry) {
      expect(resource).toEqual(await (await fetch(`${at.base}/fhir/${resource.resourceType}/${resource.id}`)).json());
    }
  });

  it("gets a large answer again as it was", async () => {
    const large = (text: string) => entry({ resourceType: "Communication", status: "completed", payload: [{ contentString: text }] });
    const texts = ["é".repeat(600_000), "a", ...Array.from({ length: 3 }, () => "x".repeat(900_000))];
    const body = { resourceType: "Bundle", type: "transaction", entry: texts.map(large) };
    const sent = { path: "/fhir", body, headers: { ...FHIR, Prefer: "return=representation" } };
    const [key, first] = [randomUUID(), await at.send(sent)];
    const [kept, again] = [await at.send(sent, key), await at.send(sent, key)];
    expect([first.status, kept.status, again]).toEqual([200, 200, kept]);
    expect(kept.text).toHaveLength(first.text.length);
  });

  it("gets the stored time, even if a clock that was ahead wrote the previous version", async () => {
    const now = Date.now();
    const clock = jest.spyOn(Date, "now").mockReturnValue(now + 60_000);
    // The coordinator of a transaction gives its resources their time.
    const created = { fullUrl: "urn:uuid:p", resource: person(), request: { method: "POST", url: "Patient" } };
    const both = { resourceType: "Bundle", type: "transaction", entry: [created, entry(condition("urn:uuid:p"))] };
    const { entry: made } = await at.done({ path: "/fhir", body: both, headers: { ...FHIR, Prefer: "return=representation" } });
    clock.mockRestore();
    const { id, ...rest } = made[0].resource;
    const resource = { ...rest, id, active: true };
    const stored = () => fetch(`${at.base}/fhir/Patient/${id}`);
    const { text, told } = await at.send({ method: "PUT", path: `/fhir/Patient/${id}`, body: resource }, randomUUID());
    expect(JSON.parse(text)).toEqual(await (await stored()).json());
    expect(told["last-modified"]).toBe((await stored()).headers.get("last-modified"));
    const put = { resource: { ...resource, active: false }, request: { method: "PUT", url: `Patient/${id}` } };
    const body = { resourceType: "Bundle", type: "transaction", entry: [put, entry(condition(`Patient/${id}`))] };
    const answer = await at.send({ path: "/fhir", body, headers: { ...FHIR, Prefer: "return=representation" } }, randomUUID());
    const [{ resource: given, response }] = JSON.parse(answer.text).entry;
    expect(given).toEqual(await (await stored()).json());
    expect(response.lastModified).toBe(new Date(now + 60_000).toISOString());
  });

  it("is refused if its key belongs to another body, URL or condition, and accepted with a new one", async () => {
    const key = randomUUID();
    const body = person();
    expect(await at.send({ path: "/fhir/Patient", body }, key)).toMatchObject({ status: 201 });
    for (const other of [
      { path: "/fhir/Patient", body: person() },
      { path: "/fhir/Patient?_pretty=true", body },
      { path: "/fhir/Patient", body, headers: { ...FHIR, "If-None-Exist": "identifier=1" } },
      { method: "PUT", path: "/fhir/Patient", body },
    ]) {
      expect(await at.send(other, key)).toMatchObject({ status: 422, text: expect.stringContaining("Idempotency-Key") });
    }
    expect(await at.send({ path: "/fhir/Patient", body }, randomUUID())).toMatchObject({ status: 201 });
  });

  it("may quote the key, as the standard does, or not", async () => {
    const key = randomUUID();
    const request = { path: "/fhir/Patient", body: person() };
    const first = await at.send(request, `"${key}"`);
    expect(await at.send(request, key)).toEqual(first);
  });

  it.each(['""', '"a', 'a"b', "a b", "a, b", '"a", "b"', `"${"x".repeat(256)}"`, "x".repeat(256), '"tab\there"'])(
    "%s is refused: %#",
    async (key) => {
      const before = await at.everything();
      const { status, text } = await at.send({ path: "/fhir/Patient", body: person() }, key);
      expect({ status, text }).toMatchObject({ status: 400, text: expect.stringContaining("Idempotency-Key") });
      expect(await at.send({ path: "/api/wards/open", body: { name: "w", rooms: [] } }, key)).toMatchObject({ status: 400 });
      expect(await at.everything()).toEqual(before);
    },
  );

  it("that was refused leaves nothing, and may be repeated", async () => {
    const [key, id] = [randomUUID(), randomUUID()];
    const request = { path: "/api/visits/open", body: { patient: `Patient/${id}` } };
    expect(await at.send(request, key)).toMatchObject({ status: 404 });
    await at.done({ method: "PUT", path: `/fhir/Patient/${id}`, body: { ...person(), id } });
    const opened = await at.send(request, key);
    expect(opened).toMatchObject({ status: 200 });
    expect(await at.send(request, key)).toEqual(opened);
    // A second visit under another key is refused, and holds nothing.
    expect(await at.send(request, randomUUID())).toMatchObject({ status: 409, text: expect.stringContaining("VISIT_ALREADY_OPEN") });
  });

  it("that reads is not affected by the key", async () => {
    const answer = await fetch(`${at.base}/fhir/Patient?_count=1`, { headers: { "Idempotency-Key": "not a key" } });
    expect(answer.status).toBe(200);
    expect(
      await at.send(
        { path: "/fhir/Patient/_search", body: "", headers: { "Content-Type": "application/x-www-form-urlencoded" } },
        randomUUID(),
      ),
    ).toMatchObject({ status: 200 });
  });

  it("is refused if one effect cannot be guaranteed: a transaction that also reads", async () => {
    const read = { request: { method: "GET", url: "Patient/1" } };
    const body = { resourceType: "Bundle", type: "transaction", entry: [entry(person()), read] };
    const before = await at.everything();
    expect(await at.send({ path: "/fhir", body }, randomUUID())).toMatchObject({
      status: 501,
      text: expect.stringContaining("Idempotency-Key"),
    });
    expect(await at.everything()).toEqual(before);
  });
});

describe("a clinic without the service transactions", () => {
  it("refuses the key, and accepts the same request without it", async () => {
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
