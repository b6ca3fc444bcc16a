/** Two records of one person become one, in every service, and two again. */
import { jest } from "@jest/globals";
import { Errors } from "moleculer";
import { eventually } from "../../../test/kit/events.ts";
import { type Clinic, refusal, startClinic } from "../../../test/kit/clinic.ts";
import { referringTo, typesThatRefer } from "../../../test/kit/filled.ts";
import type { FhirResource } from "../../../fhir/r4.ts";
import { resourceTypes } from "../../../fhir/search/parameters.ts";
import { readConfig } from "../../../mesh/config.ts";
import { parseJson } from "../../../fhir/json.ts";
import { loadServices, SYSTEMS } from "../../systems.ts";
import { transactionOf, transactions } from "../../transactions/transactions.contract.ts";
import { patients } from "../patients.contract.ts";
import type { Merges } from "./merges.ts";

/** All that own types: also those of a service that is new here. */
const OWNERS = SYSTEMS.provider.filter((name) => name !== "api" && name !== "journal");

/** What invariants of R4 ask for besides what must be there. */
const NEEDED: Record<string, object> = {
  AllergyIntolerance: {
    clinicalStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] },
  },
  Appointment: { participant: [{ type: [{ text: "x" }], status: "accepted" }] },
  CapabilityStatement: { rest: [{ mode: "server" }], description: "x", kind: "requirements" },
  Consent: { policyRule: { text: "x" } },
  EventDefinition: { trigger: [{ type: "named-event", name: "x" }] },
  ImmunizationRecommendation: {
    recommendation: [{ vaccineCode: [{ text: "x" }], forecastStatus: { text: "x" } }],
  },
  InsurancePlan: { name: "x" },
  Linkage: {
    item: [
      { type: "source", resource: { reference: "Condition/a" } },
      { type: "alternate", resource: { reference: "Condition/b" } },
    ],
  },
  Organization: { name: "x" },
  Subscription: { status: "off" }, // else it ends by itself, for its criteria are none
  StructureDefinition: { differential: { element: [{ id: "X", path: "X" }] }, type: "X", abstract: true },
  TerminologyCapabilities: { description: "x", kind: "requirements" },
};

let clinic: Clinic;
let owners: Map<string, string>;
beforeAll(async () => {
  clinic = await startClinic(...(await loadServices(readConfig({ SERVICES: OWNERS.join(",") }))));
  owners = new Map();
});
afterAll(() => clinic.stop());

let next = 0;
const newPatient = async (family: string) => {
  next += 1;
  const { patient } = await patients.register(clinic.caller, {
    family,
    given: ["Ada"],
    gender: "female",
    identifier: { system: "urn:mrn", value: `${family}-${next}` },
    confirm: "a test",
  });
  return patient;
};

/** Stores a resource with whoever owns it. @returns "Type/id" */
async function store(resource: object, id?: string): Promise<string> {
  const { resourceType } = resource as FhirResource;
  next += 1;
  const own = { ...resource, id: id ?? `r${next}` } as FhirResource & { id: string };
  const request = { method: "PUT" as const, url: `${resourceType}/${own.id}` };
  await transactions.process(clinic.caller, { text: transactionOf({ resource: own, request }), base: "" });
  return request.url;
}

async function read(reference: string): Promise<Record<string, unknown>> {
  const [type = ""] = reference.split("/");
  const known = owners.get(type);
  for (const name of known ? [known] : OWNERS) {
    const found = await clinic.read(name, reference).catch(() => null);
    if (found) {
      owners.set(type === "Observation" || type === "Encounter" ? "" : type, name);
      return found;
    }
  }
  throw new Error(`There is no ${reference}.`);
}

const contentOf = async (reference: string): Promise<string> => {
  const { meta: _, ...content } = await read(reference);
  return JSON.stringify(content);
};

const ended = (source: string) =>
  eventually(
    () => patients.mergeState(clinic.caller, { source }),
    ({ state }) => state !== "running",
  );

