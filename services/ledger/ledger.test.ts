/** What is kept of a deed, what it says, and that nobody changes it unseen. */
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import type { AuditedDeed, AuditEntry } from "../../federation/audit-contract.ts";
import { validate } from "../../fhir/validate/index.ts";
import { sqliteKit, temporaryFolder } from "../../test/kit/stores.ts";
import type { Store } from "../../store/store.ts";
import { type ExpiredEvents, LedgerChain } from "./chain.ts";
import { identity, ROLES } from "../identity/identity.contract.ts";
import { LANGUAGES } from "./ledger.contract.ts";
import { auditEventsOf, lookOf } from "./ledger.model.ts";

const by = { who: "Practitioner/1", name: "Ada", role: "nurse ward-clerk", client: "app", reason: "TREAT" };
const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
  at: 1_780_000_000_000,
  deed: "read",
  isDone: true,
  by,
  type: "Observation",
  what: ["Observation/1"],
  patients: ["Patient/1"],
  query: "GET /fhir/Observation/1",
  call: "request-1",
  ...more,
});
const DEEDS: AuditedDeed[] = [
  "read",
  "vread",
  "history",
  "search",
  "create",
  "update",
  "delete",
  "operation",
  "sign-in",
  "sign-out",
  "token",
];

describe("the AuditEvent of an entry", () => {
  const rows: [string, AuditEntry][] = [
    ...DEEDS.map((deed): [string, AuditEntry] => [deed, entry({ deed })]),
    ["a refusal", entry({ isDone: false })],
    ["many patients", { ...entry({ deed: "search", patientCount: 512 }), patients: [] }],
    ["what failed here", entry({ isDone: false, isFault: true, why: "507 STORE_FULL" })],
    [
      "who is not known, many times",
      {
        at: 1,
        deed: "token",
        isDone: false,
        by: { who: "", role: "" },
        address: "192.0.2.1",
        why: "401 forged",
        count: 9_999,
        query: "GET /",
      },
    ],
    ["an account", entry({ by: { who: "account-1", role: "" } })],
    ["nothing but the deed", { at: 1, deed: "sign-in", isDone: true, by: { who: "account-1", role: "nurse" } }],
  ];
  it.each(rows)("is valid for %s", (_, noted) => {
    const [event] = auditEventsOf("01a2229e-4063-744c-b828-1eb7517ad5d7", { owner: "lab", entries: [noted] });
    expect(validate(event as object, { type: "AuditEvent" })).toEqual([]);
    for (const language of LANGUAGES) expect(lookOf(event as never, language).says).not.toMatch(/[%]|undefined/);
  });

  it.each([
    ["read", "110152", "110153"],
    ["create", "110153", "110152"],
    ["update", "110153", "110152"],
    ["delete", "110150", "custodian"],
  ] as const)(
    "names patient, data and both ends, as IHE's pattern requires, also for a patient's own record: %s",
    (deed, client, server) => {
      const [event] = auditEventsOf("a", {
        owner: "patients",
        entries: [entry({ deed, type: "Patient", what: ["Patient/1"], address: "192.0.2.7" })],
      });
      const entities = event?.entity?.map(({ type, role, what }) => [type?.code, role?.code, what?.reference]);
      expect(entities?.slice(0, 2)).toEqual([
        ["1", "1", "Patient/1"],
        ["2", "4", "Patient/1"],
      ]);
      const agents = event?.agent.map(({ type, network }) => [type?.coding?.[0]?.code, network?.address]);
      expect(agents?.slice(1)).toEqual([
        [client, "192.0.2.7"],
        [server, undefined],
      ]);
      expect(event?.agent[0]?.network).toBeUndefined(); // a person is no place on the network
      expect(lookOf(event as never, "en")).toMatchObject({ what: ["Patient"], patients: ["Patient/1"] });
      expect(lookOf(event as never, "en").says).not.toContain("192.0.2.7");
    },
  );

  it("names the service that has answered as its source, and the one that has recorded it as its observer", () => {
    const [own, others] = auditEventsOf("a", { owner: "lab", entries: [entry(), entry({ service: "records" })] });
    const sourceOf = (event: typeof own) => event?.agent.at(-1)?.who?.display;
    expect([sourceOf(own), own?.source.observer?.display]).toEqual(["lab", "lab"]);
    expect([sourceOf(others), others?.source.observer?.display]).toEqual(["records", "lab"]);
    // Recorded again by the service itself: its first try has failed, or seemed to.
    const idOf = (owner: string, service?: string) =>
      auditEventsOf("b", { owner, entries: [entry({ work: "w", ...(service && { service }) })] })[0]?.id;
    expect(idOf("lab", "records")).toBe(idOf("records"));
    expect(idOf("lab", "records")).not.toBe(idOf("lab"));
  });

  it("is one, however often an action of a request is recorded", () => {
    const idOf = (more: Partial<AuditEntry>, id = "a") => auditEventsOf(id, { owner: "lab", entries: [entry(more)] })[0]?.id;
    expect(idOf({ work: "w-1", at: 1 }, "a")).toBe(idOf({ work: "w-1", at: 2 }, "b"));
    expect(new Set([idOf({ work: "w-1" }), idOf({ work: "w-2" }), idOf({ work: "w-1", patients: [] }), idOf({}), idOf({}, "b")]).size).toBe(
      5,
    );
    // Two entries of a batch that have found the same.
    expect(idOf({ work: "w-1" })).not.toBe(idOf({ work: "w-1", query: "GET /fhir/Observation?code=1 in POST /fhir" }));
  });

  it("says who has done what, in three languages", () => {
    const [event] = auditEventsOf("a", { owner: "lab", entries: [entry({ isDone: false })] });
    const says = LANGUAGES.map((language) => lookOf(event as never, language).says);
    expect(says).toEqual([
      "Ada (nurse, ward-clerk) has read the results and measurements, purpose: treatment (refused)",
      "Ada (soins infirmiers, ward-clerk) a lu les résultats et mesures, motif : soins (refus)",
      "\u2068Ada\u2069 (التمريض، \u2068ward-clerk\u2069): الاطلاع على النتائج والقياسات، الغرض: العلاج (مرفوض)",
    ]);
    expect(lookOf(event as never, "en")).toMatchObject({
      who: "Practitioner/1",
      client: "app",
      purpose: "TREAT",
      patients: ["Patient/1"],
      isDone: false,
    });
  });
});

