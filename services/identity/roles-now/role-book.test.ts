import { resourceTypes } from "../../../fhir/search/parameters.ts";
import { readConfig } from "../../../mesh/config.ts";
import { RolesNow } from "../../../mesh/access/roles-now.ts";
import { type Clinic, refusal, startClinic } from "../../../test/kit/clinic.ts";
import { identity } from "../identity.contract.ts";
import IdentityService from "../identity.service.ts";
import { unknownActions } from "./action-names.ts";
import type { WithCollections } from "../../../mixins/collections.ts";
import type { IdentityDocuments } from "../identity-data.ts";
import { RoleBook } from "./role-book.ts";

const PORTER = { says: "Brings patients.", types: { Location: "rs" }, actions: ["wards.listBeds"] };
const AGAIN = { reason: "as we work", version: 1 };

describe("roles changed by an administrator", () => {
  let clinic: Clinic;
  let book: RoleBook;
  beforeEach(async () => {
    clinic = await startClinic(IdentityService(readConfig({ LOG_LEVEL: "error" }), { listens: false }));
    book = clinic.hosted<{ roleBook: RoleBook }>("identity").roleBook;
  });
  afterEach(() => clinic.stop());
  const set = (role: string, more: object) =>
    identity.changeRole(clinic.caller, { role, version: 0, reason: "new", ...PORTER, ...more } as never);
  const roleNow = async (name: string) => (await identity.listRoles(clinic.caller, {})).find(({ role }) => role === name);

  it("are created, assigned, changed and removed, each time with who, when and why", async () => {
    await expect(identity.createUser(clinic.caller, { login: "porter1", name: "P", roles: ["porter"] })).rejects.toEqual(
      refusal(422, "ROLE_UNKNOWN"),
    );
    expect(await set("porter", {})).toMatchObject({ role: "porter", version: 1, state: "done", by: "system:operator", reason: "new" });
    expect(await roleNow("porter")).toMatchObject({ ...PORTER, version: 1, isAsFiled: false });
    await identity.createUser(clinic.caller, { login: "porter1", name: "P", roles: ["porter"] });
    await set("porter", { ...AGAIN, types: { Location: "r" } });
    expect(await identity.currentRoles(clinic.caller, {})).toMatchObject({
      generation: 2,
      roles: { porter: { types: { Location: "r" } } },
    });
    await identity.resetRole(clinic.caller, { role: "porter", version: 2, reason: "nobody brings patients" });
    expect(await identity.currentRoles(clinic.caller, {})).toEqual({ generation: 3, roles: {} });
    expect(await roleNow("porter")).toBeUndefined();
    expect((await identity.listRoleChanges(clinic.caller, { role: "porter" })).map(({ version }) => version).sort()).toEqual([1, 2, 3]);
    await expect(set("porter", { version: 1 })).rejects.toEqual(refusal(409, "ROLE_STALE"));
  });

  it("of the project are as in their files again after a reset", async () => {
    const filed = await roleNow("nurse");
    expect(filed).toMatchObject({ isAsFiled: true, version: 0 });
    await set("nurse", {});
    expect(await roleNow("nurse")).toMatchObject({ ...PORTER, isAsFiled: false });
    const reset = await identity.resetRole(clinic.caller, { role: "nurse", version: 1, reason: "a mistake" });
    expect(reset).toMatchObject({ state: "waiting" }); // a nurse sees all types
    await book.confirm("nurse", 2, "account-2");
    expect(await roleNow("nurse")).toEqual({ ...filed, version: 2 });
  });

  it.each([
    ["a type that R4 has not", { types: { Porter: "r" } }, 422, "ROLE_INVALID"],
    ["an action that no service has", { actions: ["wards.listBed"] }, 422, "ACTION_UNKNOWN"],
    ["an action that cannot be one", { actions: ["wards"] }, 422, "ROLE_INVALID"],
    ["letters in another order", { types: { Patient: "sr" } }, 422, "VALIDATION_ERROR"],
    ["no reason", { reason: " " }, 422, "VALIDATION_ERROR"],
    ["a role of the mesh's own work", { role: "system:operator" }, 422, "VALIDATION_ERROR"],
    ["an administrator who could change no role any more", { role: "administrator" }, 409, "ROLE_LOCKS_OUT"],
  ])("cannot have %s", async (_, more, code, type) => {
    await expect(set((more as { role?: string }).role ?? "porter", more)).rejects.toEqual(refusal(code, type));
    expect(await identity.currentRoles(clinic.caller, {})).toEqual({ generation: 0, roles: {} });
  });

  it.each([
    ["all types", { types: { "*": "r" } }],
    ["who has looked at what", { types: { AuditEvent: "s" } }],
    ["all types one by one", { types: Object.fromEntries(resourceTypes.slice(0, 41).map((type) => [type, "r"])) }],
    ["to give rights", { actions: ["identity.*"] }],
    ["to be the second person", { actions: ["identity.confirmRole"] }],
    ["to enter what others have done", { onBehalf: true }],
  ])("that get the right to %s wait for another person", async (_, more) => {
    expect(await set("porter", more)).toMatchObject({ state: "waiting" });
    expect(await identity.currentRoles(clinic.caller, {})).toEqual({ generation: 0, roles: {} });
    await expect(identity.confirmRole(clinic.caller, { role: "porter", version: 1 })).rejects.toEqual(refusal(409, "OTHER_PERSON_NEEDED"));
    expect(await book.confirm("porter", 1, "account-2")).toMatchObject({ state: "done", decidedBy: "account-2" });
    expect((await identity.currentRoles(clinic.caller, {})).generation).toBe(1);
    await expect(book.confirm("porter", 1, "account-3")).rejects.toEqual(refusal(409, "CHANGE_NOT_WAITING"));
  });

  it("that would no longer require a second factor wait for a second person too", async () => {
    expect(await set("porter", { secondFactor: true })).toMatchObject({ state: "done", to: { secondFactor: true } });
    expect(await book.demandSecondFactor(["nurse", "porter"])).toBe(true);
    expect(await set("porter", { version: 1 })).toMatchObject({ state: "waiting" });
    expect(await book.demandSecondFactor(["porter"])).toBe(true);
    expect(await book.demandSecondFactor(["nurse", "physician"])).toBe(false);
    expect(await book.demandSecondFactor(["administrator"])).toBe(true);
  });

  it("no longer wait if they are rejected, or replaced by a later one", async () => {
    await set("porter", { types: { "*": "r" } });
    await identity.rejectRole(clinic.caller, { role: "porter", version: 1 });
    await expect(book.confirm("porter", 1, "account-2")).rejects.toEqual(refusal(409, "CHANGE_NOT_WAITING"));
    await set("porter", { version: 1, types: { "*": "s" } });
    await set("porter", { version: 2 });
    await expect(book.confirm("porter", 2, "account-2")).rejects.toEqual(refusal(409, "CHANGE_NOT_WAITING"));
    await expect(book.confirm("porter", 9, "account-2")).rejects.toEqual(refusal(404, "ROLE_NOT_FOUND"));
  });

  it("change once for concurrent changes, while changes of other roles all take effect", async () => {
    const tries = await Promise.allSettled(Array.from({ length: 16 }, () => set("porter", {})));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    await Promise.all(Array.from({ length: 16 }, (_, index) => set(`porter-${index}`, {})));
    const { generation, roles } = await identity.currentRoles(clinic.caller, {});
    expect([generation, Object.keys(roles).length]).toEqual([17, 17]);
  });
});

