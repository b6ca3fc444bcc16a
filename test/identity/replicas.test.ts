/** Two nodes of `identity`, of which either may be asked, on either store. */
import * as client from "openid-client";
import { IDENTITY_ENDED, identity, type Ended } from "../../services/identity/identity.contract.ts";
import { Browser } from "../../scripts/identity/browser.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { App, NURSE, REDIRECT } from "./app.ts";

/** At once; MongoDB's stand-in takes its time. */
const AT_ONCE = 100;

describe.each(["sqlite", "mongo"] as const)("two replicas on %s", (store) => {
  let mesh: Mesh;
  let app: App;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "identity"], replicas: { identity: 2 }, split: "broker", store });
    app = await App.register(mesh);
  });
  afterAll(() => mesh?.stop());

  const token = (form: Record<string, string>) =>
    fetch(`${mesh.base}/auth/token`, { method: "POST", body: new URLSearchParams({ client_id: "app", ...form }) });
  const statuses = async (form: Record<string, string>, times: number) => {
    const answers = await Promise.all(Array.from({ length: times }, () => token(form)));
    return answers.map(({ status }) => status).sort();
  };

  it("give one token for one code, however many request it at once, and end it as a code used twice", async () => {
    const { url, verifier } = await app.code("openid user/Observation.rs offline_access");
    const form = {
      grant_type: "authorization_code",
      code: url.searchParams.get("code") ?? "",
      redirect_uri: REDIRECT,
      code_verifier: verifier,
    };
    expect(await statuses(form, AT_ONCE)).toEqual([200, ...Array.from({ length: AT_ONCE - 1 }, () => 400)]);
    const ended = (await identity.endedSince(mesh.caller, { at: 0 })).filter(({ sid }) => sid !== undefined);
    expect(new Set(ended.map(({ sid }) => sid)).size).toBe(1);
  });

  it("give one token for one refresh token, and end its grant", async () => {
    const { refresh_token = "" } = await app.signIn("openid user/Observation.rs offline_access");
    const next = await client.refreshTokenGrant(app.config, refresh_token);
    const form = { grant_type: "refresh_token", refresh_token: next.refresh_token ?? "" };
    expect(await statuses(form, 16)).toEqual([200, ...Array.from({ length: 15 }, () => 400)]);
    expect(await statuses(form, 1)).toEqual([400]);
  });

  if (store === "mongo") return; // what is asked of the store is one conditional write, whatever is asked of the nodes

  it("sign with the same key, and continue what another began", async () => {
    const keys = await Promise.all([1, 2, 3, 4].map(() => identity.keys(mesh.caller, {})));
    expect(new Set(keys.map(({ keys: [first] }) => first?.kid)).size).toBe(1);
    for (let round = 0; round < 3; round += 1) await app.signIn("openid user/Observation.rs"); // each request is another node's
  });

  it("end tokens, announce it to all, and again when asked", async () => {
    const { refresh_token = "" } = await app.signIn("openid user/Observation.rs offline_access");
    const heard: Ended[] = [];
    const events = { [IDENTITY_ENDED]: (ctx: { params: Ended }) => void heard.push(ctx.params) };
    mesh.caller.createService({ name: "listener", events } as never);
    const at = Date.now();
    // Until the nodes know that there is a listener.
    while (heard.length === 0) await identity.endSessions(mesh.caller, { user: NURSE });
    expect(heard[0]).toMatchObject({ sub: app.user.id });
    expect(await identity.endedSince(mesh.caller, { at })).toContainEqual(heard[0]);
    await expect(client.refreshTokenGrant(app.config, refresh_token)).rejects.toMatchObject({ error: "invalid_grant" });
    expect(await identity.listSessions(mesh.caller, { user: NURSE })).toEqual([]);
  });

  it("serve while one of them is gone", async () => {
    const node = mesh.nodes.find(({ services }) => services.includes("identity"));
    await node?.stop();
    await app.signIn("openid user/Observation.rs", { browser: new Browser(mesh.base) });
  });
});
