/** `npm run demo` and what it prints, where who asks must have signed in: as a newcomer has it, for closed is the default. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Program, run } from "../test/kit/programs.ts";

const dir = mkdtempSync(join(tmpdir(), "openward-demo-"));
const env = { DATA_DIR: dir, PORT: "0", NATS_URL: "", MONGO_URL: "", REDIS_URL: "", LOG_LEVEL: "warn", ACCESS: "closed" };
let demo: Program;

beforeAll(async () => {
  demo = run(["demo"], env);
  await demo.says(/The server runs until you press Ctrl-C/);
});
afterAll(async () => {
  demo.child.kill("SIGTERM");
  await demo.ended;
  rmSync(dir, { recursive: true });
});

const linesOf = (pattern: RegExp) => [...demo.output().matchAll(pattern)].map(([, text = ""]) => text);
const printed = async (args: string[]) => {
  const program = run(args, env);
  expect([await program.ended, program.output()]).toEqual([0, expect.stringMatching(/\S/)]);
  return program.output().trim();
};

describe("a demo of a hospital with closed access", () => {
  it("uses accounts of each role, and stores their passwords only for readers of its data", () => {
    expect(demo.output()).toMatch(/1,520 resources written/);
    expect(demo.output()).toContain("and billed: 412.50 EUR");
    expect(linesOf(/^ {2}(\S+) +try-\S+ +\S{20}$/gm)).toEqual(
      expect.arrayContaining([
        "administrator",
        "front-desk",
        "nurse",
        "physician",
        "lab-technician",
        "pharmacist",
        "billing",
        "records-office",
      ]),
    );
    const [pages = ""] = linesOf(/^The pages are at (\S+)\. To sign in with:$/gm);
    expect(pages).toMatch(/\/desk\/$/);
    expect(statSync(join(dir, "try-accounts.json")).mode & 0o077).toBe(0);
  });

  it("prints a command that gets a token, and commands that use it, none of which works without", async () => {
    const [args = ""] = linesOf(/^ {2}TOKEN=\$\(npm run --silent token -- (.*)\)$/gm);
    const token = await printed(["token", ...args.split(" ")]);
    const urls = linesOf(/^ {2}curl '([^']+)' -H "Authorization: Bearer \$TOKEN"$/gm);
    expect(urls).toHaveLength(3);
    for (const url of urls) {
      expect((await fetch(url, { headers: { Authorization: `Bearer ${token}` } })).status).toBe(200);
      expect((await fetch(url)).status).toBe(401);
    }
  });

  it("has a person for each account: the physician signs what they write", async () => {
    const [base = ""] = linesOf(/^The pages are at (\S+)desk\/\. To sign in with:$/gm);
    const headers = {
      Authorization: `Bearer ${await printed(["token", "--try", "physician"])}`,
      "Content-Type": "application/json",
    };
    const send = async (path: string, body: object) => {
      const answer = await fetch(`${base}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      return { status: answer.status, body: (await answer.json()) as { id?: string; who?: string } };
    };
    const attachment = { contentType: "text/plain", data: "bm90ZQ==" };
    const note = { resourceType: "DocumentReference", status: "current", docStatus: "final", content: [{ attachment }] };
    const { body } = await send("fhir/DocumentReference", note);
    expect(await send("api/records/sign", { reference: `DocumentReference/${body.id}` })).toMatchObject({
      status: 200,
      body: { who: expect.stringMatching(/^Practitioner\//) },
    });
  });

  it("prints a link that creates the administrator", async () => {
    const [base = ""] = linesOf(/ready at (\S+)/g);
    const [link = ""] = linesOf(/Open (\S*\/auth\/password\/\S+)/g);
    expect((await fetch(new URL(link, base))).status).toBe(200);
    expect(await printed(["admin", "users"])).toMatch(/try-nurse/);
  });
});
