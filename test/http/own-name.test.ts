/** The gateway knows its own name: what a request says of it changes no link, and a request for another server is refused. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as tlsConnect } from "node:tls";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { type Program, run } from "../kit/programs.ts";

const PUBLIC = "https://ehr.example";

/** All that comes back for these bytes. */
const raw = (base: string, text: string) =>
  new Promise<string>((resolve, reject) => {
    let answer = "";
    const socket = connect(Number(new URL(base).port), "127.0.0.1", () => socket.write(text));
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    socket.once("error", reject);
    socket.once("close", () => resolve(answer));
  });
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

describe.each([
  ["PUBLIC_URL is set, behind a proxy with TLS", { PUBLIC_URL: `${PUBLIC}/` }],
  ["it is not, and the proxy is trusted", { TRUSTED_PROXIES: "127.0.0.1,::1" }],
])("a gateway of which %s", (_, env) => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  let own: string;
  let port: string;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "transactions", "patients", "records"], nats: false, split: "broker", env });
    fhir = fhirAt(mesh.base);
    own = "PUBLIC_URL" in env ? PUBLIC : mesh.base;
    port = new URL(mesh.base).port;
  });
  afterAll(() => mesh.stop());

  const FORWARDED = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Port": "1",
    Forwarded: "host=evil.example;proto=gopher;for=1.1.1.1",
  };

  it("uses this name in every link, whatever a request says", async () => {
    const made = await fhir.create({ resourceType: "Patient", name: [{ family: "Link" }] }, FORWARDED);
    expect(made.headers.get("location")).toMatch(new RegExp(`^${own}/fhir/Patient/`));
    await fhir.create({ resourceType: "Patient", name: [{ family: "Link" }] });
    const { body } = await fhir.get("/Patient?name=link&_count=1", FORWARDED);
    const urls = [...body.link.map((it: { url: string }) => it.url), body.entry[0].fullUrl];
    expect(urls).toHaveLength(3);
    for (const url of urls) expect(url).toMatch(new RegExp(`^${own}/fhir/Patient`));
    const openapi = await (await fetch(`${mesh.base}/openapi.json`, { headers: FORWARDED })).json();
    expect(openapi.servers).toEqual([{ url: own }]);
    expect((await fhir.get("/metadata", FORWARDED)).text).not.toMatch(/evil|gopher/);
  });

  it("treats a reference with this name as its own, and with another as one of another server", async () => {
    const patient = (await fhir.create({ resourceType: "Patient" })).body.id;
    const observation = (reference: string) => ({
      resourceType: "Condition",
      subject: { reference },
      code: { text: "x" },
    });
    expect((await fhir.create(observation(`${own}/fhir/Patient/${patient}`))).status).toBe(201);
    expect((await fhir.create(observation(`http://evil.example/fhir/Patient/${patient}`), FORWARDED)).status).toBe(201);
    const found = await fhir.get(`/Condition?subject=Patient/${patient}`);
    expect(found.body.total).toBe(1);
    const everything = (await fhir.get(`/Patient/${patient}/$everything`)).body.entry.map(
      (it: { resource: { resourceType: string } }) => it.resource.resourceType,
    );
    expect(everything.sort()).toEqual(["Condition", "Patient"]);
  });

  const get = (path: string, ...headers: string[]) =>
    raw(mesh.base, `${[`GET ${path} HTTP/1.1`, ...headers].join("\r\n")}\r\nConnection: close\r\n\r\n`);

  it("answers under its own names", async () => {
    const names = ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"].map((name) => `${name}:${port}`);
    for (const name of [...names, ...(own === PUBLIC ? ["ehr.example", "ehr.example:443", "EHR.example"] : [])]) {
      expect([name, statusOf(await get("/fhir/metadata", `Host: ${name}`))]).toEqual([name, 200]);
    }
    expect(statusOf(await get(`http://localhost:${port}/fhir/metadata`, `Host: localhost:${port}`))).toBe(200);
    expect(statusOf(await raw(mesh.base, "GET /fhir/metadata HTTP/1.0\r\n\r\n"))).toBe(200);
  });

  it("refuses requests for another server", async () => {
    const names = [
      "evil.example",
      `evil.example:${port}`,
      `127.0.0.1.evil.example:${port}`,
      "localhost:1",
      `localhost.:${port}`,
      "10.0.0.1",
      "",
      `x@localhost:${port}`,
    ];
    for (const name of names) {
      for (const path of ["/fhir/metadata", "/fhir/Patient", "/api/patients/register", "/", "/console.json", "/docs", "/nothing"]) {
        expect([name, path, statusOf(await get(path, `Host: ${name}`))]).toEqual([name, path, 421]);
      }
    }
    expect(await get("/fhir/Patient", "Host: evil.example", `X-Forwarded-Host: localhost:${port}`)).toMatch(
      /^HTTP\/1\.1 421 [\s\S]*OperationOutcome/,
    );
    expect(statusOf(await get("http://evil.example/fhir/Patient", `Host: localhost:${port}`))).toBe(421);
    const body = '{"resourceType":"Patient","id":"rebound"}';
    const write = [
      `PUT /fhir/Patient/rebound HTTP/1.1`,
      "Host: evil.example",
      "Content-Type: application/fhir+json",
      `Content-Length: ${body.length}`,
    ];
    expect(statusOf(await raw(mesh.base, `${write.join("\r\n")}\r\nConnection: close\r\n\r\n${body}`))).toBe(421);
    expect((await fhir.get("/Patient/rebound")).status).toBe(404);
  });

  it("refuses to be a proxy", async () => {
    const asked = await raw(mesh.base, `CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n`);
    expect(asked).toMatch(/^HTTP\/1\.1 405 [\s\S]*\r\nConnection: close\r\n[\s\S]*OperationOutcome/);
  });

  it("refuses a request that names several servers, or none", async () => {
    const host = `Host: localhost:${port}`;
    for (const path of ["/fhir/metadata", "/health/live"]) expect([path, statusOf(await get(path, host, host))]).toEqual([path, 400]);
    expect(statusOf(await get("/fhir/metadata", host, "X-Other: 1", "hOST: evil.example"))).toBe(400);
    expect(statusOf(await get("/fhir/metadata", "X-Other: 1"))).toBe(400);
  });

  it("answers health checks under any name, as monitoring uses its address", async () => {
    for (const path of ["/health/live", "/health/ready"]) expect(statusOf(await get(path, "Host: 10.0.0.1:3000"))).toBe(200);
  });

  it.each<[string, Record<string, string>, number]>([
    ["of its own", { Origin: "OWN", "Sec-Fetch-Site": "same-origin" }, 201],
    ["of nobody", {}, 201],
    ["of a person", { "Sec-Fetch-Site": "none" }, 201],
    ["of another site", { Origin: "https://evil.example" }, 403],
    ["of another site, with a name that matches", { Origin: "https://evil.example", ...FORWARDED }, 403],
    ["of another site without an origin", { "Sec-Fetch-Site": "cross-site" }, 403],
    ["of another host of the site", { "Sec-Fetch-Site": "same-site" }, 403],
    ["of what a browser may say some day", { "Sec-Fetch-Site": "elsewhere" }, 403],
    ["of a sandbox", { Origin: "null" }, 403],
    ["of its own host by another scheme", { Origin: "OTHER" }, 403],
  ])("writes for a page %s, or not: %j", async (__, headers, status) => {
    const origins: Record<string, string> = { OWN: own, OTHER: own.replace(/^https?/, (scheme) => (scheme === "http" ? "https" : "http")) };
    const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, origins[value] ?? value]));
    expect((await fhir.create({ resourceType: "Patient" }, sent)).status).toBe(status);
    expect((await fhir.get("/Patient?_count=1", sent)).status).toBe(200);
  });

  it("tells browsers to stay with HTTPS, if clients use it", async () => {
    const { headers } = await fhir.get("/Patient");
    expect(headers.get("strict-transport-security")).toBe(own === PUBLIC ? "max-age=31536000" : null);
  });
});

