/**
 * An app that may call actions, but was granted none of the types that they are about: no action reads or writes a resource for it, by `this.fhir`,
 * by its store, or by what it keeps in memory.
 */
import { asSystem } from "../../mesh/access/access.ts";
import { identity, type RoleName } from "../../services/identity/identity.contract.ts";
import { type PublishedAction, publishedActions } from "../../services/api/rest/actions.ts";
import { KEYED_ACTIONS, Preparation } from "../api/keyed-actions.ts";
import { type ActionParams, ASKED_ACTIONS, isOfTypes, OF_NO_ROLE } from "./scope-actions.ts";
import { KeyedClient } from "../api/keyed-requests.ts";
import type { Mesh } from "../kit/mesh.ts";
import { SignedIn, startClosed } from "./signed-in.ts";

const ROLES: RoleName[] = [
  "administrator",
  "auditor",
  "billing",
  "front-desk",
  "lab-technician",
  "nurse",
  "pharmacist",
  "physician",
  "records-office",
];

describe("an app that was granted actions, but none of the types that they are about", () => {
  let mesh: Mesh;
  let all: SignedIn;
  let of: Preparation;
  let published: string[];
  beforeAll(async () => {
    mesh = await startClosed();
    all = await SignedIn.at(mesh, [], "user/Basic.rs");
    const everybody = await all.app.alsoFor("everybody", ROLES);
    await identity.setPractitioner(asSystem(mesh.caller, "operator"), { user: everybody.user.id, practitioner: "Practitioner/all" });
    await all.signIn(everybody, "everybody");
    await all.signIn(everybody, "narrow", "openid actions user/Basic.rs");
    of = new Preparation(new KeyedClient(mesh.base, { Authorization: `Bearer ${all.tokenOf("everybody")}` }));
    const isAsked = ({ name, deprecated }: PublishedAction) => !deprecated && isOfTypes(name);
    published = publishedActions(mesh.caller).flatMap((action) => (isAsked(action) ? [action.name] : []));
  });
  afterAll(() => mesh?.stop());

  const call = (who: string, name: string, params: ActionParams) =>
    fetch(`${mesh.base}/api/${name.replace(".", "/")}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${all.tokenOf(who)}` },
      body: JSON.stringify(params),
    });

  it.each(Object.entries({ ...KEYED_ACTIONS, ...ASKED_ACTIONS }))("is refused %s", async (name, prepare) => {
    const params = (await (prepare as (of: Preparation) => Promise<ActionParams> | ActionParams)(of)) as ActionParams;
    // For an app with all scopes it works, after which the service may have kept what it read.
    if (name in ASKED_ACTIONS) expect([200, 404, 409]).toContain((await call("everybody", name, params)).status);
    const answer = await call("narrow", name, params);
    // What the app may not read is as if it were not there.
    const refusals = [
      [403, "NOT_ALLOWED"],
      [404, "NOT_FOUND"],
    ];
    expect(refusals).toContainEqual([answer.status, ((await answer.json()) as { error?: { type: string } }).error?.type]);
  });

  it("is refused what no role has, as everybody is", async () => {
    const statuses = await Promise.all(OF_NO_ROLE.map(async (name) => (await call("everybody", name, {})).status));
    expect(statuses).toEqual(OF_NO_ROLE.map(() => 403));
  });

  it("is refused every action that is published", () => {
    expect(Object.keys({ ...KEYED_ACTIONS, ...ASKED_ACTIONS }).sort()).toEqual(published);
  });
});
