import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { type FhirHttp, fhirAt, outcomeWith } from "../kit/fhir-http.ts";
import { usedMs } from "../kit/growth.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

/** Whatever comes is refused clearly and at once, and the next request is served as before. */
describe("bad input", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "transactions", "patients", "records"], nats: false, split: "broker" });
    fhir = fhirAt(mesh.base);
  });
  afterAll(() => mesh.stop());
  afterEach(async () => {
    expect((await fhir.create({ resourceType: "Patient" })).status).toBe(201);
  });

  const patient = (text: string, headers: Record<string, string> = {}) => fhir.send("POST", "/Patient", text, headers);

  it.each([
    ["no JSON", '{"resourceType":', 400],
    ["an empty body", " ", 400],
    ["an array", "[]", 400],
    ["null", "null", 400],
    ["another type", '{"resourceType":"Group","type":"person","actual":true}', 400],
    ["nesting 200 levels deep", `{"resourceType":"Patient","extension":${'[{"extension":'.repeat(200)}[]${"}]".repeat(200)}}`, 400],
    ["a prototype", '{"resourceType":"Patient","__proto__":{"x":1}}', 400],
    ["a NUL", '{"resourceType":"Patient","name":[{"family":"a\\u0000b"}]}', 400],
    ["half a surrogate pair", '{"resourceType":"Patient","name":[{"family":"\\ud800"}]}', 400],
    ["an id that is too long", JSON.stringify({ resourceType: "Patient", gender: "x".repeat(100) }), 422],
    ["a member twice", '{"resourceType":"Patient","gender":"male","gender":"female"}', 422],
    ["a member that there is not", '{"resourceType":"Patient","colour":"blue"}', 422],
  ])("refuses %s", async (_, text, status) => {
    const answer = await patient(text);
    expect(answer).toMatchObject({ status: status === 400 ? expect.any(Number) : status, body: { resourceType: "OperationOutcome" } });
    expect([400, 422]).toContain(answer.status);
    expect(answer.text).not.toMatch(/node_modules|at .*\.ts|\/main\//);
  });

  it("refuses bytes that are not UTF-8, and unknown encodings", async () => {
    const raw = await new Promise<number>((resolve, reject) => {
      const request = httpRequest(
        `${mesh.base}/fhir/Patient`,
        { method: "POST", headers: { "Content-Type": "application/fhir+json" } },
        (answer) => resolve(answer.statusCode ?? 0),
      );
      request.on("error", reject);
      request.end(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]));
    });
    expect(raw).toBe(400);
    expect((await patient("{}", { "Content-Encoding": "zip" })).status).toBe(415);
    expect((await patient("{}", { "Content-Encoding": "gzip" })).status).toBe(400);
    expect((await patient("<Patient/>", { "Content-Type": "application/fhir+xml" })).status).toBe(415);
    expect((await patient("{}", { "Content-Type": "application/fhir+json; charset=latin1" })).status).toBe(415);
  });

  it("refuses a body of 50 MB without reading all of it", async () => {
    const answer = await new Promise<{ status: number }>((resolve, reject) => {
      const request = httpRequest(
        `${mesh.base}/fhir/Patient`,
        { method: "POST", headers: { "Content-Type": "application/fhir+json", "Content-Length": String(50 * 1024 * 1024) } },
        (got) => resolve({ status: got.statusCode ?? 0 }),
      );
      request.on("error", reject);
      request.write("{");
    });
    expect(answer.status).toBe(413);
  });

  it.each([
    ["a parameter of 10,000 characters", `name=${"a".repeat(10_000)}`],
    ["a chain of 20 links", `${"link:Patient.".repeat(20)}name=a`],
    ["_has within _has within _has …", `${"_has:Observation:patient:".repeat(12)}code=1`],
    ["a hundred and one parameters", Array.from({ length: 101 }, () => "name=a").join("&")],
    ["a list of 2,000 values", `name=${Array.from({ length: 2_000 }, () => "a").join(",")}`],
    ["a date that is none", "birthdate=ge2026-13-45"],
    ["a broken escape", "name=a%"],
    ["an unknown modifier", "name:almost=a"],
    ["a quantity in place of a date", "birthdate=5.4|mg"],
    ["a negative page", "_count=-1"],
    ["a NUL in a word to search for", "_content=a%00b"],
    ["a NUL in a name", "name=a%00b"],
    ["a made-up page link", "_page=abcdefghijklmnopqrstuvwxyz"],
    ["an include of nothing", "_include=Patient"],
  ])("refuses %s in a search, at once", async (_, query) => {
    const begun = usedMs();
    expect(await fhir.get(`/Patient?${query}`)).toMatchObject({ status: 400, body: { resourceType: "OperationOutcome" } });
    expect(usedMs() - begun).toBeLessThan(2_000);
  });

  it("treats a _count of a thousand million as the largest page", async () => {
    expect((await fhir.get("/Patient?_count=1000000000")).status).toBe(200);
  });

  it("refuses a patch that doubles a list repeatedly, or has duplicate members", async () => {
    const { id } = (await fhir.create({ resourceType: "Patient", name: [{ family: "Rossi" }] })).body;
    const patch = (text: string) => fhir.send("PATCH", `/Patient/${id}`, text, { "Content-Type": "application/json-patch+json" });
    const doubling = Array.from({ length: 1_000 }, () => ({ op: "copy", from: "/name", path: "/name/-" }));
    expect(await patch(JSON.stringify(doubling))).toMatchObject({ status: 400, body: outcomeWith("too-costly") });
    expect((await patch('[{"op":"add","path":"/gender","value":"male","value":"female"}]')).status).toBe(422);
  });

  it("answers an invalid path, and an invalid method", async () => {
    expect((await fhir.get("/Patient/%E0%A4%A")).status).toBe(400);
    expect((await fhir.get("/Patient/..%2F..%2Fetc%2Fpasswd")).status).toBe(404);
    expect(await fhir.send("PUT", "/Patient", {})).toMatchObject({ status: 412 });
    expect(await fhir.send("PUT", `/Patient/${"x".repeat(65)}`, { resourceType: "Patient", id: "x" })).toMatchObject({
      status: 400,
      body: outcomeWith("value"),
    });
  });

  /** With the gateway's name in place of `x`. */
  const named = (text: string) => text.replace("\r\nHost: x\r\n", `\r\nHost: ${new URL(mesh.base).host}\r\n`);

  /** What is sent to the server as it stands, and all that it answers. */
  const raw = (text: string) =>
    new Promise<string>((resolve, reject) => {
      let answer = "";
      const socket = connect(Number(new URL(mesh.base).port), "127.0.0.1", () => socket.write(named(text)));
      socket.on("data", (chunk) => {
        answer += chunk;
      });
      socket.once("error", reject);
      socket.once("close", () => resolve(answer));
    });
  const get = (path: string, headers = "") => raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`);

  const bodyOf = (headers: string, body: string) =>
    `POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nConnection: close\r\n${headers}\r\n\r\n${body}`;

  it.each([
    ["no HTTP", "\x16\x03\x01 what is this\r\n\r\n", 400],
    ["two lengths of one body", "POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
    ["a chunk without a length", "POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", 400],
    ["a transfer coding that is not known", bodyOf("Transfer-Encoding: gzip, chunked", "2\r\n{}\r\n0\r\n\r\n"), 501],
    ["an expectation that is not known", bodyOf("Content-Length: 2\r\nExpect: a-meal", "{}"), 417],
    ["trailers of 70 kB", bodyOf("Transfer-Encoding: chunked", `2\r\n{}\r\n0\r\nX: ${"a".repeat(70_000)}\r\n\r\n`), 431],
    ["a URL of 70 kB", `GET /fhir/Patient?name=${"a".repeat(70_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
  ])("tells who sends %s what is wrong", async (_, text, status) => {
    const answer = await raw(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(JSON.parse(answer.split("\r\n\r\n")[1] ?? "")).toMatchObject({ resourceType: "OperationOutcome" });
    expect(answer).toContain("\r\nCache-Control: no-store\r\n");
  });

  it.each(["//", "///", "//[", "/\\", "//:80/", "/api//", "/%"])("answers 404 to the path %s", async (path) => {
    expect(await get(path)).toMatch(/^HTTP\/1.1 404 /);
  });

  it("answers a URL of another scheme as all that is not here", async () => {
    const host = new URL(mesh.base).host;
    for (const url of ["*", `ftp://${host}/fhir/metadata`, `ws://${host}/fhir/Patient`]) {
      const answer = await get(url);
      expect(answer).toMatch(/^HTTP\/1.1 404 /);
      expect(JSON.parse(answer.split("\r\n\r\n")[1] ?? "")).toMatchObject({ error: { code: 404, type: "NOT_FOUND" } });
    }
  });

  it("accepts an absolute URL in the request line", async () => {
    expect(await get(`${mesh.base}/fhir/metadata`)).toMatch(/^HTTP\/1.1 200 /);
    expect(await get(`${mesh.base}?a=b`)).toMatch(/^HTTP\/1.1 200 /);
  });

  it("continues when clients disconnect in the middle", async () => {
    for (let index = 0; index < 20; index += 1) {
      await new Promise<void>((resolve) => {
        const socket = connect(Number(new URL(mesh.base).port), "127.0.0.1", () => {
          socket.write(
            named(
              'POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: 1000\r\n\r\n{"resourceType"',
            ),
            () => socket.destroy(),
          );
        });
        socket.once("close", () => resolve());
      });
    }
  });
});
