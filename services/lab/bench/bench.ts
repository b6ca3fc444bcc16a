/** The bench's actions: each reads, lets the models decide, and writes in one step. `lab.contract.ts` names their errors. */
import type { Context } from "moleculer";
import { v7 as timeOrderedId } from "uuid";
import { whoAsks } from "../../../mesh/access/access.ts";
import type { OccurrenceTime } from "../../../mesh/occurrence-time-contract.ts";
import type { SeenVersion } from "../../../mesh/seen-version-contract.ts";
import { nonNull } from "../../../fhir/non-null.ts";
import type { Patient, ServiceRequest, Specimen, Stored } from "../../../fhir/r4.ts";
import { codesClause, idClause, referenceClause, tokenClause } from "../../../fhir/search/exact-clauses.ts";
import { dayOf } from "../../../fhir/time-zone.ts";
import type { WithDirectory } from "../../../federation/directory.ts";
import { isType } from "../../../federation/errors.ts";
import type { StepResult } from "../../../federation/owner-contract.ts";
import type { WithFhir } from "../../../mixins/fhir/fhir.ts";
import { occurrenceTime, withLateReason } from "../../../mixins/fhir/occurrence-time.ts";
import { readIfServed } from "../../../mixins/fhir/domain-references.ts";
import { placeOf } from "../../../mixins/fhir/rules/common.ts";
import { asSeen } from "../../../mixins/fhir/seen-version.ts";
import { addition, change, creation, type Identified, versionOf } from "../../../mixins/fhir/write-steps.ts";
import {
  type BenchOrder,
  type Catalogue,
  CRITICAL,
  type CriticalValue,
  type Entered,
  type Label,
  type LabReport,
  Priority,
  type SeenValue,
} from "../bench.contract.ts";
import { orderChanged, orderNotFound, resultChanged, resultNotFound, specimenNotFound } from "../lab.errors.ts";
import { accessionOf } from "./accession.ts";
import { orderedIn, testsOf } from "./catalogue.ts";
import { acknowledge, type Case, criticalOf, enter, orderedCode, release, reportOf } from "./report.model.ts";
import { labelOf, rejectSpecimen, specimenOf, subjectOfAll } from "./specimen.model.ts";
import { personOf } from "./measured-values.ts";

type Lab = WithFhir & WithDirectory & { catalogue: Catalogue };
type Order = Stored<ServiceRequest>;

/** Orders, and critical values, in one answer. */
const MAX_FOUND = 1_000;
/** Reports of one order, and values of one report. */
const [MAX_REPORTS, MAX_VALUES] = [20, 500];

async function orderAt({ fhir }: WithFhir, reference: string): Promise<Order> {
  return fhir.require("ServiceRequest", reference, orderNotFound);
}

/** What has been entered for an order. */
async function caseOf({ fhir }: WithFhir, order: Order): Promise<Case & { order: Order }> {
  const clauses = [
    referenceClause("DiagnosticReport", "based-on", [`ServiceRequest/${order.id}`]),
    codesClause("DiagnosticReport", "status", ["preliminary"]),
  ];
  const [report] = await fhir.find({ type: "DiagnosticReport", clauses, limit: MAX_REPORTS });
  if (!report) return { order, observations: [] };
  const ids = report.result?.flatMap((it) => placeOf(it)?.slice("Observation/".length) ?? []) ?? [];
  return { order, report, observations: await fhir.find({ type: "Observation", clauses: [idClause(ids)], limit: MAX_VALUES }) };
}

/** Creates a new resource, or updates one that was read. */
const written = (resource: Identified) => (resource.meta?.versionId === undefined ? creation(resource) : change(resource));

async function store({ fhir }: WithFhir, resources: Identified[], order: string) {
  try {
    return await fhir.write(resources.map(written));
  } catch (error) {
    throw isType(error, "STALE_VERSION") ? orderChanged(order) : error;
  }
}

/** The versions that the write of an order, its values and their report has made. */
function asStored({ order, observations, report }: Required<Case>, stored: readonly StepResult[]): Required<Case> {
  const at = <Of extends Identified>(resource: Of, index: number): Of => ({
    ...resource,
    meta: { ...resource.meta, versionId: `${nonNull(stored[index]).version}` },
  });
  return {
    order: at(order, 0),
    observations: observations.map((it, index) => at(it, index + 1)),
    report: at(report, observations.length + 1),
  };
}

