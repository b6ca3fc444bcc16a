/** Somebody leaves the hospital. */
import * as client from "openid-client";
import { Browser } from "../../scripts/identity/browser.ts";
import { identity } from "../../services/identity/identity.contract.ts";
import { personnel } from "../../services/personnel/personnel.contract.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { App, NURSE, PASSWORD } from "./app.ts";

describe.each([
  ["in one process", { nats: false }],
  ["in many", { nats: true }],
])("who leaves, %s", (_, { nats }) => {
  let mesh: Mesh;
  let app: App;
  const leave = {
    "by personnel's action": () => personnel.endEmployment(mesh.caller, { practitioner: "Practitioner/ada" }),
    "by a Practitioner that is not active": () =>
      fhirAt(mesh.base).send("PUT", "/Practitioner/ada", { resourceType: "Practitioner", id: "ada", active: false }),
    "by a Practitioner that is deleted": () => fhirAt(mesh.base).send("DELETE", "/Practitioner/ada"),
  };
  const ways = nats ? (["by personnel's action"] as const) : (Object.keys(leave) as (keyof typeof leave)[]);
  let before = 0;

  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "transactions", "personnel", "identity"], nats, split: "broker" });
    app = await App.register(mesh);
    await identity.closeUser(mesh.caller, { user: NURSE });
  });
  afterAll(() => mesh?.stop());

  it.each(ways)("%s, loses the account, its session and its tokens", async (way) => {
    before += 1;
    const login = `nurse${before}`;
    await fhirAt(mesh.base).send("PUT", "/Practitioner/ada", { resourceType: "Practitioner", id: "ada", active: true });
    const given = { login, name: "Ada", roles: ["nurse" as const], practitioner: "Practitioner/ada", password: PASSWORD };
    const { user } = await identity.createUser(mesh.caller, given);
    const browser = new Browser(mesh.base);
    const { url, verifier, state } = await app.request("openid user/Observation.rs offline_access");
    const consent = await browser.see((await browser.see(url)).url, { step: "login", login, password: PASSWORD });
    const tokens = await app.exchange(await browser.leave(consent.url, { step: "allow" }), verifier, state);

    await leave[way]();
    const isEnded = async () => (await identity.endedSince(mesh.caller, { at: 0 })).some(({ sub }) => sub === user.id);
    while (!(await isEnded())) await new Promise((resolve) => setImmediate(resolve)); // the test's own time is the limit
    await expect(client.refreshTokenGrant(app.config, tokens.refresh_token ?? "")).rejects.toMatchObject({ error: "invalid_grant" });
    expect((await browser.see((await app.request("openid")).url)).text).toContain("Login name");
    expect((await identity.listUsers(mesh.caller, {})).find(({ id }) => id === user.id)?.closedAt).toEqual(expect.any(String));
  });
});

describe("an administrator", () => {
  let mesh: Mesh;
  let chief: FhirHttp;

  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "personnel", "identity"],
      nats: false,
      split: "broker",
      env: { ACCESS: "closed" },
    });
    const scope = "openid user/*.cruds actions";
    const app = await App.register(mesh, ["nurse"], scope);
    chief = fhirAt(mesh.base, (await (await app.alsoFor("chief", ["administrator"])).signIn(scope)).access_token);
    for (const [id, active] of [
      ["here", true],
      ["also-here", true],
      ["gone", false],
    ] as const) {
      expect((await chief.send("PUT", `/Practitioner/${id}`, { resourceType: "Practitioner", id, active })).status).toBe(201);
    }
  });
  afterAll(() => mesh?.stop());

  it("gives an account to who works here, and to nobody who has left or whom nobody knows", async () => {
    const call = (action: string, params: object) => chief.send("POST", `/../api/identity/${action}`, params);
    const unknown = { status: 404, body: { error: { type: "PRACTITIONER_NOT_FOUND" } } };
    const account = (login: string, id: string) => ({ login, name: login, roles: ["nurse"], practitioner: `Practitioner/${id}` });
    expect(await call("createUser", account("one", "gone"))).toMatchObject(unknown);
    expect(await call("createUser", account("one", "heer"))).toMatchObject(unknown);
    expect(await call("createUser", account("one", "here"))).toMatchObject({ status: 200 });
    for (const id of ["gone", "heer"]) {
      expect(await call("setPractitioner", { user: "one", practitioner: `Practitioner/${id}` })).toMatchObject(unknown);
    }
    expect(await call("setPractitioner", { user: "one", practitioner: "Practitioner/also-here" })).toMatchObject({ status: 200 });
    expect(await call("setPractitioner", { user: "one" })).toMatchObject({ status: 200 });
  });
});
