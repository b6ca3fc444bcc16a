/** One client cannot stop the others: what it sends and does not read is bounded, and who else asks is answered meanwhile. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { brotliCompressSync, constants, deflateSync, gzipSync } from "node:zlib";
import { type Attacker, attackerOf, memoryOf, watch } from "../kit/attacker.ts";
import { type FhirHttp, fhirAt, outcomeWith } from "../kit/fhir-http.ts";
import { type Program, run } from "../kit/programs.ts";

const SPACES = Buffer.alloc(31_000_000, " ");
const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } };

/** MB that an attack may take, and what may be left of it. */
const MAX_GROWTH = 300;
const MAX_LEFT = 200;
/** Of any request, milliseconds: nobody is shut out for the length of the attack. How fast is measured on a quiet machine, not here. */
const MAX_TIME_MS = 10_000;

describe("one hostile client", () => {
  let dir: string;
  let program: Program;
  let base: string;
  let host: string;
  let fhir: FhirHttp;
  let attacker: Attacker;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "openward-attack-"));
    program = run(["serve"], { DATA_DIR: dir, PORT: "0", NATS_URL: "", LOG_LEVEL: "error", SERVICES: "api,transactions,patients,records" });
    [, base = ""] = await program.says(/ready at (http:\S+)/);
    host = new URL(base).host;
    fhir = fhirAt(base);
    await fhir.send("PUT", "/Patient/someone", { resourceType: "Patient", id: "someone" });
    const large = { method: "PUT", body: new Uint8Array(4_000_000), headers: { "Content-Type": "application/octet-stream" } };
    expect((await fetch(`${base}/fhir/Binary/large`, large)).status).toBe(201);
    for (let warm = 0; warm < 100; warm++) await fhir.get("/Patient/someone");
  });
  afterAll(async () => {
    program.child.kill("SIGKILL");
    await program.ended;
    rmSync(dir, { recursive: true });
  });
  beforeEach(() => {
    attacker = attackerOf(base);
  });
  afterEach(() => attacker.leave());

  const head = (line: string, ...headers: string[]) => `${[`${line} HTTP/1.1`, `Host: ${host}`, ...headers].join("\r\n")}\r\n\r\n`;
  const json = "Content-Type: application/fhir+json";
  /** All of a body but its end. */
  const unfinished = (encoding: string, body: Buffer) =>
    Buffer.concat([
      Buffer.from(head("POST /fhir/Patient", json, `Content-Encoding: ${encoding}`, `Content-Length: ${body.length}`)),
      body.subarray(0, -9),
    ]);

  it.each<[string, (attacker: Attacker) => Promise<unknown>]>([
    ["40 bodies in gzip that do not end", (it) => it.sockets(40, unfinished("gzip", gzipSync(SPACES)))],
    ["400 bodies in Brotli that do not end", (it) => it.sockets(400, unfinished("br", brotliCompressSync(SPACES, quick)))],
    ["200 bodies in deflate that do not end", (it) => it.sockets(200, unfinished("deflate", deflateSync(SPACES)))],
    ["150 readers of 4 MB that do not read", (it) => it.sockets(150, head("GET /fhir/Binary/large", "Accept: */*"))],
    ["the same reads sent ahead on few connections", (it) => it.sockets(10, head("GET /fhir/Binary/large").repeat(500))],
    ["2,050 posts that are half sent", (it) => it.sockets(2_050, `${head("POST /fhir/Patient", json, "Content-Length: 1000")}{"resource`)],
    ["2,050 requests whose headers do not end", (it) => it.sockets(2_050, `GET /fhir/Patient HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `)],
    ["2,050 connections on which nothing comes", (it) => it.sockets(2_050, "")],
  ])("is not noticed by another: %s", async (_, attack) => {
    const pid = program.child.pid as number;
    const before = memoryOf(pid);
    const other = await watch(base, "/fhir/Patient/someone");
    const health = await watch(base, "/health/ready");
    let most = before;
    const sampling = setInterval(() => {
      most = Math.max(most, memoryOf(pid));
    }, 50);
    await attack(attacker);
    await pause(2_000); // the attack goes on
    clearInterval(sampling);
    const { times, faults } = await other.end();
    expect(faults).toEqual([]);
    expect((await health.end()).faults).toEqual([]);
    expect(Math.max(...times)).toBeLessThan(MAX_TIME_MS);
    expect(most - before).toBeLessThan(MAX_GROWTH);
    attacker.leave();
    await expect(memoryBelow(pid, before + MAX_LEFT)).resolves.toBe(true);
  });

  async function memoryBelow(pid: number, most: number): Promise<boolean> {
    for (let tries = 0; tries < 100; tries++) {
      if (memoryOf(pid) < most) return true;
      await pause(100);
    }
    return false;
  }

  it("from the same address neither", async () => {
    const same = attackerOf(base, "127.0.0.1");
    await same.sockets(600, `${head("POST /fhir/Patient", json, "Content-Length: 1000")}{"resource`);
    await pause(200);
    expect((await fhir.get("/Patient/someone")).status).toBe(200);
    expect((await fhir.create({ resourceType: "Patient" })).status).toBe(201);
    same.leave();
  });

  it("is told that its body is too slow", async () => {
    const answer = await trickle(base, 500);
    expect(answer).toMatchObject({ status: 408, body: outcomeWith("timeout") });
  });

  it.each([
    [100_000, 1],
    [100_000, 31],
    [100_000, 40],
    [20_000, 1],
  ])("may send a body in %i chunks of %i bytes: it waits, and is taken", async (chunks, bytes) => {
    const patient = '{"resourceType":"Patient"}';
    const filling = `${bytes.toString(16)}\r\n${" ".repeat(bytes)}\r\n`.repeat(chunks);
    const body = `${patient.length.toString(16)}\r\n${patient}\r\n${filling}0\r\n\r\n`;
    const sent = await attacker.socket(head("POST /fhir/Patient", json, "Transfer-Encoding: chunked", "Connection: close") + body);
    let answer = "";
    sent.setEncoding("utf8").on("data", (text: string) => {
      answer += text;
    });
    sent.resume();
    await once(sent, "close");
    expect(answer).toMatch(/^HTTP\/1.1 201 /);
  });

  it("gets a refusal before it has sent a large body", async () => {
    const asked = (type: string, length: number) =>
      new Promise<number>((resolve, reject) => {
        const headers = { "Content-Type": type, "Content-Length": length, Expect: "100-continue" };
        const sent = request(`${base}/fhir/Patient`, { method: "POST", headers }, (answer) => {
          resolve(answer.statusCode ?? 0);
          sent.destroy();
        });
        sent.on("continue", () => sent.end('{"resourceType":"Patient"}'));
        sent.on("error", reject);
        sent.flushHeaders();
      });
    expect(await asked("application/fhir+json", 33 * 1024 * 1024)).toBe(413);
    expect(await asked("text/plain", 10)).toBe(415);
    expect(await asked("application/fhir+json", 26)).toBe(201);
  });

  it.each([
    ["/fhir/Patient", "application/fhir+json", 33 * 1024 * 1024],
    ["/api/patients/register", "application/json", 1024 * 1024 + 1],
  ])("may not send to %s more than a body may hold", async (path, type, length) => {
    const send = (body: Buffer, headers = {}) =>
      fetch(`${base}${path}`, { method: "POST", body: new Uint8Array(body), headers: { "Content-Type": type, ...headers } });
    const body = Buffer.alloc(length, " ");
    expect((await send(body)).status).toBe(413);
    expect((await send(gzipSync(body), { "Content-Encoding": "gzip" })).status).toBe(413);
    expect((await send(Buffer.from("{}"))).status).not.toBe(413);
  });
});

/** Sends a body byte by byte. */
function trickle(base: string, pauseMs: number): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const headers = { "Content-Type": "application/fhir+json", "Content-Length": 10_000 };
    const sent = request(`${base}/fhir/Patient`, { method: "POST", headers }, (answer) => {
      clearInterval(sending);
      let text = "";
      answer.on("data", (chunk) => {
        text += chunk;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) }));
    });
    sent.on("error", reject);
    const sending = setInterval(() => sent.write(" "), pauseMs);
  });
}
