/**
 * An app that may call actions, but was granted none of the types that they are about: no action reads or writes a resource for it, by `this.fhir`,
 * by its store, or by what it keeps in memory.
 */
import { asSystem } from "../../mesh/access/access.ts";
import { identity, type RoleName } from "../../services/identity/identity.contract.ts";
import { type PublishedAction, publishedActions } from "../../services/api/rest/actions.ts";
import { KEYED_ACTIONS, Preparation } from "../api/keyed-actions.ts";
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

type Params = Record<string, unknown>;

/** Further actions, with what they are asked for. */
const ASKED: Record<string, (of: Preparation) => Promise<Params> | Params> = {
  "billing.cashReport": () => ({}),
  "billing.listBalances": () => ({ invoices: ["Invoice/1"] }),
  "billing.listOutdated": () => ({ invoices: ["Invoice/1"] }),
  "billing.listPayments": () => ({ invoice: "Invoice/1" }),
  "billing.listPrices": () => ({}),
  "lab.listCatalogue": () => ({}),
  "lab.listCritical": () => ({}),
  "lab.worklist": () => ({}),
  "ledger.looksAt": async (of) => ({ patient: await of.patient() }),
  "ledger.looksBy": () => ({ who: "Practitioner/ada" }),
  "patients.candidates": () => ({ family: "Rossi" }),
  "patients.listDuplicates": () => ({}),
  "patients.merge": async (of) => ({ source: await of.patient(), target: await of.patient() }),
  "patients.mergeState": async (of) => ({ source: await of.patient() }),
  "patients.unmerge": async (of) => ({ source: await of.patient() }),
  "pharmacy.countDue": async (of) => ({ patients: [await of.patient()] }),
  "pharmacy.due": async (of) => ({ patient: await of.patient() }),
  "pharmacy.listMovements": async (of) => ({ medication: `urn:drugs|${(await of.stocked()).code}` }),
  "pharmacy.listReorderLevels": () => ({}),
  "records.sign": () => ({ reference: "Composition/1", version: 1 }),
  "records.verify": () => ({ reference: "Composition/1" }),
  "wards.board": () => ({}),
  "wards.census": () => ({ from: "2026-01-01", to: "2026-01-02" }),
  "wards.censusCsv": () => ({ from: "2026-01-01", to: "2026-01-02" }),
  "wards.findBeds": () => ({}),
  "wards.listBeds": () => ({}),
};

/** Actions that show no resource, with what they show. */
const OTHERWISE: Record<string, string> = {
  "journal.list": "anomalies, which contain no patient data",
  "ledger.check": "the state of the hash chain",
  "patients.duplicatesState": "how far the comparison is",
  "patients.listNumberSystems": "settings of the hospital",
  "pharmacy.expiring": "counters of the stock",
  "pharmacy.listLots": "counters of the stock",
  "pharmacy.listStock": "counters of the stock",
  "pharmacy.proposeLot": "counters of the stock",
};
/** Accounts and roles are no resources; dead letters are of an operator. */
const OF_NO_TYPE = /^identity\.|\.events\./;

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
    const isAsked = ({ name, deprecated }: PublishedAction) => !deprecated && !OF_NO_TYPE.test(name) && !(name in OTHERWISE);
    published = publishedActions(mesh.caller).flatMap((action) => (isAsked(action) ? [action.name] : []));
  });
  afterAll(() => mesh?.stop());

  const call = (who: string, name: string, params: Params) =>
    fetch(`${mesh.base}/api/${name.replace(".", "/")}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${all.tokenOf(who)}` },
      body: JSON.stringify(params),
    });

  it.each(Object.entries({ ...KEYED_ACTIONS, ...ASKED }))("is refused %s", async (name, prepare) => {
    const params = (await (prepare as (of: Preparation) => Promise<Params> | Params)(of)) as Params;
    // For an app with all scopes it works, after which the service may have kept what it read.
    if (name in ASKED) expect([200, 404, 409]).toContain((await call("everybody", name, params)).status);
    const answer = await call("narrow", name, params);
    // What the app may not read is as if it were not there.
    const refusals = [
      [403, "NOT_ALLOWED"],
      [404, "NOT_FOUND"],
    ];
    expect(refusals).toContainEqual([answer.status, ((await answer.json()) as { error?: { type: string } }).error?.type]);
  });

  it("is refused every action that is published", () => {
    expect(Object.keys({ ...KEYED_ACTIONS, ...ASKED }).sort()).toEqual(published);
  });
});
