import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../mesh/config.ts";
import { identity } from "../../services/identity/identity.contract.ts";
import IdentityService from "../../services/identity/identity.service.ts";
import { type Clinic, startClinic } from "../../test/kit/clinic.ts";
import { commandOf } from "./commands.ts";

describe("npm run admin", () => {
  const keys = mkdtempSync(join(tmpdir(), "openward-keys-"));
  let clinic: Clinic;
  beforeAll(async () => {
    const config = readConfig({ PUBLIC_URL: "https://ehr.example", IDENTITY_KEYS: keys });
    clinic = await startClinic(IdentityService(config, { listens: false }));
  });
  afterAll(async () => {
    await clinic.stop();
    rmSync(keys, { recursive: true });
  });
  const run = async (name: string, ...args: string[]) => (await commandOf(name, args)(clinic.caller)).join("\n");

  it.each([
    ["no command that there is", "dance", [], '"dance" is no command.'],
    ["a word too few", "roles", ["rossi"], '"roles" takes 2 words and its options, and got 1 word.'],
    ["a word too many", "users", ["rossi"], '"users" takes 0 words and its options, and got 1 word.'],
    ["an option that there is not", "users", ["--all"], "Unknown option '--all'"],
  ])("refuses %s, and says what there is", (_, name, args, fault) => {
    expect(() => commandOf(name, args)).toThrow(/usage: npm run admin[\s\S]*Roles: physician, nurse/);
    expect(() => commandOf(name, args)).toThrow(fault);
  });

  it("works on accounts", async () => {
    const made = await run("add-user", "rossi", "--name", "Ada Rossi", "--roles", "nurse,midwife", "--practitioner", "Practitioner/ada");
    expect(made).toMatch(
      /^rossi is Ada Rossi: nurse, midwife\.\n.*once, until \S+:\n {2}https:\/\/ehr\.example\/auth\/password\/[\w-]{43}$/,
    );
    await expect(run("add-user", "eve", "--roles", "king")).rejects.toThrow(/No role is named king\. There are: .*physician,/);
    expect(await run("roles", "rossi", "physician")).toBe("rossi: physician.");
    expect(await run("password", "rossi")).toContain("https://ehr.example/auth/password/");
    expect(await run("users")).toMatch(/^login +name[\s\S]*\nrossi +Ada Rossi +physician +Practitioner\/ada +no password yet/);
    expect(await run("sessions", "rossi")).toMatch(/^since/);
    expect(await run("end-sessions", "rossi")).toBe("Sessions and tokens of rossi have ended.");
    expect(await run("close", "rossi")).toBe("rossi is closed; sessions and tokens have ended.");
    expect(await run("users")).toMatch(/rossi .*closed \d{4}-\d\d-\d\d/);
    await identity.createUser(clinic.caller, { login: "eve", name: "Eve\nrossi  Ada Rossi  administrator", roles: [] });
    expect(await run("users")).toMatch(/\neve +Eve\\u000arossi {2}Ada Rossi {2}administrator /);
    await expect(run("close", "nobody")).rejects.toThrow("No account has this login name or id.");
  });

  it("works on roles", async () => {
    const file = join(keys, "porter.json");
    writeFileSync(file, JSON.stringify({ says: "Brings patients.", types: { Location: "rs" }, actions: [] }));
    expect(() => commandOf("set-role", ["porter", file])).toThrow("Give the reason");
    expect(() => commandOf("set-role", ["porter", join(keys, "none.json"), "--reason", "x"])).toThrow("none.json is no role");
    expect(await run("set-role", "porter", file, "--reason", "new")).toBe("porter, version 1, takes effect everywhere within a second.");
    writeFileSync(file, JSON.stringify({ says: "Sees all.", types: { "*": "rs" }, actions: [] }));
    expect(await run("set-role", "porter", file, "--reason", "all")).toMatch(/^porter, version 2, waits:/);
    const listed = await run("list-roles");
    expect(listed).toMatch(/porter +2 +changed +Brings patients\./);
    expect(listed).toContain("porter, version 2, waits for confirmation: all (by system:operator)");
    await expect(run("confirm-role", "porter", "2")).rejects.toThrow("Another administrator must confirm");
    expect(await run("reject-role", "porter", "2")).toBe("porter, version 2, is rejected.");
    expect(await run("reset-role", "porter", "--reason", "nobody")).toBe("porter, version 3, takes effect everywhere within a second.");
    expect(await run("list-roles")).not.toContain("porter");
  });

  it("works on apps, whose kind follows from what is said of them", async () => {
    const app = ["--scope", "openid user/*.read", "--redirect", "https://app.example/back", "--logout-redirect", "https://app.example/"];
    expect(await run("add-client", "growth", "--name", "Growth", ...app)).toBe("growth may ask for tokens.");
    expect(await run("add-client", "portal", ...app, "--jwks-uri", "https://app.example/keys", "--trusted")).toContain("portal");
    const loader = ["--scope", "system/*.read", "--jwks-uri", "https://app.example/keys", "--roles", "system"];
    expect(await run("add-client", "loader", ...loader)).toContain("loader");
    const listed = await run("clients");
    for (const [id, kind] of [
      ["growth", "public"],
      ["portal", "confidential"],
      ["loader", "backend"],
    ]) {
      expect(listed).toMatch(new RegExp(`^${id} +${kind} `, "m"));
    }
    expect(listed).toContain("user/*.rs");
    await expect(run("add-client", "plain", "--scope", "openid")).rejects.toThrow("redirectUris must name where a code may be sent.");
    expect(await run("remove-client", "growth")).toBe("growth is removed; its tokens have ended.");
    expect(await run("clients")).not.toContain("growth");
  });

  it("makes new keys", async () => {
    const [first, second] = [await run("new-keys"), await run("new-keys")];
    expect(first).toMatch(/^Tokens are signed by [\w-]{43} now; older tokens are valid until they expire/);
    expect(second).not.toBe(first);
    expect(await run("new-keys", "--stolen")).toMatch(/^Tokens are signed by [\w-]{43} now; older tokens are invalid\.$/);
  });
});