describe("the actions of a role", () => {
  let clinic: Clinic;

  beforeEach(async () => {
    clinic = await startClinic(IdentityService(readConfig({ LOG_LEVEL: "error" }), { listens: false }));
  });
  afterEach(() => clinic.stop());

  const give = (actions: string[], version = 0) =>
    identity.changeRole(clinic.caller, { role: "porter", version, reason: "new", ...PORTER, actions });

  it.each([
    ["wards.listBed", ["wards.listBeds"]],
    ["ward.board", ["wards.board"]],
    ["hospitalisations.*", ["hospitalizations.*"]],
    ["*.events.replayed", ["*.events.replay"]],
    ["lab.fhir.nothing", []],
  ])("cannot be %s, which no service has", async (misspelt, nearest) => {
    const refused = { code: 422, type: "ACTION_UNKNOWN", data: { actions: [misspelt], nearest } };
    await expect(give(["wards.board", misspelt])).rejects.toMatchObject(refused);
    expect(await identity.currentRoles(clinic.caller, {})).toEqual({ generation: 0, roles: {} });
  });

  it.each([["wards.board"], ["wards.*"], ["*.board"], ["billing.events.listDead"], ["*.events.listDead"], ["lab.*"]])(
    "can be %s, whether its service runs here or not",
    async (action) => {
      expect(await give([action])).toMatchObject({ state: "done", to: { actions: [action] } });
    },
  );

  it("of all roles of the project exist", async () => {
    const roles = await identity.listRoles(clinic.caller, {});
    const actions = [...new Set(roles.flatMap((role) => role.actions))];
    await expect(give([...actions, "wards.nothing"])).rejects.toMatchObject({ data: { actions: ["wards.nothing"] } });
  });

  it("stay when another part of the role is changed, though their service was retired", async () => {
    const dentist = { says: "Treats teeth.", types: { Patient: "rs" }, actions: ["dentistry.drill"] };
    const filed = new Map([["dentist", dentist]]);
    const { collections } = clinic.hosted<WithCollections<IdentityDocuments>>("identity");
    const book = new RoleBook({
      filed,
      changes: collections.roleChanges,
      tell: () => {},
      actionNames: async () => ({ names: ["wards.board"], unknownServices: [] }),
    });
    const wanted = { role: "dentist", version: 0, reason: "sees wards", by: "account-1" };
    const to = { ...dentist, actions: [...dentist.actions, "wards.board"] };
    await expect(book.change({ ...wanted, to: { ...to, actions: [...to.actions, "dentistry.pull"] } })).rejects.toEqual(
      refusal(422, "ACTION_UNKNOWN"),
    );
    expect(await book.change({ ...wanted, to })).toMatchObject({ state: "done", to });
  });

  it("and its types are named at the start if its file misspells them", async () => {
    const nurse = { says: "Cares.", types: { Observation: "rs", Obervation: "c" }, actions: ["wards.board", "lab.colect"] };
    const { collections } = clinic.hosted<WithCollections<IdentityDocuments>>("identity");
    const parts = { changes: collections.roleChanges, tell: () => {} };
    const actionNames = async () => ({ names: ["lab.collect", "wards.board"], unknownServices: [] });
    const book = new RoleBook({ ...parts, actionNames, filed: new Map([["nurse", nurse]]) });
    expect(await book.faultsOfFiles()).toEqual([
      "The file of the role nurse gives less than it says: R4 has no type Obervation; Observation is one; no service has the action lab.colect.",
    ]);
    expect(await clinic.hosted<{ roleBook: RoleBook }>("identity").roleBook.faultsOfFiles()).toEqual([]);
  });

  it("may be those of a member of the system whose code is elsewhere, and which is down", () => {
    const known = { names: ["wards.board"], unknownServices: ["dentistry"] };
    expect(unknownActions(["dentistry.drill", "dentistry.*", "*.drill", "wards.bored", "dentist.drill"], known)).toEqual([
      "wards.bored",
      "dentist.drill",
    ]);
    expect(unknownActions(["*.drill"], { ...known, unknownServices: [] })).toEqual(["*.drill"]);
  });
});

