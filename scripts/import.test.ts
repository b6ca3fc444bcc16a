/** `npm run import` as an operator sees it: against a whole system, and against servers that misbehave. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type FhirHttp, fhirAt } from "../test/kit/fhir-http.ts";
import { type Program, run } from "../test/kit/programs.ts";
import { anchorOf, conditional, type Entry } from "./import/once.ts";

const SAMPLES = join(import.meta.dirname, "../samples");

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "openward-import-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function file(name: string, content: object[] | object | Buffer): string {
  const path = join(dir, name);
  writeFileSync(path, Buffer.isBuffer(content) ? content : Array.isArray(content) ? lines(content) : JSON.stringify(content));
  return path;
}
const lines = (resources: object[]) => resources.map((resource) => `${JSON.stringify(resource)}\n`).join("");

const patient = (value: string) => ({ resourceType: "Patient", identifier: [{ system: "urn:mrn", value }] });
const post = (resource: { resourceType: string } & Record<string, unknown>): Entry => ({
  resource,
  request: { method: "POST", url: resource.resourceType },
});
const bundle = (...entry: Entry[]) => ({ resourceType: "Bundle", type: "transaction", entry });

async function imports(...args: string[]): Promise<{ code: number | string; said: string }> {
  const program = run(["import", ...args], { DATA_DIR: join(dir, "nothing"), PORT: "1" });
  return { code: await program.ended, said: program.output() };
}

describe("a bundle that can be imported twice", () => {
  it("creates only resources whose identifiers do not exist; its own conditions are kept", () => {
    const own = { ...post(patient("2")), request: { method: "POST", url: "Patient", ifNoneExist: "name=x" } };
    const [first, second, third] = conditional([post(patient("a|b,c$d\\e")), own, post({ resourceType: "Basic" })]);
    expect(first?.request.ifNoneExist).toBe(`identifier=${encodeURIComponent("urn:mrn|a\\|b\\,c\\$d\\\\e")}`);
    expect([second?.request.ifNoneExist, third?.request.ifNoneExist]).toEqual(["name=x", undefined]);
  });

  it("keeps two resources of one bundle apart even if they share an identifier", () => {
    expect(conditional([post(patient("1")), post(patient("1"))]).map(({ request }) => request.ifNoneExist)).toEqual([undefined, undefined]);
  });

  it("is named after its patient, or the first resource with an identifier", () => {
    const organization = post({ ...patient("9"), resourceType: "Organization" });
    expect(anchorOf([organization, post(patient("1"))])).toBe("Patient?identifier=urn%3Amrn%7C1");
    expect(anchorOf([post({ resourceType: "Patient" }), organization])).toBe("Organization?identifier=urn%3Amrn%7C9");
    expect(anchorOf([post({ resourceType: "Patient" })])).toBeUndefined();
  });
});

describe("an import into a hospital", () => {
  let hospital: Program;
  let home: string;
  let url: string;
  let fhir: FhirHttp;
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "openward-hospital-"));
    hospital = run(["serve"], { DATA_DIR: home, PORT: "0", NATS_URL: "", MONGO_URL: "", REDIS_URL: "", LOG_LEVEL: "error" });
    [, url = ""] = await hospital.says(/ready at (http:\S+)/);
    fhir = fhirAt(url);
  });
  afterAll(async () => {
    hospital.child.kill("SIGTERM");
    await hospital.ended;
    rmSync(home, { recursive: true });
  });
  const total = async (query: string) => (await fhir.get(`/${query}${query.includes("?") ? "&" : "?"}_summary=count`)).body.total as number;

  it("imports ten patients completely, and nothing the second time, however many bundles are sent at once", async () => {
    const types = ["Patient", "Practitioner", "Organization", "Observation", "Encounter", "Claim", "ExplanationOfBenefit", "ImagingStudy"];
    const first = run(["import", SAMPLES, "--parallel", "8"], { DATA_DIR: home }); // finds the server that runs on the folder
    expect([await first.ended, first.output()]).toEqual([0, expect.stringMatching(/resources written in/)]);
    const before = await Promise.all(types.map(total));
    expect(before.slice(0, 6)).toEqual([10, 14, 14, 709, 131, 173]); // two doctors and their organizations see more than one patient
    expect(await imports(SAMPLES, "--url", url)).toEqual({
      code: 0,
      said: expect.stringContaining("Nothing written; 10 bundles were already there."),
    });
    expect(await Promise.all(types.map(total))).toEqual(before);
    expect(await total("Patient?family=portillo&given=adan")).toBe(1);
  });

  it("duplicates resources that it is told not to look for", async () => {
    const path = file("one.json", bundle(post(patient("double"))));
    for (let runs = 0; runs < 2; runs += 1) expect((await imports(path, "--url", url, "--no-once")).code).toBe(0);
    expect(await total("Patient?identifier=urn:mrn|double")).toBe(2);
  });

  it("does not import a subset of a resource as the whole", async () => {
    const tag = [{ system: "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", code: "SUBSETTED" }];
    const part = { ...patient("part"), meta: { tag } };
    const { code, said } = await imports(file("parts.ndjson", [part, patient("whole")]), "--url", url);
    expect([code, said]).toEqual([1, expect.stringContaining("SUBSETTED")]);
    expect([await total("Patient?identifier=urn:mrn|part"), await total("Patient?identifier=urn:mrn|whole")]).toEqual([0, 1]);
  });

  it("reports refused resources with the server's reason, imports the rest, and ends with 1", async () => {
    mkdirSync(join(dir, "in"));
    file("in/a-bad.json", bundle(post({ ...patient("bad"), gender: "f" })));
    file("in/b-good.json.gz", gzipSync(JSON.stringify(bundle(post(patient("good"))))));
    file("in/c-collection.json", { resourceType: "Bundle", type: "collection" });
    file("in/d-torn.json.gz", gzipSync(JSON.stringify(bundle(post(patient("torn"))))).subarray(0, 30));
    const { code, said } = await imports(join(dir, "in"), "--url", url);
    expect(code).toBe(1);
    expect(said).toMatch(/failed {2}\S+a-bad\.json: 4\d\d .*gender/);
    expect(said).toContain(
      "c-collection.json: it is a Bundle of type collection: only bundles of type transaction, and NDJSON, can be imported",
    );
    expect(said).toMatch(/d-torn\.json\.gz: /);
    expect(said).toContain("1 resource written");
    expect(await total("Patient?identifier=urn:mrn|good")).toBe(1);
  });

  it("imports NDJSON by id, reports a bad line by its number, and does not change existing resources", async () => {
    const resources = Array.from({ length: 450 }, (_, index) => ({
      resourceType: "Basic",
      id: `nd-${index}`,
      code: { text: "x" },
      subject: { reference: "Patient/elsewhere" },
    }));
    const text = `${lines(resources)}{"resourceType":\n${lines([{ resourceType: "Basic", id: "nd-bad", code: 5 }])}`;
    const path = file("all.ndjson.gz", gzipSync(text));
    const { code, said } = await imports(path, "--url", url);
    expect(code).toBe(1);
    expect(said).toMatch(/all\.ndjson\.gz:451: .*not JSON/);
    expect(said).toMatch(/all\.ndjson\.gz:452: 4\d\d .*code/);
    expect(said).toContain("450 resources written");
    expect((await fhir.get("/Basic/nd-7")).body).toMatchObject({ meta: { versionId: "1" }, subject: { reference: "Patient/elsewhere" } });
    expect((await imports(path, "--url", url)).said).toContain("450 resources were already there; 2 failed");
    expect((await fhir.get("/Basic/nd-7")).body).toMatchObject({ meta: { versionId: "1" } });
  });

  it("imports resources that refer to later ones, and reports those whose targets never came", async () => {
    const order = (id: string, of: string) => ({
      resourceType: "ServiceRequest",
      id,
      status: "active",
      intent: "order",
      subject: { reference: `Patient/${of}` },
    });
    const orders = file("a.ndjson", [order("late-1", "late"), order("never-1", "never"), order("late-2", "late")]);
    const patients = file("b.ndjson", [{ resourceType: "Patient", id: "late" }]);
    const { code, said } = await imports("--url", url, "--parallel", "1", orders, patients);
    expect(said).toMatch(/failed +\S+a\.ndjson:2: 409 .*Patient\/never is not here/);
    expect(said).toMatch(/3 resources written .* 1 failed/);
    expect(code).toBe(1);
    for (const id of ["late-1", "late-2"]) expect((await fhir.get(`/ServiceRequest/${id}`)).status).toBe(200);
  });

  it("imports one of two contradictory lines, reports the other, and imports the rest", async () => {
    const visit = {
      resourceType: "Encounter",
      id: "contra-e",
      status: "finished",
      class: { code: "AMB" },
      subject: { reference: "Patient/contra-b" },
    };
    const pulse = (id: string, more: object) => ({ resourceType: "Observation", id, status: "final", code: { text: "pulse" }, ...more });
    const encounter = { reference: "Encounter/contra-e" };
    const path = file("contra.ndjson", [
      pulse("contra-o", { subject: { reference: "Patient/contra-a" }, encounter }),
      { resourceType: "Patient", id: "contra-a" },
      { resourceType: "Patient", id: "contra-b" },
      pulse("contra-p", { subject: { reference: "Patient/contra-b" }, encounter }),
      visit,
    ]);
    const { code, said } = await imports("--url", `${url}/fhir`, path);
    expect(said).toMatch(/contra\.ndjson:1: 409 .*another patient's/);
    expect(said).toMatch(/4 resources written/);
    expect(code).toBe(1);
    const statuses = ["Observation/contra-o", "Observation/contra-p", "Encounter/contra-e"].map(
      async (it) => (await fhir.get(`/${it}`)).status,
    );
    expect(await Promise.all(statuses)).toEqual([404, 200, 200]);
  });

  it("imports a resource that is in two lines once, and reports the second if it says something else, in each run", async () => {
    const named = (id: string, family: string) => ({ resourceType: "Patient", id, name: [{ family }] });
    const path = file("twice.ndjson", [
      named("twice", "Rossi"),
      named("other", "Bianchi"),
      named("twice", "Rossi"),
      named("other", "Neri"),
    ]);
    const reported = /twice\.ndjson:4: Patient\/other is also in line 2, with other content/;
    const { code, said } = await imports("--url", url, path);
    expect(said).toMatch(reported);
    expect(said).toMatch(/2 resources written .* 1 resource was already there; 1 failed/);
    expect(code).toBe(1);
    const again = await imports("--url", url, path);
    expect(again).toMatchObject({ code: 1, said: expect.stringMatching(reported) });
    expect((await fhir.get("/Patient/other")).body).toMatchObject({ meta: { versionId: "1" }, name: [{ family: "Bianchi" }] });
  });

  it("keeps decimals as written", async () => {
    const observation = '{"resourceType":"Observation","id":"dec","status":"final","code":{"text":"x"},"valueQuantity":{"value":2.50}}\n';
    await imports(file("decimal.ndjson", Buffer.from(observation)), "--url", url);
    expect((await fhir.get("/Observation/dec")).text).toContain("2.50");
  });
});

describe("an import into a faulty server", () => {
  let server: Server;
  const started = async (answer: (request: IncomingMessage, response: ServerResponse, text: string) => void): Promise<string> => {
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      if (request.url?.startsWith("/fhir/metadata")) return response.end('{"resourceType":"CapabilityStatement"}');
      answer(request, response, Buffer.concat(chunks).toString());
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const refuse = (response: ServerResponse, status: number, code: string) =>
    response
      .writeHead(status)
      .end(JSON.stringify({ resourceType: "OperationOutcome", issue: [{ severity: "error", code, diagnostics: "No." }] }));
  const done = (response: ServerResponse) => response.end('{"resourceType":"Bundle","entry":[{"response":{"status":"201 Created"}}]}');
  afterEach(() => {
    server?.close();
    server?.closeAllConnections();
  });

  it("retries temporary refusals, and not permanent ones", async () => {
    const tries = { passing: 0, final: 0 };
    const url = await started((_, response, text) => {
      if (text.includes("final")) {
        tries.final += 1;
        refuse(response, 409, "business-rule");
      } else {
        tries.passing += 1;
        if (tries.passing === 1) refuse(response, 503, "transient");
        else if (tries.passing === 2) refuse(response, 409, "lock-error");
        else done(response);
      }
    });
    const paths = ["passing", "final"].map((id) => file(`${id}.json`, bundle(post({ resourceType: "Basic", id }))));
    expect(await imports(...paths, "--url", url)).toEqual({ code: 1, said: expect.stringContaining("final.json: 409 No.") });
    expect(tries).toEqual({ passing: 3, final: 1 });
  });

  it("gives up on a server that accepts nothing, although it says that it will", async () => {
    let bundles = 0;
    const url = await started((_, response) => {
      bundles += 1;
      refuse(response, 503, "transient");
    });
    const paths = Array.from({ length: 3 }, (_, id) => file(`${id}.json`, bundle(post({ resourceType: "Basic" }))));
    const { code, said } = await imports(...paths, "--url", url, "--parallel", "3");
    expect(code).toBe(1);
    expect(said.match(/^failed .*: 503 No\.$/gm)).toHaveLength(3);
    expect(said).toMatch(/The server at \S+ does not answer any more \(503 No\.\): the same command continues/);
    expect(bundles).toBe(3 * 7);
  });

  it("does not repeat a bundle that may have been stored, and reports that the server is gone", async () => {
    let bundles = 0;
    const url = await started((_, response) => {
      bundles += 1;
      response.destroy();
    });
    const path = file("one.json", bundle(post({ resourceType: "Basic" })));
    expect(await imports(path, "--url", url, "--no-once")).toEqual({ code: 1, said: expect.stringMatching(/does not answer any more/) });
    expect(bundles).toBe(1);
  });

  it("checks whether a bundle was stored before it sends it again", async () => {
    const asked: string[] = [];
    const url = await started((request, response) => {
      asked.push(request.url ?? "");
      if (request.url === "/fhir/") response.destroy();
      else response.end(asked.length > 1 ? '{"resourceType":"Bundle","entry":[{"resource":{"id":"1"}}]}' : '{"resourceType":"Bundle"}');
    });
    const path = file("one.json", bundle(post(patient("1")), post({ resourceType: "Basic" })));
    expect(await imports(path, "--url", url)).toEqual({ code: 0, said: expect.stringContaining("2 resources written") });
    expect(asked).toEqual(["/fhir/Patient/_search", "/fhir/", "/fhir/Patient/_search"]);
  });

  it("ends between two bundles if asked to, with a summary", async () => {
    let held: ServerResponse | undefined;
    const url = await started((_, response) => {
      if (held) throw new Error("a second bundle was begun");
      held = response;
      program.child.kill("SIGINT");
    });
    const paths = ["1", "2"].map((id) => file(`${id}.json`, bundle(post({ resourceType: "Basic", id }))));
    const program = run(["import", ...paths, "--parallel", "1", "--url", url], { DATA_DIR: dir });
    await program.says(/Stopping after the requests in progress/);
    done(held as unknown as ServerResponse);
    expect(await program.ended).toBe(130);
    expect(program.output()).toContain("1 resource written");
  });
});

describe("an import that cannot begin gives the reason in one sentence", () => {
  it.each([
    ["nobody answers", ["--url", "http://127.0.0.1:2", SAMPLES], /^No server answers at http:\/\/127\.0\.0\.1:2\/fhir \(\w+\): .*\n$/],
    ["the address is none", ["--url", "localhost", SAMPLES], /^--url is "localhost"; it should be like .*\n$/],
    ["a file is not there", ["none.json"], /^none\.json does not exist\.\n$/],
    ["a file is something else", [join(import.meta.dirname, "import.ts")], /import\.ts is no \.json.* file\.\n$/],
    ["no file is named", [], /^usage: /],
    ["an option is unknown", ["--fast", SAMPLES], /--fast[\s\S]*usage: /],
    ["too many at a time", ["--parallel", "1000", SAMPLES], /^--parallel is "1000"; it should be a whole number from 1 to 64\.\n$/],
  ])("%s", async (_, args, sentence) => {
    const { code, said } = await imports(...args);
    expect(code).toBe(1);
    expect(said).toMatch(sentence);
  });
});

it("the samples are as their README describes them", () => {
  const readme = readFileSync(join(SAMPLES, "README.md"), "utf8");
  const bundles = readdirSync(SAMPLES).filter((name) => name.endsWith(".json"));
  const resources = bundles.flatMap((name) =>
    (
      JSON.parse(readFileSync(join(SAMPLES, name), "utf8")) as { entry: { resource: { resourceType: string; identifier?: unknown } }[] }
    ).entry.map(({ resource }) => resource),
  );
  expect(bundles).toHaveLength(10);
  expect(readme).toContain(
    `${resources.length.toLocaleString("en-US")} resources of ${new Set(resources.map((it) => it.resourceType)).size} types`,
  );
  const identified = new Set(resources.filter((it) => it.identifier).map((it) => it.resourceType));
  expect([...identified].sort()).toEqual(["ExplanationOfBenefit", "ImagingStudy", "Organization", "Patient", "Practitioner"]);
});