describe("the sentence of an audit entry", () => {
  it("is one line that reads from its beginning, whatever somebody calls themselves", () => {
    const by = { ...entry({}).by, name: "Ada\n2026-01-05  Dr Rossi has read\u202e the record\u001b[2K" };
    const [event] = auditEventsOf("a", { owner: "lab", entries: [entry({ by })] });
    for (const language of LANGUAGES) expect(lookOf(event as never, language).says).not.toMatch(/[\n\u202e\u001b]/);
    expect(lookOf(event as never, "en").says).toMatch(/^Ada\\u000a2026-01-05 {2}Dr Rossi has read\\u202e the record\\u001b\[2K \(/);
  });

  it("gives the address and number of unknown callers, and distinguishes failures from refusals", () => {
    const saysOf = (more: Partial<AuditEntry>) => {
      const [event] = auditEventsOf("a", { owner: "api", entries: [entry(more)] });
      return LANGUAGES.map((language) => lookOf(event as never, language).says);
    };
    const unknown = { deed: "token", isDone: false, by: { who: "", role: "" }, address: "192.0.2.1", count: 12 } as const;
    expect(saysOf(unknown)).toEqual([
      "Somebody unknown has come with a token that is not valid, from 192.0.2.1, 12 times (refused)",
      "Personne inconnue a présenté un jeton d’accès non valable, depuis 192.0.2.1, 12 fois (refus)",
      "شخص غير معروف: تقديم رمز دخول غير صالح، من العنوان \u2068192.0.2.1\u2069، عدد المرات: 12 (مرفوض)",
    ]);
    expect(saysOf({ isDone: false, isFault: true })[0]).toMatch(/ has read the results and measurements, purpose: treatment \(failed\)$/);
  });

  it("has words in the language for each type of a record that the pages show, each role and each action", () => {
    const types = ["AllergyIntolerance", "Condition", "DocumentReference", "Encounter", "MedicationRequest", "Observation", "Patient"];
    for (const language of ["fr", "ar"] as const) {
      for (const deed of DEEDS) {
        for (const type of [...types, "ServiceRequest", "Specimen", "Provenance", "ChargeItem", "Invoice"]) {
          for (const role of ROLES) {
            const [event] = auditEventsOf("a", { owner: "lab", entries: [entry({ deed, what: [`${type}/1`], by: { ...by, role } })] });
            const { says } = lookOf(event as never, language);
            expect(says).not.toMatch(new RegExp(`${type}|TREAT|%`));
            if (language === "ar") expect(says.replace("Ada", "")).not.toMatch(/[a-z]|^قام/i);
          }
        }
      }
    }
  });

  it("has words for each change of accounts, roles, apps and keys", () => {
    const reads = /^(?:list|current)|^(?:keys|endedSince|standing|createLaunch)$/;
    for (const name of Object.keys(identity).filter((one) => !reads.test(one))) {
      const [event] = auditEventsOf("a", {
        owner: "identity",
        entries: [entry({ deed: "operation", type: `identity.${name}`, query: "x" })],
      });
      for (const language of LANGUAGES) expect(lookOf(event as never, language).says).not.toContain("identity.");
    }
  });

  it("is neutral about the person's sex", () => {
    const says = DEEDS.map((deed) => lookOf(auditEventsOf("a", { owner: "lab", entries: [entry({ deed })] })[0] as never, "fr").says);
    expect(says.filter((one) => /s’est|est (dé)?connecté/.test(one))).toEqual([]);
  });
});

describe("the hash chain of the entries", () => {
  let folder: string;
  let store: Store;
  beforeEach(async () => {
    folder = await temporaryFolder();
    store = await sqliteKit.open(folder);
    for (const id of ["a", "b", "c"]) await keep(id);
  });
  afterEach(async () => {
    await store.close();
    await sqliteKit.clear(folder);
  });
  const keep = (id: string) =>
    store.write([{ op: "create", type: "AuditEvent", id, body: { meta: "", rest: `,"outcome":"0"}` }, index: { keys: [], ranges: [] } }]);
  const chainOf = (noteExpired: (expired: ExpiredEvents) => Promise<unknown> = async () => {}) => new LedgerChain(() => store, noteExpired);
  /** As who has the file may do. */
  const tamper = async (text: string) => {
    await store.close();
    const db = new DatabaseSync(join(folder, "store.sqlite"));
    db.exec(text);
    db.close();
    store = await sqliteKit.open(folder);
  };

  it("is valid if nothing was changed, and continues where it ended", async () => {
    expect(await chainOf().check()).toEqual({ segments: 0, events: 0 });
    const chain = chainOf();
    expect(await chain.seal(0)).toBe(0); // all are too young
    expect(await chain.seal(Number.POSITIVE_INFINITY)).toBe(1);
    await keep("d");
    expect(await chain.seal(Number.POSITIVE_INFINITY)).toBe(1);
    expect(await chain.seal(Number.POSITIVE_INFINITY)).toBe(0);
    expect(await chainOf().check()).toEqual({ segments: 2, events: 4, head: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it("drops expired entries once that is on record, and is valid from there on", async () => {
    const noted: ExpiredEvents[] = [];
    let isRoom = false;
    const chain = chainOf(async (expired) => {
      if (!isRoom) throw new Error("no room");
      noted.push(expired);
    });
    await chain.seal(Number.POSITIVE_INFINITY);
    const { head } = await chain.check();
    await keep("d");
    await chain.expire(0); // nothing is so old
    await expect(chain.expire(Date.now() + 60_000)).rejects.toThrow("no room");
    isRoom = true;
    expect(await chainOf().expire(Date.now() + 60_000)).toBe(false); // another node
    expect(await chain.check()).toMatchObject({ segments: 1, events: 3 });
    for (const _ of ["first", "again"]) await chain.expire(Date.now() + 60_000);
    const time = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(noted).toEqual([{ events: 3, from: time, to: time, head }]);
    const { rows } = await store.search({ type: "AuditEvent", clauses: [], sort: [], limit: 10, want: "ids" });
    expect(rows.map(({ id }) => id)).toEqual(["d"]);
    expect((await store.history({ type: "AuditEvent", limit: 10 })).versions).toHaveLength(1);
    expect(await chain.check()).toEqual({ segments: 0, events: 0, head: expect.any(String) });
    expect(await chain.seal(Number.POSITIVE_INFINITY)).toBe(1);
    expect(await chainOf().check()).toMatchObject({ segments: 1, events: 1 });
  });

  it.each([
    ["changed", `UPDATE resource SET json = replace(json, '"0"', '"4"') WHERE id = 'b'`],
    ["taken away", "DELETE FROM resource WHERE id = 'b'"],
    [
      "changed together with its segment",
      `UPDATE resource SET json = replace(json, '"0"', '"4"') WHERE id = 'a';
      UPDATE map SET value = json_set(value, '$.hash', 'x') WHERE key LIKE 'audit-segment/%1'`,
    ],
  ])("is broken when an event was %s", async (_, text) => {
    const chain = chainOf();
    await chain.seal(Number.POSITIVE_INFINITY);
    await keep("d");
    await chain.seal(Number.POSITIVE_INFINITY);
    await tamper(text);
    expect(await chainOf().check()).toMatchObject({ segments: 0, broken: { segment: 1 } });
  });
});
