import { jest } from "@jest/globals";
import { type CallingOptions, Errors } from "moleculer";
import { outcomeOf, ownerOf, transactionId } from "../../federation/owner-contract.ts";
import { v7 as timeOrderedId } from "uuid";
import { prepareCall } from "../../federation/prepare-part.ts";
import { writeToOwner } from "../../federation/write-to-owner.ts";
import type { Caller } from "../../mesh/caller.ts";
import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import HospitalizationsService from "../hospitalizations/hospitalizations.service.ts";
import PatientsService from "../patients/patients.service.ts";
import RecordsService from "../records/records.service.ts";
import VisitsService from "../visits/visits.service.ts";
import type { Store } from "../../store/store.ts";
import { storeFull, unavailable, withNothingWritten } from "../../store/store-error.ts";
import { type EntryResult, transactionOf, transactions } from "./transactions.contract.ts";
import TransactionsService from "./transactions.service.ts";

/** The rest of its promise needs processes that die: test/chaos. */
describe("transactions", () => {
  let clinic: Clinic;
  beforeAll(async () => {
    clinic = await startClinic(PatientsService, RecordsService, TransactionsService);
  });
  afterAll(() => clinic.stop());
  afterEach(() => jest.restoreAllMocks());

  const process = (text: string, representation = false) => transactions.process(clinic.caller, { text, base: "", representation });
  const patient = { fullUrl: "urn:uuid:p", resource: { resourceType: "Patient" }, request: { method: "POST" as const, url: "Patient" } };
  const condition = (subject: string) => ({
    resource: { resourceType: "Condition", subject: { reference: subject } },
    request: { method: "POST" as const, url: "Condition" },
  });

  it("write to two services at the same time, with one time for all", async () => {
    const [first, second] = await process(transactionOf(patient, condition("urn:uuid:p")), true);
    expect([first?.status, second?.status]).toEqual([201, 201]);
    expect(second?.updated).toBe(first?.updated);
    const stored = await clinic.read("records", `Condition/${second?.id}`);
    expect(stored).toMatchObject({ subject: { reference: `Patient/${first?.id}` } });
    expect(stored).toEqual(JSON.parse(second?.json ?? ""));
  });

  it("return the time of the stored version, even if the previous one was written by a clock that was ahead", async () => {
    const written = (birthDate: string) => ({
      resource: { resourceType: "Patient", id: "ahead", birthDate },
      request: { method: "PUT" as const, url: "Patient/ahead" },
    });
    const now = Date.now();
    const clock = jest.spyOn(Date, "now").mockReturnValue(now + 60_000);
    await process(transactionOf(written("1970-01-01")));
    clock.mockRestore();
    const [first, second] = await process(transactionOf(written("1970-01-02"), condition("Patient/ahead")), true);
    expect(JSON.parse(first?.json ?? "")).toEqual(await clinic.read("patients", "Patient/ahead"));
    expect(first?.updated).toBe(now + 60_000);
    expect(second?.updated).toBeLessThan(now + 60_000);
    expect(JSON.parse(second?.json ?? "")).toEqual(await clinic.read("records", `Condition/${second?.id}`));
  });

  it("name the entry that an owner refuses, and write nothing", async () => {
    const stale = {
      resource: { resourceType: "Patient", id: "x" },
      request: { method: "PUT" as const, url: "Patient/x", ifMatch: 'W/"7"' },
    };
    await expect(process(transactionOf(condition("Patient/x"), stale))).rejects.toMatchObject({
      code: 412,
      type: "STALE_VERSION",
      data: { entry: 1 },
    });
    expect(await clinic.read("patients", "Patient/x")).toBeNull();
  });

  /** From now on the journal refuses what is written to it. @returns ends that */
  const refusing = (error: Error): (() => void) => {
    const journal = clinic.hosted<{ store: Store }>("transactions").store;
    const spies = [jest.spyOn(journal, "put").mockRejectedValue(error), jest.spyOn(journal, "putAll").mockRejectedValue(error)];
    return () => {
      for (const spy of spies) spy.mockRestore();
    };
  };

  /** The next prepare of this owner is given up, as by `unlessSilent`; `arrives` carries it out. */
  function silentOnce(owner: string) {
    const action = `${owner}.fhir.prepare`;
    const { prepare } = ownerOf(owner);
    let sent: Parameters<typeof prepare>[1] | undefined;
    jest.spyOn(ownerOf(owner), "prepare").mockImplementationOnce((_, params) => {
      sent = params;
      return Promise.reject(new Errors.RequestTimeoutError({ action, nodeID: "silent", isSilent: true } as never));
    });
    Object.assign(ownerOf(owner).prepare, { action });
    return { tx: () => sent?.tx, arrives: () => prepare(clinic.caller, sent as NonNullable<typeof sent>) };
  }

  it.each([
    ["full", storeFull("The disk is full."), 507, "STORE_FULL"],
    ["not to be written", unavailable("Check the disk."), 503, "TRANSACTION_ABORTED"],
  ])("holds nothing any more when its journal is %s", async (_, error, code, type) => {
    const mend = refusing(withNothingWritten(error));
    const patientAt = (birthDate: string) => ({
      resource: { resourceType: "Patient", id: `held-${code}`, birthDate },
      request: { method: "PUT" as const, url: `Patient/held-${code}` },
    });
    try {
      await expect(process(transactionOf(patientAt("1970-01-01"), condition(`Patient/held-${code}`)))).rejects.toEqual(refusal(code, type));
    } finally {
      mend();
    }
    expect(await ownerOf("patients").prepared(clinic.caller, {})).toEqual([]);
    expect(await ownerOf("records").prepared(clinic.caller, {})).toEqual([]);
    const [stored] = await process(transactionOf(patientAt("1970-01-02"), condition(`Patient/held-${code}`)));
    expect(stored).toMatchObject({ status: 201, version: 1 });
  });

  it("leave the decision to the owners if it is unknown whether the journal has stored it", async () => {
    const mend = refusing(unavailable("What was committed cannot be brought to the disk."));
    const both = process(transactionOf(patient, condition("urn:uuid:p")));
    await expect(both.finally(mend)).rejects.toEqual(refusal(503, "TRANSACTION_UNCLEAR"));
    const [{ tx } = { tx: "" }] = await ownerOf("patients").prepared(clinic.caller, {});
    expect(tx).not.toBe("");
    for (const owner of ["patients", "records"]) await ownerOf(owner).abort(clinic.caller, { tx });
  });

  it("abort a keyed request that no owner was asked to commit, even if the journal is full", async () => {
    const tx = transactionId("desk", "1.a");
    const steps = [{ op: "update" as const, type: "Patient", id: "kept", text: '{"resourceType":"Patient","id":"kept"}', upsert: true }];
    await ownerOf("patients").prepare(clinic.caller, { tx, steps });
    const mend = refusing(withNothingWritten(storeFull("The disk is full.")));
    const cancelled = { key: "k", tx: "desk~1", parts: [{ tx, owner: "patients" }] };
    try {
      await expect(transactions.cancelKeyed(clinic.caller, cancelled)).rejects.toEqual(refusal(507, "STORE_FULL"));
      expect(await ownerOf("patients").prepared(clinic.caller, {})).toMatchObject([{ tx }]); // somebody may commit it still
      await expect(transactions.cancelKeyed(clinic.caller, { ...cancelled, isUnasked: true })).rejects.toEqual(refusal(507, "STORE_FULL"));
      expect(await ownerOf("patients").prepared(clinic.caller, {})).toEqual([]);
    } finally {
      mend();
    }
  });

  it.each<[string, CallingOptions]>([
    ["is planned again", {}],
    ["of a keyed request is planned again", { meta: { keyed: { tx: transactionId("desk", "keyed"), at: 1 } } }],
  ])(
    "%s at another node, under another id, when a node that prepares it says nothing, and what that one prepares later is refused",
    async (_, options) => {
      const late = silentOnce("records");
      const text = transactionOf(patient, condition("urn:uuid:p"));
      const [first, second] = await transactions.process(clinic.caller, { text, base: "" }, options);
      expect([first?.status, second?.status]).toEqual([201, 201]);
      await expect(late.arrives()).rejects.toEqual(refusal(409, "TRANSACTION_ENDED"));
      const prepared = (await Promise.all(["patients", "records"].map((owner) => ownerOf(owner).prepared(clinic.caller, {})))).flat();
      expect(prepared.map(({ tx }) => tx)).not.toContain(late.tx());
      for (const { tx } of prepared) for (const owner of ["patients", "records"]) await ownerOf(owner).abort(clinic.caller, { tx });
    },
  );

  it("repeat a write of a keyed request if the preparing node is silent, and refuse its later prepare", async () => {
    const late = silentOnce("patients");
    const meta = { keyed: { tx: transactionId("desk", "one"), at: 1 } };
    const caller = { broker: clinic.caller, meta, call: clinic.caller.call.bind(clinic.caller) } as unknown as Caller;
    const steps = [
      { op: "update" as const, type: "Patient", id: "silent", text: '{"resourceType":"Patient","id":"silent"}', upsert: true },
    ];
    expect(await writeToOwner(caller, "patients", { steps })).toMatchObject([{ outcome: "created", version: 1 }]);
    await expect(late.arrives()).rejects.toEqual(refusal(409, "TRANSACTION_ENDED"));
    const [{ tx } = { tx: "" }, ...others] = await ownerOf("patients").prepared(clinic.caller, {});
    expect([others, tx === late.tx(), tx.startsWith("desk~one.")]).toEqual([[], false, true]);
    await ownerOf("patients").abort(clinic.caller, { tx });
  });

  /** One try of a transaction, as a gateway sends it. */
  const tryOnce = (text: string, key: string, isRepeated: boolean) =>
    clinic.caller.call<(EntryResult | null)[], object>("transactions.process", { text, base: "", representation: true, key, isRepeated });

  it("give a second attempt the first one's complete answer if that stopped before all owners knew, once it can be read", async () => {
    const key = timeOrderedId();
    const text = transactionOf(patient, condition("urn:uuid:p"));
    const { commit } = ownerOf("records");
    let goOn = () => {};
    const stands = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const isDecided = new Promise<void>((decided) => {
      jest.spyOn(ownerOf("records"), "commit").mockImplementationOnce(async (...call) => {
        decided();
        await stands;
        return commit(...call);
      });
    });
    const first = tryOnce(text, key, false);
    await isDecided;
    const [made, linked] = await tryOnce(text, key, true);
    expect([made?.status, linked?.status]).toEqual([201, 201]);
    expect(JSON.parse(linked?.json ?? "")).toEqual(await clinic.read("records", `Condition/${linked?.id}`));
    goOn();
    expect(await first).toEqual([made, linked]);
  });

  it("return the kept answer of a keyed request once its resources can be read, even if its coordinator has stopped", async () => {
    const asked = { key: "kept-early", fingerprint: "f", tx: transactionId("desk", "kept-early") };
    const steps = [{ op: "update" as const, type: "Patient", id: "early", text: '{"resourceType":"Patient","id":"early"}', upsert: true }];
    const parts = [{ tx: `${asked.tx}.a`, owner: "patients" }];
    const answer = { status: 201 };
    expect(await transactions.beginKeyed(clinic.caller, asked)).toBeNull();
    await ownerOf("patients").prepare(clinic.caller, { tx: `${asked.tx}.a`, steps });
    const { commit } = ownerOf("patients");
    let goOn = () => {};
    const stands = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const isDecided = new Promise<void>((decided) => {
      jest.spyOn(ownerOf("patients"), "commit").mockImplementationOnce(async (...call) => {
        decided();
        await stands;
        return commit(...call);
      });
    });
    const first = transactions.commitKeyed(clinic.caller, { ...asked, at: 5, parts, answer });
    await isDecided;
    const again = { ...asked, tx: transactionId("desk", "kept-again") };
    expect(await transactions.beginKeyed(clinic.caller, again)).toEqual(answer);
    expect(await clinic.read("patients", "Patient/early")).toMatchObject({ id: "early" });
    goOn();
    expect(await first).toEqual(answer);
  });

  it("give the attempt that decides later the other's answer, not the present state", async () => {
    const key = timeOrderedId();
    const text = transactionOf(patient, condition("urn:uuid:p"));
    // Prepared by the first, and held until it goes on; the second finds what the first has made meanwhile.
    const journal = clinic.hosted<{ store: Store }>("transactions").store;
    const { putAll } = journal;
    let goOn = () => {};
    const stands = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const isPrepared = new Promise<void>((prepared) => {
      jest.spyOn(journal, "putAll").mockImplementationOnce(async (entries) => {
        prepared();
        await stands;
        return putAll.call(journal, entries);
      });
    });
    const first = tryOnce(text, key, false);
    await isPrepared;
    const { prepare } = ownerOf("patients");
    jest.spyOn(ownerOf("patients"), "prepare").mockImplementationOnce((...call) => {
      goOn(); // the second is planned, and waits for what the first holds
      return prepare(...call);
    });
    const second = tryOnce(text, key, true);
    expect(await second).toEqual(await first);
    expect((await first)[1]).toMatchObject({ status: 201, json: expect.any(String) });
  });

  it("wait for a node that checks very many entries, as another would only double the load", () => {
    const step = { op: "delete" as const, type: "Patient", id: "p" };
    const leaves = (count: number) =>
      prepareCall(
        Array.from({ length: count }, () => step),
        1_000,
      );
    expect(leaves(100)).toEqual({ timeout: 1_000, retries: 0, leavesSilent: true });
    expect(leaves(101)).toEqual({ timeout: 1_000, retries: 0 });
  });

  it("refuse what is not a bundle", async () => {
    await expect(process('{"resourceType":"Bundle","entry":[{"request":{"method":"BREW"}}]}')).rejects.toEqual(
      refusal(400, "BUNDLE_INVALID"),
    );
  });

  it("decide an undecided transaction only when asked to, and then finally", async () => {
    const tx = "somewhere~1";
    expect(await outcomeOf(clinic.caller, { tx, decide: false })).toEqual({ state: "undecided" });
    expect(await outcomeOf(clinic.caller, { tx, decide: true })).toEqual({ state: "aborted" });
    expect(await outcomeOf(clinic.caller, { tx, decide: false })).toEqual({ state: "aborted" });
  });
});