describe("a merge of two records", () => {
  it("moves every resource of any type that may refer to a patient, and restores every byte when it is undone", async () => {
    const [source, target] = [await newPatient("Rossi"), await newPatient("Bianchi")];
    // What is on record stays as it was.
    const types = typesThatRefer(resourceTypes).filter((type) => type !== "AuditEvent");
    const stored: string[] = [];
    const refused: string[] = [];
    const storeOne = async (type: string) => {
      // Invariants and rules of the hospital do not allow all elements at once everywhere.
      for (const most of [9, 3, 2, 1, 0]) {
        const reference = await store({ ...referringTo(type, source, most), ...NEEDED[type] }).catch((error: Error) => {
          if (most === 0) refused.push(`${type}: ${error.message} ${JSON.stringify((error as { data?: object }).data)}`.slice(0, 300));
          return undefined;
        });
        if (reference !== undefined) return void stored.push(reference);
      }
    };
    for (let at = 0; at < types.length; at += 16) await Promise.all(types.slice(at, at + 16).map(storeOne));
    expect(refused).toEqual([]);
    expect(stored).toHaveLength(types.length);
    expect(types.length).toBeGreaterThan(140);
    const before = new Map<string, string>();
    for (const reference of [...stored, source, target]) before.set(reference, await contentOf(reference));

    await patients.merge(clinic.caller, { source, target });
    expect(await ended(source)).toMatchObject({ source, target, state: "merged", left: 0, moved: stored.length + 2 });
    for (const reference of stored) {
      const now = await contentOf(reference);
      expect([reference, now]).toEqual([reference, before.get(reference)?.replaceAll(`"${source}"`, `"${target}"`)]);
    }
    expect(await read(source)).toMatchObject({
      active: false,
      link: expect.arrayContaining([{ type: "replaced-by", other: { reference: target } }]),
    });
    expect(await read(target)).toMatchObject({
      active: true,
      link: [{ type: "replaces", other: { reference: source } }],
      identifier: [{ use: "official" }, { use: "old", system: "urn:mrn" }],
    });

    await store({ ...(JSON.parse(before.get(stored[0] as string) as string) as object), language: "it" }, stored[0]?.split("/")[1]);
    await patients.unmerge(clinic.caller, { source });
    expect(await ended(source)).toEqual({ source, state: "not merged", moved: 0, left: 0, edited: [stored[0]] });
    for (const reference of [...stored.slice(1), source, target]) {
      expect([reference, await contentOf(reference)]).toEqual([reference, before.get(reference)]);
    }
  });
});

describe("a final result whose value has its precision, 13.50", () => {
  it("moves with its patient's record, and back", async () => {
    const [source, target] = [await newPatient("Rossi"), await newPatient("Bianchi")];
    const category = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }];
    const result = { resourceType: "Observation", status: "final", category, code: { text: "x" }, subject: { reference: source } };
    const reference = await store({ ...result, valueQuantity: { value: parseJson("13.50"), unit: "g/dL" } });
    const now = async () => ({ text: await contentOf(reference), subject: (await read(reference)).subject });
    const before = await now();
    await patients.merge(clinic.caller, { source, target });
    expect(await ended(source)).toMatchObject({ state: "merged", left: 0 });
    expect(await now()).toEqual({ text: before.text.replace(source, target), subject: { reference: target } });
    await patients.unmerge(clinic.caller, { source });
    expect(await ended(source)).toMatchObject({ state: "not merged", left: 0 });
    expect(await now()).toEqual(before);
  });
});

