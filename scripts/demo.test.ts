/** `npm run demo` as a newcomer sees it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Program, run } from "../test/kit/programs.ts";

const dir = mkdtempSync(join(tmpdir(), "openward-demo-"));
const env = { DATA_DIR: dir, PORT: "0", NATS_URL: "", MONGO_URL: "", REDIS_URL: "", LOG_LEVEL: "error" };
let first: Program;

beforeAll(async () => {
  first = run(["demo"], env);
  await first.says(/The server runs until you press Ctrl-C/);
});
afterAll(async () => {
  first.child.kill("SIGTERM");
  await first.ended;
  rmSync(dir, { recursive: true });
});

const linesOf = (output: string, pattern: RegExp) => [...output.matchAll(pattern)].map(([, text = ""]) => text);

describe("a demo", () => {
  it("imports ten patients and plays a day, each step with the URL of its resource", async () => {
    expect(first.output()).toMatch(/1,520 resources written in .*; 4 resources were already there\./);
    const addresses = linesOf(first.output(), /^ {2}.* {2,}(http:\S+\/fhir\/\S+)$/gm);
    const types = addresses.map((address) => address.split("/").at(-2));
    expect(types).toEqual([
      ...["Location", "SupplyDelivery", "Patient", "Encounter", "Encounter", "ServiceRequest", "Observation", "DiagnosticReport"],
      ...["MedicationRequest", "MedicationDispense", "Location", "ChargeItem", "Encounter", "Invoice"],
    ]);
    const read = await Promise.all(addresses.map(async (address) => (await fetch(address)).json() as Promise<Record<string, unknown>>));
    expect(read.map(({ resourceType }) => resourceType)).toEqual(types);
    expect(read[4]).toMatchObject({ status: "finished", class: { code: "IMP" }, classHistory: [{ class: { code: "AMB" } }] });
  });

  it("prints three curl commands that find what they promise", async () => {
    const portillos = expect.objectContaining({ resource: expect.objectContaining({ resourceType: "Observation" }) });
    const urls = linesOf(first.output(), /^ {2}curl '([^']+)'$/gm);
    const answers = await Promise.all(urls.map(async (url) => (await fetch(url)).json()));
    expect(answers).toEqual([
      expect.objectContaining({
        resourceType: "Bundle",
        entry: expect.arrayContaining([expect.objectContaining({ resource: expect.objectContaining({ resourceType: "Invoice" }) })]),
      }),
      expect.objectContaining({ resourceType: "Bundle", entry: [portillos, portillos, portillos] }),
      [expect.objectContaining({ status: "free" }), expect.objectContaining({ status: "free" })],
    ]);
  });

  it("can be repeated on a running system, without changing existing data", async () => {
    const second = run(["demo"], env);
    expect([await second.ended, second.output()]).toEqual([0, expect.stringContaining("Nothing written; 10 bundles were already there.")]);
    expect(second.output()).toContain("and billed: 412.50 EUR");
    expect((await fetch(linesOf(first.output(), /ready at (\S+)/g)[0] ?? "")).status).toBe(200);
  });

  it("reports what a server lacks that is not a complete hospital, before anything is written", async () => {
    const settings = { ...env, DATA_DIR: join(dir, "clinic"), SERVICES: "api,transactions,patients,visits" };
    const clinic = run(["demo"], settings);
    expect(await clinic.ended).toBe(1);
    expect(clinic.output()).toMatch(
      /The demo plays a day of a whole hospital, and http:\S+ does not serve Practitioner, Location, .*: start it without SERVICES\./,
    );
    const again = run(["serve"], settings);
    const [, url] = await again.says(/ready at (http:\S+)/);
    expect(await (await fetch(`${url}/fhir/Patient?_summary=count`)).json()).toMatchObject({ total: 0 });
    again.child.kill("SIGTERM");
    await again.ended;
  });

  it("uses the named server, and starts none", async () => {
    const url = linesOf(first.output(), /ready at (\S+)/g)[0] ?? "";
    const other = run(["demo", "--url", url], { ...env, DATA_DIR: join(dir, "elsewhere") });
    expect([await other.ended, other.output()]).toEqual([0, expect.stringContaining("and billed: 412.50 EUR")]);
    expect(other.output()).toContain(`curl '${url}/fhir/`);
    const wrong = run(["demo", "--url", "nowhere"], env);
    expect([await wrong.ended, wrong.output()]).toEqual([1, '--url is "nowhere"; it should be like http://127.0.0.1:3000.\n']);
  });
});
