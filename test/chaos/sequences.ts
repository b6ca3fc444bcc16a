/**
 * Random sequences of what people and apps do to a few patients, beds and drugs, by several clients at once: actions and FHIR in all its forms, most of it
 * refused for good reasons. The result is checked by `checkData`.
 */
import fc from "fast-check";
import type { Action } from "../../mesh/contract.ts";
import { readConfig } from "../../mesh/config.ts";
import { checkData } from "../../scripts/check-data/check.ts";
import type { CheckReport } from "../../scripts/check-data/findings.ts";
import { closeAll, openSources } from "../../scripts/check-data/owner-stores.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import { billing } from "../../services/billing/billing.contract.ts";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import type { Mesh } from "../kit/mesh.ts";

/** The services that the sequences need. */
export const SERVICES = ["api", "transactions", "patients", "wards", "visits", "hospitalizations", "lab", "pharmacy", "billing"];
/** Those of them that own types. */
const OWNERS = SERVICES.slice(2);

/** One operation; the numbers select its objects. */
interface Step {
  what: keyof typeof STEPS;
  a: number;
  b: number;
  c: number;
}

const choice = fc.nat({ max: 1_000_000 });

/** Resources created so far, by type, `Type/id`; shared by all clients. */
type Made = Record<string, string[]>;