describe("two records are not merged", () => {
  it("while both have an open visit, which is reported; and are once one has ended", async () => {
    const [source, target] = [await newPatient("Verdi"), await newPatient("Verdi")];
    const visit = (patient: string, status: string) => ({
      resourceType: "Encounter",
      status,
      class: { code: "AMB" },
      subject: { reference: patient },
      period: { start: "2026-01-05T10:00:00Z", ...(status === "finished" && { end: "2026-01-05T11:00:00Z" }) },
    });
    const [one, other] = [await store(visit(source, "in-progress")), await store(visit(target, "in-progress"))];
    await expect(patients.merge(clinic.caller, { source, target })).rejects.toMatchObject({
      code: 409,
      type: "MERGE_CONFLICT",
      data: { encounters: [one, other] },
    });
    await store(visit(target, "finished"), other.split("/")[1]);
    expect(await patients.merge(clinic.caller, { source, target })).toMatchObject({ state: "merged" });
    expect(await read(one)).toMatchObject({ subject: { reference: target }, status: "in-progress" });
  });

  it("with themselves, twice, or separated without a merge", async () => {
    const [source, target, third] = [await newPatient("Neri"), await newPatient("Neri"), await newPatient("Neri")];
    await expect(patients.merge(clinic.caller, { source, target: source })).rejects.toEqual(refusal(409, "SAME_PATIENT"));
    await expect(patients.merge(clinic.caller, { source: "Patient/none", target })).rejects.toEqual(refusal(404, "NOT_FOUND"));
    await expect(patients.unmerge(clinic.caller, { source })).rejects.toEqual(refusal(409, "PATIENT_NOT_MERGED"));
    await patients.merge(clinic.caller, { source, target });
    expect(await patients.merge(clinic.caller, { source, target })).toMatchObject({ state: "merged" }); // it has come to its end already
    await expect(patients.merge(clinic.caller, { source, target: third })).rejects.toEqual(refusal(409, "PATIENT_NOT_ACTIVE"));
    await expect(patients.merge(clinic.caller, { source: third, target: source })).rejects.toEqual(refusal(409, "PATIENT_NOT_ACTIVE"));
  });

  it("but a record that has replaced another may be replaced itself: the first then names the last", async () => {
    const [first, second, last] = [await newPatient("Blu"), await newPatient("Blu"), await newPatient("Blu")];
    await patients.merge(clinic.caller, { source: first, target: second });
    await patients.merge(clinic.caller, { source: second, target: last });
    expect(await read(first)).toMatchObject({ link: [{ type: "replaced-by", other: { reference: last } }] });
  });

  it("of a chain are separated from the last: then each has what it had", async () => {
    const [first, second, last] = [await newPatient("Viola"), await newPatient("Viola"), await newPatient("Viola")];
    const of = await store({ resourceType: "Condition", subject: { reference: first } });
    await patients.merge(clinic.caller, { source: first, target: second });
    await patients.merge(clinic.caller, { source: second, target: last });
    await expect(patients.unmerge(clinic.caller, { source: first })).rejects.toEqual(refusal(409, "PATIENT_MERGED_ON"));
    expect(await patients.unmerge(clinic.caller, { source: second })).toMatchObject({ state: "not merged", edited: [] });
    expect(await read(of)).toMatchObject({ subject: { reference: second } });
    expect(await patients.unmerge(clinic.caller, { source: first })).toMatchObject({ state: "not merged" });
    expect(await read(of)).toMatchObject({ subject: { reference: first } });
  });

  it("into two others at once: only one merge succeeds", async () => {
    const [source, one, other] = [await newPatient("Gialli"), await newPatient("Gialli"), await newPatient("Gialli")];
    const merged = await Promise.allSettled([one, other].map((target) => patients.merge(clinic.caller, { source, target })));
    expect(merged.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(merged.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: 409, type: "PATIENT_NOT_ACTIVE" } });
    expect((await read(source)).link).toHaveLength(1);
  });
});

