import { generateKeyPairSync } from "node:crypto";
import { readConfig } from "../../mesh/config.ts";
import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import { identity } from "./identity.contract.ts";
import { clientFault } from "./identity.model.ts";
import IdentityService from "./identity.service.ts";

describe("a client", () => {
  const app = {
    name: "App",
    kind: "public",
    redirectUris: ["https://app.example/"],
    postLogoutRedirectUris: [],
    scope: "openid",
    roles: [],
    isTrusted: false,
  } as const;
  const given = (more: object) => clientFault({ ...app, ...more } as unknown as Parameters<typeof clientFault>[0]);
  const jwk = (type: "ec" | "rsa" | "ed25519", options = {}) =>
    generateKeyPairSync(type as "ec", options as { namedCurve: string }).publicKey.export({ format: "jwk" });
  const keys = { jwks: { keys: [jwk("ec", { namedCurve: "P-384" })] } };
  const backend = { kind: "backend", redirectUris: [], roles: ["system"], scope: "system/*.rs", ...keys };

  it.each([
    ["an app on a device", {}],
    ["an app of this machine", { redirectUris: ["http://127.0.0.1/callback", "org.example.app:/back"] }],
    ["a server with a key", { kind: "confidential", ...keys }],
    ["a server that publishes its keys", { kind: "confidential", jwksUri: "https://app.example/keys" }],
    ["told of a logout on this machine", { backchannelLogoutUri: "http://localhost:8080/out" }],
    ["a program without a person", backend],
    ["a program with RSA", { ...backend, jwks: { keys: [jwk("rsa", { modulusLength: 2_048 })] } }],
    ["an app that is led back to itself after the end", { postLogoutRedirectUris: ["https://app.example/bye"] }],
  ])("may be %s", (_, more) => expect(given(more)).toBeUndefined());

  it.each([
    ["a redirect in the clear", { redirectUris: ["http://app.example/"] }],
    ["a redirect with a pattern", { redirectUris: ["https://*.example/"] }],
    ["a redirect to a script", { redirectUris: ["javascript:alert(1)"] }],
    ["no redirect", { redirectUris: [] }],
    ["no scope", { scope: "" }],
    ["a logout that is sent elsewhere in the clear", { backchannelLogoutUri: "http://localhost:x@app.example/out" }],
    ["keys from elsewhere in the clear", { kind: "confidential", jwksUri: "http://localhost:x@app.example/keys" }],
    ["a script after the end", { postLogoutRedirectUris: ["javascript:alert(1)"] }],
    ["a page in the clear after the end", { postLogoutRedirectUris: ["http://app.example/"] }],
    ["a key that is none", { kind: "confidential", jwks: { keys: [{ kty: "EC" }] } }],
    ["a key on a curve that no assertion is signed by", { kind: "confidential", jwks: { keys: [jwk("ec", { namedCurve: "P-521" })] } }],
    ["an Edwards key", { kind: "confidential", jwks: { keys: [jwk("ed25519")] } }],
    ["an RSA key that is too short", { kind: "confidential", jwks: { keys: [jwk("rsa", { modulusLength: 1_024 })] } }],
    ["a secret key", { kind: "confidential", jwks: { keys: [{ kty: "EC", d: "x" }] } }],
    ["rights of its own, with people before it", { roles: ["system"] }],
    ["the system's scopes, with people before it", { scope: "system/*.rs" }],
    ["a person's scopes, without one", { ...backend, scope: "system/*.rs user/*.rs" }],
    ["no keys, without a person", { ...backend, jwks: undefined }],
  ])("may not have %s", (_, more) => expect(given(more)).toEqual(expect.any(String)));
});

