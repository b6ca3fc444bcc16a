/** The first administrator, accounts, and tokens on the command line, as an operator and a developer meet them. */
import { spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "otplib";
import { type Program, run } from "../test/kit/programs.ts";
import { Browser } from "./identity/browser.ts";

const dir = mkdtempSync(join(tmpdir(), "openward-identity-"));
const env = { DATA_DIR: dir, PORT: "0", NATS_URL: "", MONGO_URL: "", REDIS_URL: "", LOG_LEVEL: "warn", SERVICES: "api,patients,identity" };
const PASSWORD = "four words make one";
let server: Program;
let base: string;
let firstLink: string;

async function start(more = {}): Promise<void> {
  server = run(["serve"], { ...env, ...more });
  [, base = ""] = await server.says(/is ready at (http:\S+) after/);
}

beforeAll(async () => {
  await start();
  [, firstLink = ""] = await server.says(/Open (\S+) before/);
});
afterAll(async () => {
  server.child.kill("SIGTERM");
  await server.ended;
  rmSync(dir, { recursive: true });
});

/** Runs one of the project's programs to its end. */
function program(args: string[], input = "", more: Record<string, string> = {}) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(import.meta.dirname, "run.mjs"), ...args], {
    env: { ...process.env, ...env, ...more },
    input,
    encoding: "utf8",
  });
  return { stdout, stderr, status };
}
const admin = (...args: string[]) => program(["admin", ...args]);
const token = (login: string, password: string, ...args: string[]) => program(["token", "--user", login, ...args], `${password}\n`);

/** As at a terminal: the key that the program shows goes into an authenticator app, whose code is typed. */
async function tokenWithNewFactor(login: string): Promise<{ stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "run.mjs"), "token", "--user", login], {
    env: { ...process.env, ...env },
  });
  const said = { stdout: "", stderr: "" };
  let hasTyped = false;
  child.stdout.on("data", (chunk: Buffer) => {
    said.stdout += chunk.toString();
  });
  child.stderr.on("data", async (chunk: Buffer) => {
    said.stderr += chunk.toString();
    const [, secret] = /authenticator app: ([A-Z2-7]{32})\n/.exec(said.stderr) ?? [];
    if (secret === undefined || hasTyped) return;
    hasTyped = true;
    child.stdin.end(`${await generate({ secret })}\n`);
  });
  child.stdin.write(`${PASSWORD}\n`);
  expect(await once(child, "close")).toEqual([0, null]);
  return said;
}
const setPassword = (link: string) => new Browser(base).see(new URL(link, base), { password: PASSWORD, repeat: PASSWORD });
const claimsOf = (jwt: string) => JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;

describe("the first administrator", () => {
  it("is created by the link that the first start prints, once", async () => {
    const page = await new Browser(base).see(firstLink);
    expect(page.text).toContain("Choose a password");
    expect((await new Browser(base).see(firstLink, { password: PASSWORD, repeat: "another" })).status).toBe(422);
    expect((await new Browser(base).see(firstLink, { password: "short", repeat: "short" })).text).toContain("12 to 256");
    const tries = await Promise.all([1, 2, 3, 4].map(() => setPassword(firstLink)));
    expect(tries.map(({ status }) => status).sort()).toEqual([200, 404, 404, 404]);
    const { stdout, stderr } = await tokenWithNewFactor("admin");
    expect(stderr).toMatch(/each is valid once:(?: [0-9A-Z-]{19}){10}\n$/);
    expect(claimsOf(stdout)).toMatchObject({ roles: ["administrator"], amr: ["pwd", "otp"], aud: base, iss: `${base}/auth` });
  });

  it("is not created again at the next start", async () => {
    server.child.kill("SIGTERM");
    await server.ended;
    await start();
    expect(server.output()).not.toContain("/auth/password/");
    expect(admin("users").stdout.match(/^admin /gm)).toHaveLength(1);
  });
});