describe("a merge of many resources", () => {
  const LAB = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }];
  const result = (patient: string) => ({
    resourceType: "Observation",
    status: "final",
    category: LAB,
    code: { text: "x" },
    subject: { reference: patient },
    effectiveDateTime: "2026-01-05",
  });
  /** A patient with many results of the laboratory, which are final. */
  const busy = async (count: number) => {
    const patient = await newPatient("Busy");
    const resources = Array.from({ length: count }, () => {
      next += 1;
      return { ...result(patient), id: `r${next}` };
    });
    const entries = resources.map((resource) => ({
      resource,
      request: { method: "PUT" as const, url: `Observation/${resource.id}` },
    }));
    await transactions.process(clinic.caller, { text: transactionOf(...entries), base: "" });
    return { patient, results: resources.map(({ id }) => `Observation/${id}`) };
  };
  it("continues by itself after an interruption, step by step, and so does its undoing", async () => {
    const { patient: source, results } = await busy(250);
    const target = await newPatient("Calm");
    // The transactions are away after the first step, as when a process is killed.
    const { broker } = clinic.hosted("patients");
    const call = broker.call.bind(broker) as (...given: unknown[]) => Promise<unknown>;
    let steps = 0;
    jest.spyOn(broker, "call").mockImplementation(((...given: unknown[]) => {
      if (given[0] === "transactions.process") steps += 1;
      if (given[0] === "transactions.process" && steps === 2) throw new Errors.MoleculerRetryableError("down", 503, "SERVICE_DOWN");
      return call(...given);
    }) as never);
    expect(await patients.merge(clinic.caller, { source, target })).toMatchObject({ state: "running" });
    expect(await ended(source)).toMatchObject({ state: "merged", left: 0, moved: 252, target });
    jest.restoreAllMocks();
    expect(steps).toBe(4); // three, and the one that was in vain
    for (const reference of [results[0], results[249]] as string[]) {
      expect(await read(reference)).toMatchObject({ subject: { reference: target }, status: "final" });
    }
    expect(await patients.unmerge(clinic.caller, { source })).toMatchObject({ state: "running" });
    expect(await ended(source)).toMatchObject({ state: "not merged", moved: 0, edited: [] });
    expect(await read(results[249] as string)).toMatchObject({ subject: { reference: source } });
  });

  it("keeps its target from being merged until it has ended; then that may be merged further, and all be undone", async () => {
    const { patient: source, results } = await busy(250);
    const [target, last] = [await newPatient("Calm"), await newPatient("Calm")];
    const { broker } = clinic.hosted("patients");
    const call = broker.call.bind(broker) as (...given: unknown[]) => Promise<unknown>;
    const [halfWay, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let steps = 0;
    jest.spyOn(broker, "call").mockImplementation((async (...given: unknown[]) => {
      if (given[0] === "transactions.process") steps += 1;
      if (given[0] === "transactions.process" && steps === 2) {
        halfWay.resolve();
        await goOn.promise;
      }
      return call(...given);
    }) as never);
    await patients.merge(clinic.caller, { source, target });
    await halfWay.promise;
    const running = refusal(409, "MERGE_RUNNING");
    await expect(patients.merge(clinic.caller, { source: target, target: last })).rejects.toEqual(running);
    await expect(patients.unmerge(clinic.caller, { source })).rejects.toEqual(running);
    expect(await patients.merge(clinic.caller, { source: await newPatient("Calm"), target })).toMatchObject({ state: "merged" });
    goOn.resolve();
    expect(await ended(source)).toMatchObject({ state: "merged", left: 0, moved: 252 });
    jest.restoreAllMocks();

    await patients.merge(clinic.caller, { source: target, target: last });
    expect(await ended(target)).toMatchObject({ state: "merged", left: 0 });
    for (const reference of results) expect(await read(reference)).toMatchObject({ subject: { reference: last } });
    expect(await patients.mergeState(clinic.caller, { source })).toMatchObject({ target: last, left: 0 });
    await patients.unmerge(clinic.caller, { source: target });
    expect(await ended(target)).toMatchObject({ state: "not merged", edited: [] });
    await patients.unmerge(clinic.caller, { source });
    const { state, edited } = await ended(source);
    expect([state, [...edited].sort()]).toEqual(["not merged", [source, target].sort()]); // other merges have changed these two
    for (const reference of results) expect(await read(reference)).toMatchObject({ subject: { reference: source } });
  });

  it("reports what has refused it, and may be begun again", async () => {
    const { patient: source } = await busy(120);
    const target = await newPatient("Calm");
    const { merges } = clinic.hosted<{ merges: Merges }>("patients");
    jest.spyOn(merges, "merge").mockRejectedValueOnce(new Errors.MoleculerClientError("No.", 409, "RULE_X"));
    await patients.merge(clinic.caller, { source, target });
    expect(await ended(source)).toMatchObject({ state: "not merged", refusal: { type: "RULE_X", message: "No." } });
    jest.restoreAllMocks();
    await patients.merge(clinic.caller, { source, target });
    const state = await ended(source);
    expect(state).toMatchObject({ state: "merged", left: 0 });
    expect(state).not.toHaveProperty("refusal");
  });

  it("moves final resources between records of one person only", async () => {
    const [source, target, other] = [await newPatient("Rosa"), await newPatient("Rosa"), await newPatient("Rosa")];
    const id = "final-result";
    await store(result(source), id);
    await patients.merge(clinic.caller, { source, target });
    expect(await read(`Observation/${id}`)).toMatchObject({ subject: { reference: target } });
    await expect(store(result(other), id)).rejects.toMatchObject({ code: 409, type: "RULE_OBSERVATION_FINAL" });
  });
});