interface Doing extends Omit<Step, "what"> {
  made: Made;
  call<Params, Result>(action: Action<Params, Result>, params: Params): Promise<Result>;
  /** @returns the body of the answer; undefined if it was refused, or lost */
  fhir(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Resource | undefined>;
}

// biome-ignore lint/suspicious/noExplicitAny: resources of many types are changed at random
type Resource = any;

const of = <Of>(all: readonly Of[] | undefined, index: number): Of => (all ?? [])[index % Math.max(1, (all ?? []).length)] as Of;
const patient = ({ made, a }: Doing) => of(made["Patient"], a);
const bed = ({ made, b }: Doing) => of(made["Location"], b);
const encounter = ({ made, b }: Doing) => of(made["Encounter"], b);
const keep = (made: Made, ...references: (string | undefined)[]) => {
  for (const reference of references) {
    const type = reference?.split("/", 1)[0];
    if (reference && type) made[type] = [...(made[type] ?? []), reference];
  }
};
const DRUGS = ["1", "2"].map((code) => ({ system: "urn:drugs", code }));
/** Of the default place and a ward's, without a lot and with two. */
const where = ({ made, b, c }: Doing) => ({ ...(c % 3 && { lot: `L${c % 3}` }), ...(b % 4 === 0 && { place: of(made["Location"], b) }) });
const TEST = { system: "http://loinc.org", code: "718-7" };
const REASON = { reason: "by chance" };
const STATUSES: Record<string, string[]> = {
  Encounter: ["planned", "arrived", "in-progress", "onleave", "finished", "cancelled", "entered-in-error"],
  ServiceRequest: ["draft", "active", "on-hold", "revoked", "completed", "entered-in-error"],
  Observation: ["registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error"],
  DiagnosticReport: ["registered", "partial", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error"],
  MedicationRequest: ["draft", "active", "on-hold", "cancelled", "completed", "stopped", "entered-in-error"],
  MedicationDispense: ["preparation", "in-progress", "completed", "cancelled", "entered-in-error"],
  SupplyDelivery: ["in-progress", "completed", "abandoned", "entered-in-error"],
  ChargeItem: ["planned", "billable", "not-billable", "aborted", "billed", "entered-in-error"],
  Invoice: ["draft", "issued", "balanced", "cancelled", "entered-in-error"],
  Location: ["active", "suspended", "inactive"],
};
const anyOf = ({ made, a, b }: Doing): [type: string, reference: string] => {
  const type = of(Object.keys(STATUSES), a);
  return [type, of(made[type], b)];
};
const stayIn = (doing: Doing, status: string) => ({
  resourceType: "Encounter",
  status,
  class: { code: doing.c % 2 ? "IMP" : "AMB" },
  subject: { reference: patient(doing) },
  ...(doing.c % 2 && { location: [{ status: "active", location: { reference: bed(doing) } }] }),
});
const dispenseOf = ({ made, a, b, c }: Doing) => ({
  resourceType: "MedicationDispense",
  status: "completed",
  medicationCodeableConcept: { coding: [of(DRUGS, a)] },
  subject: { reference: of(made["Patient"], a) },
  quantity: { value: (c % 40) / 4 },
  ...(c % 3 && { authorizingPrescription: [{ reference: of(made["MedicationRequest"], b) }] }),
});

/** Changes a resource as it was read, so that only rules and concurrent writes can refuse it. */
async function changed(doing: Doing, reference: string, change: (resource: Resource) => object): Promise<void> {
  const resource = reference && (await doing.fhir("GET", `/${reference}`));
  if (!resource) return;
  await doing.fhir("PUT", `/${reference}`, { ...resource, ...change(resource) }, { "If-Match": `W/"${resource.meta.versionId}"` });
}

const STEPS = {
  openVisit: async (it: Doing) => keep(it.made, (await it.call(visits.open, { patient: patient(it) })).visit),
  closeVisit: (it: Doing) => it.call(visits.close, { visit: encounter(it) }),
  cancelVisit: (it: Doing) => it.call(visits.cancel, { visit: encounter(it), ...REASON }),
  reopenVisit: (it: Doing) => it.call(visits.reopen, { visit: encounter(it), ...REASON }),
  admit: async (it: Doing) =>
    keep(
      it.made,
      (
        await it.call(hospitalizations.admit, {
          patient: patient(it),
          bed: bed(it),
          ...(it.c % 2 && it.made["Encounter"]?.length && { visit: of(it.made["Encounter"], it.c) }),
        })
      ).stay,
    ),
  transfer: (it: Doing) => it.call(hospitalizations.transfer, { stay: of(it.made["Encounter"], it.a), bed: bed(it) }),
  discharge: (it: Doing) => it.call(hospitalizations.discharge, { stay: encounter(it) }),
  cancelAdmission: (it: Doing) => it.call(hospitalizations.cancelAdmission, { stay: encounter(it), ...REASON }),
  cancelTransfer: (it: Doing) => it.call(hospitalizations.cancelTransfer, { stay: encounter(it), ...REASON }),
  cancelDischarge: (it: Doing) => it.call(hospitalizations.cancelDischarge, { stay: encounter(it), ...REASON }),
  order: async (it: Doing) =>
    keep(it.made, (await it.call(lab.order, { patient: patient(it), encounter: encounter(it), test: TEST })).order),
  enterResult: async (it: Doing) => {
    const finding = { value: (it.c % 200) / 10, unit: "g/dL" };
    const { observation, report } = await it.call(lab.enterResult, { order: of(it.made["ServiceRequest"], it.a), finding });
    keep(it.made, observation, report);
  },
  cancelOrder: (it: Doing) => it.call(lab.cancel, { order: of(it.made["ServiceRequest"], it.a), ...REASON }),
  correctResult: (it: Doing) =>
    it.call(lab.correctResult, { observation: of(it.made["Observation"], it.a), finding: { text: "clotted" }, ...REASON }),
  receive: async (it: Doing) =>
    keep(it.made, (await it.call(pharmacy.receive, { medication: of(DRUGS, it.a), quantity: 1 + (it.c % 80) / 4, ...where(it) })).delivery),
  adjust: async (it: Doing) =>
    keep(
      it.made,
      (await it.call(pharmacy.adjust, { medication: of(DRUGS, it.a), by: (it.c % 9) - 4.5, ...REASON, ...where(it) })).delivery,
    ),
  moveStock: async (it: Doing) => {
    const [from, to] = it.b % 2 ? [undefined, bed(it)] : [bed(it), undefined];
    const asked = { medication: of(DRUGS, it.a), quantity: 0.5 + (it.c % 5), ...(from && { from }), ...(to && { to }) };
    keep(it.made, (await it.call(pharmacy.transfer, asked)).delivery);
  },
  blockLot: (it: Doing) =>
    it.call(it.b % 3 ? pharmacy.releaseLot : pharmacy.blockLot, { medication: of(DRUGS, it.a), lot: `L${1 + (it.c % 2)}`, ...REASON }),
  count: async (it: Doing) =>
    keep(it.made, (await it.call(pharmacy.count, { medication: of(DRUGS, it.a), quantity: it.c % 30, ...where(it) })).delivery),
  prescribe: async (it: Doing) => {
    const asked = { patient: patient(it), medication: of(DRUGS, it.a), quantity: 1 + (it.c % 12), dosage: "1 a day" };
    keep(it.made, (await it.call(pharmacy.prescribe, asked)).prescription);
  },
  dispense: async (it: Doing) => {
    const asked = { prescription: of(it.made["MedicationRequest"], it.a), quantity: 1 + (it.c % 8) / 2, ...where(it) };
    keep(it.made, (await it.call(pharmacy.dispense, asked)).dispense);
  },
  voidDispense: (it: Doing) => it.call(pharmacy.void, { dispense: of(it.made["MedicationDispense"], it.a), ...REASON }),
  giveBack: async (it: Doing) => {
    const asked = { dispense: of(it.made["MedicationDispense"], it.a), quantity: 0.5 + (it.c % 3) };
    keep(it.made, (await it.call(pharmacy.return, asked)).delivery);
  },
  charge: async (it: Doing) => {
    const asked = { encounter: encounter(it), text: "By chance", cents: it.c % 10_000, currency: "EUR" };
    keep(it.made, (await it.call(billing.charge, asked)).charge);
  },
  invoice: async (it: Doing) => keep(it.made, (await it.call(billing.invoice, { encounter: encounter(it) })).invoice),
  cancelInvoice: (it: Doing) => it.call(billing.cancelInvoice, { invoice: of(it.made["Invoice"], it.a), ...REASON }),
  creditNote: async (it: Doing) =>
    keep(it.made, (await it.call(billing.creditNote, { invoice: of(it.made["Invoice"], it.a), ...REASON })).invoice),
  // Of the same patients twice, so that merges and unmerges meet.
  merge: (it: Doing) =>
    it.call(patients.merge, { source: of(it.made["Patient"], it.a % 2), target: of(it.made["Patient"], 2 + (it.b % 2)) }),
  unmerge: (it: Doing) => it.call(patients.unmerge, { source: of(it.made["Patient"], it.a % 2) }),
  putStatus: (it: Doing) => {
    const [type, reference] = anyOf(it);
    return changed(it, reference, () => ({ status: of(STATUSES[type], it.c) }));
  },
  patchStatus: async (it: Doing) => {
    const [type, reference] = anyOf(it);
    const patch = [{ op: "replace", path: "/status", value: of(STATUSES[type], it.c) }];
    if (reference) await it.fhir("PATCH", `/${reference}`, patch, { "Content-Type": "application/json-patch+json" });
  },
  putSubject: (it: Doing) => {
    const [, reference] = anyOf(it);
    return changed(it, reference, () => ({ subject: { reference: of(it.made["Patient"], it.c) } }));
  },
  putBed: (it: Doing) =>
    changed(it, encounter(it), () => ({ location: [{ status: "active", location: { reference: of(it.made["Location"], it.c) } }] })),
  putQuantity: (it: Doing) => changed(it, of(it.made["MedicationDispense"], it.b), () => ({ quantity: { value: (it.c % 20) / 2 } })),
  delete: async (it: Doing) => {
    const [, reference] = anyOf(it);
    if (reference && !reference.startsWith("Location/")) await it.fhir("DELETE", `/${reference}`);
  },
  createStay: async (it: Doing) => {
    const made = await it.fhir("POST", "/Encounter", stayIn(it, "in-progress"));
    if (made) keep(it.made, `Encounter/${made.id}`);
  },
  createDispense: async (it: Doing) => {
    const made = await it.fhir("POST", "/MedicationDispense", dispenseOf(it));
    if (made) keep(it.made, `MedicationDispense/${made.id}`);
  },
  transaction: async (it: Doing) => {
    const entry = [
      { resource: stayIn(it, "finished"), request: { method: "POST", url: "Encounter" } },
      { resource: dispenseOf(it), request: { method: "POST", url: "MedicationDispense" } },
    ];
    await it.fhir("POST", "", { resourceType: "Bundle", type: "transaction", entry });
  },
  conditional: async (it: Doing) => {
    const identifier = [{ system: "urn:chance", value: `${it.b % 3}` }];
    const at = `/Encounter?identifier=urn:chance|${it.b % 3}`;
    const made = await it.fhir("PUT", at, { ...stayIn(it, of(["in-progress", "finished"], it.a)), identifier });
    if (made) keep(it.made, `Encounter/${made.id}`);
  },
};

const sequences = (length: number): fc.Arbitrary<Step[]> => {
  const step = fc.record({ what: fc.constantFrom(...(Object.keys(STEPS) as (keyof typeof STEPS)[])), a: choice, b: choice, c: choice });
  return fc.array(step, { minLength: 1, maxLength: length });
};

/** Size of a run. */
export interface SequencesOptions {
  count: number;
  /** Steps of the longest sequence. */
  length: number;
  seed: number;
  /** Concurrent sequences. */
  clients: number;
  /** Called when the preparation of the hospital is done, which is not repeated. */
  begun?(): void;
}

/** Outcomes of the steps by name: carried out, refused, or without an answer. */
export type Outcomes = Record<string, { done: number; refused: number; unanswered: number }>;

/** Carries out the sequences; failures caused meanwhile leave some steps without an answer. */
export async function carryOut(mesh: Mesh, { count, length, seed, clients, begun = () => {} }: SequencesOptions): Promise<Outcomes> {
  const outcomes: Outcomes = {};
  const made: Made = {};
  const { rooms } = await wards.open(mesh.caller, { name: `Chance ${seed}`, rooms: [{ name: "1", beds: ["A", "B", "C"] }] });
  keep(made, ...rooms.flatMap(({ beds }) => beds.map(({ location }) => location)));
  for (const family of ["Rossi", "Bianchi", "Verdi", "Neri", "Gialli"]) {
    const asked = { family: `${family}${seed}`, given: ["Ada"], gender: "female" as const, confirm: "by chance" };
    keep(made, (await patients.register(mesh.caller, asked)).patient);
  }
  begun();
  const waiting = fc.sample(sequences(length), { numRuns: count, seed });
  const client = async () => {
    for (let sequence = waiting.shift(); sequence; sequence = waiting.shift()) {
      for (const { what, a, b, c } of sequence) {
        const outcome = outcomes[what] ?? { done: 0, refused: 0, unanswered: 0 };
        outcomes[what] = outcome;
        const name = await STEPS[what](doing(mesh, { a, b, c, made })).then(
          () => "done" as const,
          (error) => (((error as { code?: number }).code ?? 500) < 500 ? ("refused" as const) : ("unanswered" as const)),
        );
        outcome[name] += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return outcomes;
}

function doing(mesh: Mesh, step: Omit<Doing, "call" | "fhir">): Doing {
  const gateway = mesh.nodes.find(({ url }) => url)?.url ?? mesh.base;
  return {
    ...step,
    call: (action, params) => action(mesh.caller, params),
    async fhir(method, path, body, headers = {}) {
      const answer = await fetch(`${gateway}/fhir${path}`, {
        method,
        headers: { "Content-Type": "application/fhir+json", ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return answer.ok && text ? JSON.parse(text) : undefined;
    },
  };
}

/** Waits until nothing is in doubt: each owner has settled what it had prepared, and interrupted merges have ended by themselves. */
export async function settled(mesh: Mesh): Promise<void> {
  const gateway = mesh.nodes.find(({ url }) => url)?.url ?? mesh.base;
  const { entry = [] } = (await (await fetch(`${gateway}/fhir/Patient?_count=1000&_elements=id`)).json()) as { entry?: Resource[] };
  for (const { resource } of entry) {
    const source = `Patient/${resource.id}`;
    while ((await patients.mergeState(mesh.caller, { source })).state === "running") {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  for (;;) {
    const open = await Promise.all(
      OWNERS.map((owner) =>
        ownerOf(owner)
          .prepared(mesh.caller, {})
          .catch(() => [{}]),
      ),
    );
    if (open.every((list) => list.length === 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Checks all stored data. */
export async function judgeStored(mesh: Mesh): Promise<CheckReport> {
  const config = readConfig({ ...mesh.settings, SERVICES: OWNERS.join(",") });
  const sources = await openSources(config);
  return checkData(sources, { rules: config.rules, clocksMs: 0 }).finally(() => closeAll(sources));
}