describe("an operator", () => {
  it("creates an account with a link, and closes it, after which there is no token", async () => {
    const made = admin("add-user", "rossi", "--name", "Ada Rossi", "--roles", "nurse,midwife").stdout;
    expect(made).toContain("rossi is Ada Rossi: nurse, midwife.");
    const link = /http\S+\/auth\/password\/\S+/.exec(made)?.[0] ?? "";
    expect(link.startsWith(base)).toBe(true);
    expect((await setPassword(link)).status).toBe(200);
    const { stdout } = token("rossi", PASSWORD, "--scope", "openid user/Patient.read");
    expect(claimsOf(stdout)).toMatchObject({ scope: "openid user/Patient.rs", roles: ["nurse", "midwife"], name: "Ada Rossi" });
    expect(token("rossi", "a wrong password")).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining("is not right") });
    const less = token("rossi", PASSWORD, "--scope", "user/Patient.read user/Obervation.rs");
    expect(less).toMatchObject({
      status: 0,
      stderr: expect.stringContaining("Not granted as asked for: user/Obervation.rs. The token has: user/Patient.rs"),
    });
    expect(claimsOf(less.stdout)).toMatchObject({ scope: "user/Patient.rs" });
    const none = token("rossi", PASSWORD, "--scope", "user/Patients.rs user/Observation.xyz");
    const told = expect.stringContaining("the server grants none of the scopes user/Patients.rs user/Observation.xyz");
    expect(none).toMatchObject({ status: 1, stdout: "", stderr: told });
    expect(admin("close", "rossi").stdout).toContain("rossi is closed");
    expect(token("rossi", PASSWORD)).toMatchObject({ status: 1, stdout: "" });
    expect(admin("close", "nobody")).toMatchObject({ status: 1, stderr: expect.stringContaining("No account has this login name") });
  });

  it("reads where there are no accounts, if the folder is not that of the system", () => {
    const elsewhere = join(dir, "elsewhere");
    const users = (DATA_DIR: string) => program(["admin", "users"], "", { DATA_DIR });
    expect(users(elsewhere)).toMatchObject({
      status: 0,
      stderr: `There are no accounts in ${elsewhere} yet: if the system has some, set DATA_DIR to the folder of its data.\n`,
    });
    expect(users(dir)).toMatchObject({ status: 0, stderr: "", stdout: expect.stringMatching(/^login[\s\S]*\nadmin /) });
  });

  it("gives a program a key, with which it gets tokens with system scopes", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
    writeFileSync(join(dir, "public.jwk"), JSON.stringify({ ...publicKey.export({ format: "jwk" }), alg: "ES384", kid: "1" }));
    writeFileSync(join(dir, "private.pem"), privateKey.export({ format: "pem", type: "pkcs8" }));
    const scope = "system/Observation.rs";
    expect(admin("add-client", "loader", "--scope", scope, "--jwks", join(dir, "public.jwk"), "--roles", "system").stdout).toContain(
      "loader may",
    );
    const asked = program([
      "token",
      "--client",
      "loader",
      "--key",
      join(dir, "private.pem"),
      "--scope",
      "system/*.read user/*.rs",
      "--json",
    ]);
    expect(asked.stderr).toBe(`Not granted as asked for: system/*.rs user/*.rs. The token has: ${scope}\n`);
    const answer = JSON.parse(asked.stdout) as { access_token: string; scope: string };
    expect(answer.scope).toBe(scope);
    expect(claimsOf(answer.access_token)).toMatchObject({ sub: "loader", client_id: "loader", roles: ["system"], scope });
  });
});

describe("a developer on the same machine", () => {
  const tryNurse = (...args: string[]) => program(["token", "--try", "nurse", ...args]);

  it("gets a clear error for an unknown patient", () => {
    const asked = tryNurse("--scope", "patient/*.rs", "--patient", "nobody");
    expect(asked).toMatchObject({ status: 1, stdout: "", stderr: "No patient has the id nobody.\n" });
  });

  it("gets a token if the public name of the system cannot be reached from this machine, behind a proxy", async () => {
    server.child.kill("SIGTERM");
    await server.ended;
    await start({ PUBLIC_URL: "https://ehr.example", BEHIND_PROXY: "1", ACCESS: "closed" });
    const { stdout, stderr } = tryNurse();
    expect([stderr, claimsOf(stdout)]).toEqual(["", expect.objectContaining({ aud: "https://ehr.example", roles: ["nurse"] })]);
    const answer = await fetch(`${base}/fhir/Patient`, { headers: { Authorization: `Bearer ${stdout.trim()}` } });
    expect(answer.status).toBe(200);
    const ofProgram = program(["token", "--client", "loader", "--key", join(dir, "private.pem")]);
    expect([ofProgram.stderr, claimsOf(ofProgram.stdout)]).toEqual(["", expect.objectContaining({ iss: "https://ehr.example/auth" })]);
  });
});
