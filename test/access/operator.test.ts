/** Operators work on the store of accounts itself: what they change is on record like what administrators change. */
import { commandOf } from "../../scripts/identity/commands.ts";
import { withIdentity } from "../../scripts/identity/own-identity.ts";
import { readConfig } from "../../mesh/config.ts";
import type { AuditEvent } from "../../fhir/r4.ts";
import { eventually } from "../kit/events.ts";
import type { Mesh } from "../kit/mesh.ts";
import { SignedIn, startClosed } from "./signed-in.ts";

describe("npm run admin", () => {
  let mesh: Mesh;
  let all: SignedIn;
  beforeAll(async () => {
    mesh = await startClosed();
    all = await SignedIn.at(mesh, ["auditor"]);
  });
  afterAll(() => mesh?.stop());

  const run = (name: string, ...args: string[]) => withIdentity(readConfig({ DATA_DIR: mesh.dataDir }), commandOf(name, args));
  /** Changes by operators: outcome, role of who, and what was asked. */
  const recorded = async (): Promise<string[]> => {
    const { body } = await all.as("auditor").get("/AuditEvent?agent:identifier=urn:openward:account|system:operator&_sort=date&_count=200");
    const entries = ((body.entry ?? []) as { resource: AuditEvent }[]).map(({ resource: { outcome, agent, entity = [] } }) => {
      const asked = entity.map(({ query = "" }) => Buffer.from(query, "base64").toString()).join("");
      return `${outcome} ${agent[0]?.role?.[0]?.text} ${asked}`;
    });
    return entries.filter((one) => one.includes(" operator ")); // not those of the test's own calls within the mesh
  };

  it("is on record with each change, also a refused one, once, and without a secret", async () => {
    const [, link = ""] = /password\/(\S+)/.exec((await run("add-user", "porter", "--name", "P", "--roles", "nurse")).join("\n")) ?? [];
    await run("roles", "porter", "front-desk");
    await expect(run("roles", "porter", "king")).rejects.toMatchObject({ code: 422, type: "ROLE_UNKNOWN" });
    await run("password", "porter");
    await run("users"); // changes nothing
    const app = ["add-client", "growth", "--name", "G", "--redirect", "https://growth.example/back", "--scope", "patient/*.rs"] as const;
    await run(...app);
    await run("remove-client", "growth");
    await run("new-keys");
    await run("close", "porter");
    const entries = await eventually(recorded, (found) => found.some((one) => one.includes("identity.closeUser")));
    expect(entries.map((one) => one.replace(/("kind").*/, "$1…"))).toEqual([
      '0 operator identity.createUser {"login":"porter","name":"P","roles":["nurse"]}',
      '0 operator identity.setRoles {"user":"porter","roles":["front-desk"]}',
      '4 operator identity.setRoles {"user":"porter","roles":["king"]}',
      '0 operator identity.resetPassword {"user":"porter"}',
      '0 operator identity.createClient {"id":"growth","name":"G","kind"…',
      '0 operator identity.removeClient {"id":"growth"}',
      '0 operator identity.renewKeys {"areStolen":false}',
      '0 operator identity.closeUser {"user":"porter"}',
    ]);
    expect(link).not.toBe("");
    expect(entries.join()).not.toContain(link);
  });
});