describe("a gateway with TLS", () => {
  let dir: string;
  let program: Program;
  let port: number;
  let ca: Buffer;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "openward-tls-"));
    const env = { DATA_DIR: dir, PORT: "0", NATS_URL: "", LOG_LEVEL: "error", SERVICES: "api,patients" };
    program = run(["serve", "--tls"], env);
    const [, url = ""] = await program.says(/ready at (https:\S+)/);
    port = Number(new URL(url).port);
    ca = readFileSync(join(dir, "tls/cert.pem"));
  });
  afterAll(async () => {
    program.child.kill("SIGTERM");
    expect(await program.ended).toBe(0);
    rmSync(dir, { recursive: true });
  });

  const get = (host: string, path: string) =>
    new Promise<{ status?: number; headers: NodeJS.Dict<string | string[]>; text: string }>((resolve, reject) => {
      httpsRequest({ host, port, path, ca }, (answer) => {
        let text = "";
        answer.on("data", (chunk) => {
          text += chunk;
        });
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
      })
        .on("error", reject)
        .end();
    });

  it("has a certificate for the names of this machine, and https in links", async () => {
    for (const host of ["localhost", "127.0.0.1"]) {
      const { status, headers, text } = await get(host, "/fhir/Patient");
      expect([status, headers["strict-transport-security"]]).toEqual([200, "max-age=31536000"]);
      expect(text).toContain(`"url":"https://127.0.0.1:${port}/fhir/Patient"`);
    }
  });

  it("accepts TLS 1.2 or newer only, and no plain HTTP", async () => {
    const spoken = (version: "TLSv1.1" | "TLSv1.2") =>
      new Promise<string>((resolve) => {
        const socket = tlsConnect({ host: "127.0.0.1", port, ca, minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" });
        socket.once("secureConnect", () => {
          resolve(socket.getProtocol() ?? "");
          socket.destroy();
        });
        socket.once("error", () => resolve("refused"));
      });
    expect(await Promise.all([spoken("TLSv1.1"), spoken("TLSv1.2")])).toEqual(["refused", "TLSv1.2"]);
    await expect(fetch(`http://127.0.0.1:${port}/fhir/Patient`)).rejects.toThrow();
    expect((await get("127.0.0.1", "/health/live")).status).toBe(200);
  });
});