describe("the roles that a node knows", () => {
  const porter = (letters: string) => ({ says: "x", types: { Location: letters }, actions: [] });

  it("are the newest that it received, whatever arrives later", () => {
    const roles = new RolesNow(new Map([["porter", porter("rs")]]), () => {});
    roles.take({ generation: 2, roles: { porter: porter("r"), "system:operator": porter("cruds") } });
    roles.take({ generation: 1, roles: { porter: porter("cruds") } });
    expect([roles.get("porter")?.types, roles.get("system:operator")]).toEqual([{ Location: "r" }, undefined]);
    roles.take({ generation: 3, roles: {} });
    expect(roles.get("porter")?.types).toEqual({ Location: "rs" });
  });

  it("are fetched again for a request with newer roles", () => {
    const roles = new RolesNow(new Map(), () => {});
    let asked = 0;
    roles.askBy(async () => {
      asked += 1;
    });
    expect([roles.isUpToDate, roles.knows(0)]).toEqual([false, true]);
    roles.take({ generation: 0, roles: {} });
    expect(roles.isUpToDate).toBe(true);
    expect([roles.knows(4), roles.isUpToDate, asked]).toEqual([false, false, 1]);
    roles.take({ generation: 4, roles: {} });
    expect([roles.knows(4), roles.isUpToDate]).toEqual([true, true]);
  });
});