describe("accounts", () => {
  let clinic: Clinic;
  beforeAll(async () => {
    clinic = await startClinic(IdentityService(readConfig({ LOG_LEVEL: "error" }), { listens: false }));
  });
  afterAll(() => clinic.stop());

  it("have a unique login name, in any case, and a practitioner of their own", async () => {
    const { user, link } = await identity.createUser(clinic.caller, {
      login: "Rossi",
      name: "Ada Rossi",
      roles: ["nurse"],
      practitioner: "Practitioner/1",
    });
    expect(user).toMatchObject({ login: "rossi", roles: ["nurse"], hasPassword: false, hasTotp: false });
    expect(link?.link).toContain("/auth/password/");
    const again = { login: "ROSSI", name: "Another", roles: [] };
    await expect(identity.createUser(clinic.caller, again)).rejects.toEqual(refusal(409, "LOGIN_TAKEN"));
    const twin = { login: "twin", name: "Another", roles: [], practitioner: "Practitioner/1" };
    await expect(identity.createUser(clinic.caller, twin)).rejects.toEqual(refusal(409, "PRACTITIONER_TAKEN"));
    const weak = { login: "weak", name: "Another", roles: [], password: "short" };
    await expect(identity.createUser(clinic.caller, weak)).rejects.toEqual(refusal(422, "PASSWORD_WEAK"));
    expect(JSON.stringify(await identity.listUsers(clinic.caller, {}))).not.toMatch(/argon2|secret/i);
  });

  it("get their person's practitioner, which no other account has; tokens with another one end", async () => {
    const { user } = await identity.createUser(clinic.caller, { login: "verdi", name: "Bruno Verdi", roles: ["physician"] });
    const set = (practitioner?: string) =>
      identity.setPractitioner(clinic.caller, { user: "verdi", ...(practitioner && { practitioner }) });
    await expect(set("Practitioner/1")).rejects.toEqual(refusal(409, "PRACTITIONER_TAKEN"));
    expect(await set("Practitioner/2")).toMatchObject({ id: user.id, practitioner: "Practitioner/2" });
    const ended = async () => (await identity.endedSince(clinic.caller, { at: 0 })).filter(({ sub }) => sub === user.id).length;
    expect(await ended()).toBe(0);
    await set("Practitioner/3");
    expect(await ended()).toBe(1);
    expect(await set()).not.toHaveProperty("practitioner");
    expect(await ended()).toBe(2);
    await set("Practitioner/3"); // which nobody has now
    await identity.closeUser(clinic.caller, { user: "verdi" });
    await expect(set("Practitioner/4")).rejects.toEqual(refusal(404, "USER_NOT_FOUND"));
  });

  it("are changed only by those who have read the latest version", async () => {
    const { user: made } = await identity.createUser(clinic.caller, { login: "neri", name: "Carla Neri", roles: ["nurse"] });
    const [user, seen] = [made.id, made.version];
    const changed = await identity.setRoles(clinic.caller, { user, roles: ["nurse", "midwife"], version: seen });
    expect(changed.version).toBe(seen + 1);
    const stale = refusal(409, "USER_CHANGED");
    await expect(identity.setRoles(clinic.caller, { user, roles: ["pharmacist"], version: seen })).rejects.toEqual(stale);
    await expect(identity.setPractitioner(clinic.caller, { user, practitioner: "Practitioner/7", version: seen })).rejects.toEqual(stale);
    const named = await identity.setPractitioner(clinic.caller, { user, practitioner: "Practitioner/7", version: changed.version });
    expect(named).toMatchObject({ roles: ["nurse", "midwife"], practitioner: "Practitioner/7", version: seen + 2 });
    const now = async () => (await identity.listUsers(clinic.caller, {})).find(({ id }) => id === user);
    expect(await now()).toEqual(named);
    // Who does not say what they have read changes what there is.
    expect(await identity.setRoles(clinic.caller, { user, roles: ["nurse"] })).toMatchObject({ version: seen + 3 });
    await expect(identity.setRoles(clinic.caller, { user, roles: [], version: -1 })).rejects.toMatchObject({ code: 422 });

    const { version } = (await now()) ?? {};
    const both = await Promise.allSettled([
      identity.setRoles(clinic.caller, { user, roles: ["physician"], version: seen + 3 }),
      identity.setPractitioner(clinic.caller, { user, version: seen + 3 }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(both.find((one) => one.status === "rejected")?.reason).toEqual(stale);
    expect([version, (await now())?.version]).toEqual([seen + 3, seen + 4]);
    const { version: last } = await identity.closeUser(clinic.caller, { user });
    await expect(identity.setRoles(clinic.caller, { user, roles: [], version: last })).rejects.toEqual(refusal(404, "USER_NOT_FOUND"));
  });

  it("are closed permanently, and the practitioner may have another one", async () => {
    const closed = await identity.closeUser(clinic.caller, { user: "rossi" });
    expect(closed.closedAt).toEqual(expect.any(String));
    await expect(identity.resetPassword(clinic.caller, { user: "rossi" })).rejects.toEqual(refusal(404, "USER_NOT_FOUND"));
    await expect(identity.setRoles(clinic.caller, { user: "rossi", roles: ["nurse"] })).rejects.toEqual(refusal(404, "USER_NOT_FOUND"));
    await identity.createUser(clinic.caller, { login: "rossi2", name: "Ada Rossi", roles: [], practitioner: "Practitioner/1" });
    expect(await identity.endedSince(clinic.caller, { at: 0 })).toContainEqual(expect.objectContaining({ sub: closed.id }));
    await expect(identity.closeUser(clinic.caller, { user: "nobody" })).rejects.toEqual(refusal(404, "USER_NOT_FOUND"));
  });

  it("always include an administrator who is no trial account", async () => {
    const forTrying = { login: "try-chief", name: "T", roles: ["administrator"], password: "four words make one", isForTrying: true };
    await identity.createUser(clinic.caller, forTrying);
    await identity.createUser(clinic.caller, { login: "chief", name: "C", roles: ["administrator"], password: "four words make one" });
    await expect(identity.closeUser(clinic.caller, { user: "chief" })).rejects.toEqual(refusal(409, "LAST_ADMINISTRATOR"));
    await expect(identity.setRoles(clinic.caller, { user: "chief", roles: [] })).rejects.toEqual(refusal(409, "LAST_ADMINISTRATOR"));
    expect((await identity.closeUser(clinic.caller, { user: "try-chief" })).closedAt).toEqual(expect.any(String));
    await identity.createUser(clinic.caller, { login: "deputy", name: "D", roles: ["administrator"], password: "four words make one" });
    expect((await identity.setRoles(clinic.caller, { user: "chief", roles: ["auditor"] })).roles).toEqual(["auditor"]);
  });

  it("are beside clients, each of which exists once", async () => {
    const app = { id: "app", name: "App", kind: "public", scope: "openid user/*.read", redirectUris: ["https://app.example/"] } as const;
    const made = await identity.createClient(clinic.caller, { ...app, redirectUris: [...app.redirectUris] });
    expect(made).toMatchObject({ id: "app", scope: "openid user/*.rs", isTrusted: false, roles: [] });
    await expect(identity.createClient(clinic.caller, { ...app, redirectUris: [...app.redirectUris] })).rejects.toEqual(
      refusal(409, "CLIENT_TAKEN"),
    );
    const taken = { ...app, id: "openward-cli", redirectUris: [...app.redirectUris] };
    await expect(identity.createClient(clinic.caller, taken)).rejects.toEqual(refusal(409, "CLIENT_TAKEN"));
    await expect(identity.createClient(clinic.caller, { ...app, id: "bad", redirectUris: [] })).rejects.toEqual(
      refusal(422, "CLIENT_INVALID"),
    );
    for (const scope of [
      "openid nonsense",
      "user/Patients.rs",
      "user/Patient.sr",
      "openid user/Patient.rs?name:exact",
      "User/Patient.rs",
    ]) {
      const misspelt = { ...app, id: "bad", scope, redirectUris: [...app.redirectUris] };
      await expect(identity.createClient(clinic.caller, misspelt)).rejects.toEqual(refusal(422, "CLIENT_INVALID"));
    }
    await identity.removeClient(clinic.caller, { id: "app" });
    await expect(identity.removeClient(clinic.caller, { id: "app" })).rejects.toEqual(refusal(404, "CLIENT_NOT_FOUND"));
  });
});