describe("a resource that moves between two owners", () => {
  let clinic: Clinic;
  beforeAll(async () => {
    clinic = await startClinic(VisitsService, HospitalizationsService, TransactionsService);
  });
  afterAll(() => clinic.stop());

  const encounter = (code: string) => ({
    resourceType: "Encounter",
    status: "finished",
    class: { code },
    identifier: [{ system: "urn:visit", value: "1" }],
  });
  const createUnlessThere = () =>
    transactions.process(clinic.caller, {
      text: transactionOf({
        resource: encounter("AMB"),
        request: { method: "POST", url: "Encounter", ifNoneExist: "identifier=urn:visit|1" },
      }),
      base: "",
    });

  it("is not created a second time while neither of them has it", async () => {
    const [first] = await createUnlessThere();
    const id = first?.id as string;
    const visits = ownerOf("visits");
    const hospitalizations = ownerOf("hospitalizations");
    // The move as a transaction makes it, which stops between its two commits.
    const tx = transactionId("host", "move");
    const text = JSON.stringify({ ...encounter("IMP"), id });
    const taken = { op: "update", type: "Encounter", id, text, upsert: true, since: 2 } as const;
    await hospitalizations.prepare(clinic.caller, { tx, steps: [{ op: "add", counter: "moves/Encounter", by: 1 }, taken] });
    await visits.prepare(clinic.caller, { tx, steps: [{ op: "delete", type: "Encounter", id, moved: true, ifVersion: [1] }] });
    await visits.commit(clinic.caller, { tx, at: Date.now() });
    expect([await clinic.read("visits", `Encounter/${id}`), await clinic.read("hospitalizations", `Encounter/${id}`)]).toEqual([
      null,
      null,
    ]);

    await expect(createUnlessThere()).rejects.toEqual(refusal(409, "LOCKED"));
    await hospitalizations.commit(clinic.caller, { tx, at: Date.now() });
    expect(await createUnlessThere()).toMatchObject([{ status: 200, id, version: 2 }]);
  });
});
