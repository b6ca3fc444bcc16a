/** What somebody sends who means harm: it is refused, and whoever asks next is served. Expressions: attacks-by-expressions.test.ts. */
import { attackerOf } from "../kit/attacker.ts";
import { fhirMesh } from "../kit/fhir-mesh.ts";
import { usedMs } from "../kit/growth.ts";
import { slowestWhile } from "../kit/slowest.ts";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { outcomeWith } from "../kit/fhir-http.ts";

describe("a hospital under attack", () => {
  const at = fhirMesh(["api", "transactions", "patients", "records"]);

  it("accepts no page link that it has not made, and nothing in one as part of a statement", async () => {
    const seq = { text: "0 UNION ALL SELECT seq, id, version, updated FROM resource WHERE 1", values: [] };
    const text = JSON.stringify({ query: "", after: { values: [], seq, id: "" } });
    for (const length of [16, 22]) {
      const sum = createHash("sha256").update(`Person\n${text}`).digest("base64url").slice(0, length);
      const forged = await at.fhir.get(`/Person?_page=${Buffer.from(text).toString("base64url")}${sum}`);
      expect(forged).toMatchObject({ status: 400, body: outcomeWith("invalid") });
    }
  });

  it("keeps all resources of a transaction whose names differ only beyond what is indexed", async () => {
    const given = ["😀", "😁"].map((last) => "a".repeat(7_997) + last + last);
    const entry = [
      { resource: { resourceType: "Patient", id: "long", name: [{ given }] }, request: { method: "PUT", url: "Patient/long" } },
      {
        resource: { resourceType: "Condition", id: "long", subject: { reference: "Patient/long" } },
        request: { method: "PUT", url: "Condition/long" },
      },
    ];
    expect((await at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry })).status).toBe(200);
    expect((await at.fhir.get("/Patient/long")).status).toBe(200);
    expect((await at.fhir.get("/Condition/long")).status).toBe(200);
  });

  it("limits the answer to one batch", async () => {
    const data = Buffer.alloc(750_000, 1).toString("base64");
    await at.fhir.send("PUT", "/Binary/large", { resourceType: "Binary", id: "large", contentType: "text/plain", data });
    const entry = Array.from({ length: 100 }, () => ({ request: { method: "GET", url: "Binary/large" } }));
    const { status, body } = await at.fhir.send("POST", "", { resourceType: "Bundle", type: "batch", entry });
    const given = body.entry.filter((it: { resource?: object }) => it.resource).length;
    expect([status, given > 60, given < 90]).toEqual([200, true, true]);
    expect(body.entry.at(-1).response).toMatchObject({ status: "413", outcome: outcomeWith("too-costly") });
  });

  const packed = (path: string, type: string, text: string) =>
    fetch(`${at.mesh.base}/fhir${path}`, {
      method: "POST",
      headers: { "Content-Type": type, "Content-Encoding": "gzip" },
      body: gzipSync(text) as BodyInit,
    });

  it("refuses a form that is only separators, and JSON that is only objects", async () => {
    expect((await packed("/Patient/_search", "application/x-www-form-urlencoded", "a&".repeat(8_000_000))).status).toBe(413);
    const objects = `{"resourceType":"Bundle","type":"batch","entry":[${"{},".repeat(8_000_000)}{}]}`;
    expect((await packed("", "application/fhir+json", objects)).status).toBe(413);
  });

  it("refuses a search by POST that is too large without reading it, or delaying large answers of others", async () => {
    const form = `_id=${"a".repeat(31_000_000)}`;
    const { status } = await at.fhir.send("POST", "/Observation/_search", form, { "Content-Type": "application/x-www-form-urlencoded" });
    expect(status).toBe(413);
    const one = await at.fhir.send("POST", "/Patient/_search", `_id=${"a,".repeat(100_000)}long`, {
      "Content-Type": "application/x-www-form-urlencoded",
    });
    expect(one.status).not.toBe(503);
  });

  it.each(["target.", "_has:Provenance:target:"])(
    "answers criteria of thousands of links, %s, in a batch and in a transaction",
    async (link) => {
      const url = `Provenance?${link.repeat(3_000)}patient=urn:uuid:1`;
      for (const [type, method] of [
        ["batch", "DELETE"],
        ["transaction", "DELETE"],
        ["batch", "GET"],
      ]) {
        const begun = usedMs();
        const { status, body } = await at.fhir.send("POST", "", { resourceType: "Bundle", type, entry: [{ request: { method, url } }] });
        expect([status, status === 200 ? body.entry[0].response.status.slice(0, 3) : `${status}`]).toEqual([status, "400"]);
        expect(usedMs() - begun).toBeLessThan(5_000);
      }
    },
  );

  it.each([
    ["Prefer", "a".repeat(60_000)],
    ["Accept", ";".repeat(60_000)],
    ["If-Match", ",".repeat(60_000)],
    ["Content-Type", `application/fhir+json${"; ".repeat(20_000)}`],
  ])("reads a %s of 60,000 characters once", async (name, value) => {
    await at.fhir.get("/Patient/long", { [name]: value });
  });

  it("accepts a name of a hundred thousand parts quickly", async () => {
    const { status } = await at.fhir.create({ resourceType: "Patient", name: [{ family: "a ".repeat(100_000).trim() }] });
    expect([201, 422]).toContain(status);
  });

  it("continues a connection whose body could not be decompressed, or ends it", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (method: string, path: string, body?: Buffer) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { "Content-Type": "application/fhir+json", ...(body && { "Content-Encoding": "gzip" }) };
        const sent = httpRequest(`${at.mesh.base}/fhir${path}`, { method, agent, headers }, (answer) => {
          answer.resume();
          answer.on("end", () => resolve(answer.statusCode));
        });
        sent.on("error", reject);
        sent.end(body);
      });
    expect(await ask("POST", "/Patient", Buffer.alloc(200_000, "x"))).toBe(400);
    expect(await ask("GET", "/Patient/long")).toBe(200);
    agent.destroy();
  });

  const socket = async (text: string): Promise<Socket> => {
    const { port } = new URL(at.mesh.base);
    const made = connect(Number(port), "127.0.0.1");
    made.on("error", () => {});
    await once(made, "connect");
    made.write(text.replace("Host: x", `Host: 127.0.0.1:${port}`));
    return made;
  };

  it("serves others while hundreds send slowly, and after they have hung up", async () => {
    const upload = "POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: 5\r\n\r\n";
    const slow = await Promise.all(Array.from({ length: 400 }, () => socket(upload)));
    expect((await at.fhir.get("/Patient/long")).status).toBe(200);
    const asking = await Promise.all(Array.from({ length: 300 }, () => socket("GET /fhir/Patient?_count=0 HTTP/1.1\r\nHost: x\r\n\r\n")));
    for (const one of [...asking, ...slow]) one.destroy();
    await Promise.all([...asking, ...slow].map((one) => (one.closed ? undefined : once(one, "close"))));
    expect((await at.fhir.get("/Patient/long")).status).toBe(200);
    const health = await fetch(`${at.mesh.base}/health/live`);
    expect([health.status, health.headers.get("connection")]).toEqual([200, "keep-alive"]);
  });

  it("indents no answer that would grow to many times its size", async () => {
    let extension: object = { url: "u", extension: Array.from({ length: 20_000 }, () => ({ url: "u", valueBoolean: true })) };
    for (let depth = 0; depth < 40; depth++) extension = { url: "u", extension: [extension] };
    const deep = { resourceType: "Basic", id: "deep", code: { text: "x" }, extension: [extension] };
    expect((await at.fhir.send("PUT", "/Basic/deep", deep)).status).toBe(201);
    for (const query of ["/Basic/deep?_pretty=true", "/Basic?_pretty=true", "/Basic/deep/_history?_pretty=true"]) {
      const { status, text } = await at.fhir.get(query);
      expect([status, text.length > 500_000, text.length < 1_500_000]).toEqual([200, true, true]);
    }
  });

  it("serves others while hundreds ask for the description of the API, which needs no sign-in", async () => {
    const attacker = attackerOf(at.mesh.base);
    await attacker.sockets(400, `GET /openapi.json HTTP/1.1\r\nHost: ${new URL(at.mesh.base).host}\r\n\r\n`);
    const reading = Promise.all(Array.from({ length: 5 }, () => at.fhir.get("/Patient/long")));
    expect(await slowestWhile(reading, at.fhir, "/Patient/long")).toBeLessThan(2_000);
    attacker.leave();
  });

  it("does not read params of an action with very many members", async () => {
    const body = JSON.stringify(Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`k${index}`, 1])));
    const { status } = await fetch(`${at.mesh.base}/api/patients/register`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    });
    expect(status).toBe(413);
  });

  it("names no node in any header", async () => {
    const { headers } = await at.fhir.get("/Patient/long");
    for (const [name, value] of headers) expect([name, /api|patients|provider/.test(value)]).toEqual([name, false]);
  });

  describe("by size", () => {
    const list = <Item>(length: number, make: (index: number) => Item): Item[] => Array.from({ length }, (_, index) => make(index));
    const named = (count: number) => ({ resourceType: "Patient", name: list(count, (index) => ({ family: `n${index}` })) });
    const entries = (entry: object[]) => ({ resourceType: "Bundle", type: "transaction", entry });
    const listOf = (references: string[]) => ({
      resourceType: "List",
      status: "current",
      mode: "working",
      entry: references.map((reference) => ({ item: { reference } })),
    });

    it.each<[what: string, status: number, method: string, path: string, body: () => object]>([
      ["300,000 names", 422, "POST", "/Patient", () => named(300_000)],
      ["30,000 names", 422, "POST", "/Patient", () => named(30_000)],
      ["4,000 names", 201, "POST", "/Patient", () => named(4_000)],
      [
        "100,000 conditional references",
        422,
        "POST",
        "",
        () =>
          entries(
            list(1_000, (i) => ({
              resource: listOf(list(100, (k) => `Patient?identifier=u|${i}-${k}`)),
              request: { method: "POST", url: "List" },
            })),
          ),
      ],
      [
        "1,000 conditional references to one",
        200,
        "POST",
        "",
        () =>
          entries(list(1_000, () => ({ resource: listOf(["Patient?identifier=urn:size|1"]), request: { method: "POST", url: "List" } }))),
      ],
      [
        "3,000 conditions that are compared with all",
        422,
        "POST",
        "",
        () =>
          entries(
            list(3_000, (i) => ({
              resource: { resourceType: "Patient", birthDate: "1990-01-01" },
              request: { method: "POST", url: "Patient", ifNoneExist: `birthdate=gt1980&birthdate=gt${3_000 + i}` },
            })),
          ),
      ],
      [
        "references to 9,000 contained resources",
        201,
        "POST",
        "/List",
        () => ({
          ...listOf(list(9_000, (i) => `#c${i}`)),
          contained: list(9_000, (i) => ({ resourceType: "Basic", id: `c${i}`, code: { text: "x" } })),
        }),
      ],
      [
        "19,000 tags to be taken away",
        200,
        "POST",
        "/Patient/tagged/$meta-delete",
        () => ({
          resourceType: "Parameters",
          parameter: [{ name: "meta", valueMeta: { tag: list(19_000, (i) => ({ system: "t", code: `${i}` })) } }],
        }),
      ],
    ])("of %s is answered %i, and others are served meanwhile", async (_, status, method, path, body) => {
      const tag = list(15_000, (i) => ({ system: "t", code: `${i}` }));
      await at.fhir.send("PUT", "/Patient/tagged", { resourceType: "Patient", id: "tagged", active: true, meta: { tag } });
      await at.fhir.send("PUT", "/Patient/size", {
        resourceType: "Patient",
        id: "size",
        identifier: [{ system: "urn:size", value: "1" }],
      });
      const sending = at.fhir.send(method, path, body());
      expect(await slowestWhile(sending, at.fhir, "/Patient/long")).toBeLessThan(8_000);
      const answer = await sending;
      expect(answer.status).toBe(status);
      if (status >= 400) expect(answer.body).toEqual(outcomeWith("too-costly"));
    });
  });
});