/** Refuses what the caller has not read: another version of the report (0: none), and other values. @throws 409 ORDER_CHANGED */
function requireSeen({ order, report, observations }: Case, { version, values }: SeenVersion & { values?: SeenValue[] }): void {
  const isOther = version !== undefined && version !== (report ? versionOf(report) : 0);
  const seen = new Map(values?.map((it) => [it.observation, it.version]));
  const areOthers =
    values !== undefined &&
    (seen.size !== observations.length || observations.some((it) => seen.get(`Observation/${it.id}`) !== versionOf(it)));
  if (isOther || areOthers) throw orderChanged(`ServiceRequest/${order.id}`);
}

/** `lab.collect` */
export async function collectSpecimen(lab: Lab, ctx: Context<{ orders: string[]; kind?: string } & OccurrenceTime>): Promise<Label> {
  const orders = await Promise.all([...new Set(ctx.params.orders)].map((reference) => orderAt(lab, reference)));
  subjectOfAll(orders);
  const [first] = orders as [Order, ...Order[]];
  const at = occurrenceTime(ctx.params, { now: new Date(), after: { what: `ServiceRequest/${first.id}`, time: first.authoredOn } });
  const kind = ctx.params.kind ?? testsOf(lab.catalogue, orderedCode(lab.catalogue, first))[0]?.specimen ?? "Specimen";
  const day = dayOf(Date.now());
  const [counted] = await lab.fhir.write([addition(`accession/${day}`, 1)]);
  const collector = whoAsks(ctx);
  const label = { accession: accessionOf(day, nonNull(counted.value)), kind, ...(collector !== undefined && { collector }) };
  const specimen = withLateReason(specimenOf(timeOrderedId(), orders, label, at), ctx.params);
  const reference = { reference: `Specimen/${specimen.id}` };
  const collected = orders.map((order) => ({ ...order, specimen: [...(order.specimen ?? []), reference] }));
  await store(lab, [specimen, ...collected], `ServiceRequest/${first.id}`);
  return labelOf(specimen);
}

/** `lab.rejectSpecimen` */
export async function rejectTube(
  lab: Lab,
  ctx: Context<{ specimen: string; reason: string } & SeenVersion & OccurrenceTime>,
): Promise<Label> {
  const { specimen: reference, reason } = ctx.params;
  const found = await lab.fhir.require("Specimen", reference, specimenNotFound);
  const before = asSeen(found, ctx.params, () => orderChanged(found.request?.[0]?.reference ?? ""));
  const after = { what: reference, time: before.collection?.collectedDateTime };
  const at = occurrenceTime(ctx.params, { now: new Date(), after });
  const rejected = withLateReason(rejectSpecimen(before, reason, at), ctx.params);
  await store(lab, [rejected], rejected.request?.[0]?.reference ?? "");
  return labelOf(rejected);
}

/** `lab.enter` */
export async function enterValues(
  lab: Lab,
  ctx: Context<{ order: string; results: Entered[]; specimen?: string } & SeenVersion & OccurrenceTime>,
): Promise<LabReport> {
  const { order: reference, results, specimen } = ctx.params;
  const known = await caseOf(lab, await orderAt(lab, reference));
  requireSeen(known, ctx.params);
  const now = new Date();
  const found = occurrenceTime(ctx.params, { now, after: { what: reference, time: known.order.authoredOn } });
  const { catalogue, directory } = lab;
  const patient = await readIfServed<Patient>({ caller: ctx, directory }, known.order.subject.reference ?? "");
  const tube = specimen ?? known.order.specimen?.at(-1)?.reference;
  const given = {
    results,
    ...(tube !== undefined && { specimen: tube }),
    person: personOf(patient, found),
    catalogue,
    newId: timeOrderedId,
  };
  const performer = whoAsks(ctx);
  const entered = enter(known, given, { now, found, ...(performer !== undefined && { performer }) });
  // The order is written too, so that of two concurrent entries one is refused.
  const late = entered.observations.map((it) => withLateReason(it, ctx.params));
  const stored = await store(lab, [known.order, ...late, entered.report], reference);
  const kept = known.observations.filter((it) => !late.some(({ id }) => id === it.id));
  const written = asStored({ order: known.order, observations: late, report: entered.report }, stored);
  return reportOf({ ...written, observations: [...kept, ...written.observations] }, catalogue);
}

