/** A hospital whose doors are closed: what is called from within, without a stamp of who asks, or with a false one. */
import { accessOf, asSystem } from "../../mesh/access/access.ts";
import { brokerOf } from "../../mesh/caller.ts";
import type { Mesh } from "../kit/mesh.ts";
import { startClosed } from "./signed-in.ts";

describe("the mesh of a hospital with closed access", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startClosed();
  });
  afterAll(() => mesh?.stop());

  it("refuses calls between services without a stamp, or with a forged one", async () => {
    for (const meta of [
      {},
      { as: "forged.stamp" },
      { as: { sub: "system:operator", roles: ["system:operator"] } },
      { user: "admin", roles: ["administrator"] },
    ]) {
      for (const [action, params] of [
        ["patients.fhir.search", { query: { type: "Patient", clauses: [], sort: [], want: "rows", limit: 10 } }],
        ["patients.fhir.write", { steps: [{ op: "delete", type: "Patient", id: "1" }] }],
        [
          "patients.register",
          { family: "X", given: ["Y"], birthDate: "1990", gender: "female", identifier: { system: "urn:card", value: "2" } },
        ],
        ["patients.fhir.commit", { tx: "x~y", at: 1 }],
        ["identity.listUsers", {}],
        ["transactions.process", { text: "{}", base: "", representation: false }],
      ] as const) {
        await expect(mesh.call(action, params, { meta })).rejects.toMatchObject({ code: 401, type: "SIGN_IN_NEEDED" });
      }
    }
  });

  it("refuses every action of every service without a stamp, or with a forged one", async () => {
    const actions = brokerOf(mesh.caller).registry.getActionList({ onlyLocal: true, skipInternal: true });
    const open = new Set(["identity.currentRoles", "desk.file", "desk.page", "api.rest"]); // they say nothing of people
    const names = actions.map(({ name }) => name).filter((name) => !open.has(name));
    expect(names.length).toBeGreaterThan(250);
    const stamps = [undefined, { sub: "system:operator", roles: ["system:operator"] }];
    for (const name of names) {
      for (const as of stamps) {
        // Params are checked before: they are published anyway.
        const refused = await mesh.call(name, {}, { meta: { as, user: "admin", roles: ["administrator"] } }).then(
          () => "answered",
          ({ type }: { type: string }) => type,
        );
        expect([name, as, refused]).toEqual([name, as, expect.stringMatching(/^(SIGN_IN_NEEDED|VALIDATION_ERROR)$/)]);
      }
    }
  });

  it("uses one time for everything within a person's request", async () => {
    const meta = { as: accessOf(mesh.caller).stampOf({ sub: "1", roles: ["physician"] }) };
    const named = { type: "Patient", clauses: [] };
    const query = { ...named, sort: [], want: "ids", limit: 10 };
    for (const [name, params] of [
      ["search", { query }],
      ["searchMany", { queries: [query] }],
      ["count", named],
      ["joinKeys", { ...named, limit: 10 }],
      ["joinKeysAmong", { ...named, among: ["1"] }],
    ] as const) {
      const answer = await mesh.call(`patients.fhir.${name}`, { ...params, budgetMs: 5_000 }, { meta });
      expect([name, JSON.stringify(answer)]).toEqual([name, expect.stringContaining('"spentMs":')]);
      const over = mesh.call(`patients.fhir.${name}`, { ...params, budgetMs: 0 }, { meta });
      await expect(over).rejects.toMatchObject({ message: expect.stringContaining("take too long") });
    }
  });

  it("lets no person do the mesh's own work", async () => {
    // Whatever the roles say: an action of the mesh's own is none that a role may name.
    const physician = { sub: "1", roles: ["physician"] };
    const meta = { as: accessOf(mesh.caller).stampOf(physician) };
    for (const action of ["patients.fhir.facts", "patients.fhir.commit", "identity.listUsers"]) {
      await expect(mesh.call(action, {}, { meta })).rejects.toMatchObject({ code: 403, type: "NOT_ALLOWED" });
    }
    const operator = asSystem(mesh.caller, "billing");
    await expect(operator.call("patients.fhir.commit", { tx: "x~y", at: 1 })).rejects.toMatchObject({ code: 403, type: "NOT_ALLOWED" });
    await expect(operator.call("identity.listUsers", {})).rejects.toMatchObject({ code: 403, type: "NOT_ALLOWED" });
  });
});
