/** Tokens that were good when they were issued, and are not any more. */
import { asSystem } from "../../mesh/access/access.ts";
import { identity, type RoleNow } from "../../services/identity/identity.contract.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { App, configurationOf, PASSWORD } from "./app.ts";
import { registerProgram } from "./program.ts";

describe("an issued token", () => {
  let mesh: Mesh;
  let app: App;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "identity"], nats: false, split: "broker", env: { ACCESS: "closed" } });
    app = await App.register(mesh);
  });
  afterAll(() => mesh?.stop());

  const status = async (token: string) =>
    (await fetch(`${mesh.base}/api/identity/listRoles`, { headers: { Authorization: `Bearer ${token}` } })).status;

  it("loses a role that now requires a second factor, unless it had one or nobody is to have one", async () => {
    const operator = asSystem(mesh.caller, "operator");
    const { user } = await identity.createUser(operator, { login: "conti", name: "C", roles: ["nurse"], password: PASSWORD });
    const person = await new App(mesh, user, app.config).signIn("openid user/Patient.r");
    const forTrying = await app.signIn("openid user/Patient.r");
    const program = await registerProgram(mesh, "loader");
    const tokens = [person.access_token, forTrying.access_token, await program.token()];
    expect(await Promise.all(tokens.map(status))).toEqual([403, 403, 403]); // they are good, for something else
    for (const role of ["nurse", "system"]) {
      const { says, types, actions } = (await identity.listRoles(operator, {})).find((it) => it.role === role) as RoleNow;
      const asked = { role, version: 0, reason: "as of today", says, types, actions, secondFactor: true };
      expect(await identity.changeRole(operator, asked)).toMatchObject({ state: "done" });
    }
    expect(await Promise.all(tokens.map(status))).toEqual([401, 403, 403]);
    for (const role of ["nurse", "system"]) {
      const { version } = (await identity.listRoles(operator, {})).find((it) => it.role === role) as RoleNow;
      await identity.resetRole(operator, { role, version, reason: "not today" }); // waits for somebody else
    }
    expect(await status(person.access_token)).toBe(401);
  });

  it("is valid until it expires after an operator has made new keys, unless keys were stolen", async () => {
    const { access_token: before } = await app.signIn("openid user/Patient.r");
    const unseen = await app.signIn("openid user/Patient.r");
    expect(await status(before)).toBe(403);
    await identity.renewKeys(asSystem(mesh.caller, "operator"), {});
    const renewed = new App(mesh, app.user, await configurationOf(mesh, "app"));
    const tokens = [before, unseen.access_token, (await renewed.signIn("openid user/Patient.r")).access_token];
    expect(await Promise.all(tokens.map(status))).toEqual([403, 403, 403]);
  });

  it("is refused once an operator has replaced stolen keys, even if it was verified before, and a new one is valid at once", async () => {
    const { access_token: before } = await app.signIn("openid user/Patient.r");
    expect(await status(before)).toBe(403);
    await identity.renewKeys(asSystem(mesh.caller, "operator"), { areStolen: true });
    expect(await status(before)).toBe(401);
    const renewed = new App(mesh, app.user, await configurationOf(mesh, "app"));
    expect(await status((await renewed.signIn("openid user/Patient.r")).access_token)).toBe(403);
  });
});