/** `lab.release` */
export async function releaseReport(
  lab: Lab,
  ctx: Context<{ order: string; values?: SeenValue[]; missingReason?: string } & SeenVersion>,
): Promise<LabReport> {
  const { order: reference, missingReason } = ctx.params;
  const known = await caseOf(lab, await orderAt(lab, reference));
  if (known.report) requireSeen(known, ctx.params);
  const now = new Date();
  const performer = whoAsks(ctx);
  const { catalogue } = lab;
  const how = { catalogue, ...(missingReason !== undefined && { missingReason }) };
  const released = release(known, how, { now, found: now, ...(performer !== undefined && { performer }) });
  const stored = await store(lab, [released.order, ...released.observations, released.report], reference);
  return reportOf(asStored(released, stored), catalogue);
}

/** `lab.listCritical` */
export async function criticalValues({ fhir }: Lab, patient: string | undefined): Promise<CriticalValue[]> {
  const waiting = tokenClause("Observation", "_tag", { system: CRITICAL.system, value: CRITICAL.waiting });
  const clauses = [waiting, ...(patient === undefined ? [] : [referenceClause("Observation", "subject", [patient])])];
  const found = await fhir.find({ type: "Observation", clauses, limit: MAX_FOUND });
  return found.map((it) => criticalOf(it, Number(it.meta.versionId)));
}

/** `lab.acknowledge` */
export async function acknowledgeValue(
  { fhir }: Lab,
  ctx: Context<{ observation: string; note?: string } & SeenVersion & OccurrenceTime>,
): Promise<CriticalValue> {
  const { observation: reference, note, lateReason } = ctx.params;
  const found = await fhir.require("Observation", reference, resultNotFound);
  const before = asSeen(found, ctx.params, () => resultChanged(reference));
  const performer = whoAsks(ctx);
  const said = [note, lateReason].filter((it) => it !== undefined).join("; "); // the result is final: only its notes change
  const by = { ...(performer !== undefined && { performer }), ...(said !== "" && { note: said }) };
  const after = { what: reference, time: before.effectiveDateTime };
  const known = acknowledge(before, by, occurrenceTime(ctx.params, { now: new Date(), after }));
  const { version } = await fhir.update(known).catch((error: unknown) => {
    throw isType(error, "STALE_VERSION") ? resultChanged(reference) : error;
  });
  return criticalOf(known, version);
}

const URGENCY = Object.values(Priority);

/** `lab.worklist` */
export async function openOrders({ fhir, catalogue }: Lab): Promise<BenchOrder[]> {
  const laboratory = tokenClause("ServiceRequest", "category", { system: "http://snomed.info/sct", value: "108252007" });
  const clauses = [codesClause("ServiceRequest", "status", ["active"]), laboratory];
  const orders = await fhir.find({ type: "ServiceRequest", clauses, limit: MAX_FOUND });
  if (orders.length === 0) return [];
  const references = orders.map(({ id }) => `ServiceRequest/${id}`);
  const tubes = orders.flatMap(({ specimen = [] }) => placeOf(specimen.at(-1))?.slice("Specimen/".length) ?? []);
  const [specimens, reports] = await Promise.all([
    fhir.find({ type: "Specimen", clauses: [idClause(tubes)], limit: MAX_FOUND }),
    fhir.find({ type: "DiagnosticReport", clauses: [referenceClause("DiagnosticReport", "based-on", references)], limit: MAX_FOUND }),
  ]);
  const usable = new Map<string, Specimen>(
    specimens.flatMap((it) => (it.status === "unsatisfactory" ? [] : [[`Specimen/${it.id}`, it] as const])),
  );
  const entered = new Map(
    reports.flatMap((it) => it.basedOn?.map((order) => [placeOf(order), `DiagnosticReport/${it.id}`] as const) ?? []),
  );
  const list = orders.map((order): BenchOrder => {
    const tube = usable.get(placeOf(order.specimen?.at(-1)) ?? "");
    const report = entered.get(`ServiceRequest/${order.id}`);
    const { system = "", code = "", display } = orderedIn(catalogue, order.code) ?? {};
    const accession = tube?.accessionIdentifier?.value;
    return {
      order: `ServiceRequest/${order.id}`,
      patient: placeOf(order.subject) ?? "",
      ...(order.encounter?.reference !== undefined && { encounter: order.encounter.reference }),
      test: { system, code, ...(display !== undefined && { display }) },
      priority: order.priority ?? Priority.routine,
      orderedAt: order.authoredOn ?? "",
      state: report !== undefined ? "entered" : tube ? "collected" : "ordered",
      ...(tube && { specimen: `Specimen/${tube.id}` }),
      ...(accession !== undefined && { accession }),
      ...(report !== undefined && { report }),
    };
  });
  return list.sort((a, b) => URGENCY.indexOf(b.priority) - URGENCY.indexOf(a.priority) || a.orderedAt.localeCompare(b.orderedAt));
}
