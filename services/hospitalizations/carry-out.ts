/** Writes the decisions of a stay's actions, and reads what they need of other services. */
import type { Context } from "moleculer";
import { intervalOf } from "../../fhir/dates.ts";
import { nonNull } from "../../fhir/non-null.ts";
import type { Encounter, Location, Patient, Practitioner, Stored } from "../../fhir/r4.ts";
import { whoAsks } from "../../mesh/access/access.ts";
import type { OccurrenceTime } from "../../mesh/occurrence-time-contract.ts";
import { isType } from "../../federation/errors.ts";
import { localReference } from "../../federation/facts.ts";
import type { QueryContext } from "../../federation/query-context.ts";
import type { WithFhir } from "../../mixins/fhir/fhir.ts";
import { occurrenceTime, withLateReason } from "../../mixins/fhir/occurrence-time.ts";
import { change } from "../../mixins/fhir/write-steps.ts";
import { readIfServed, requireReference } from "../../mixins/fhir/domain-references.ts";
import { type TransactionEntry, transactionOf, transactions } from "../transactions/transactions.contract.ts";
import { handOverNote } from "./hand-over.model.ts";
import type { HandOver, Stay } from "./hospitalizations.contract.ts";
import {
  BED_OCCUPIED,
  bedOccupied,
  notABed,
  PATIENT_ALREADY_ADMITTED,
  patientAlreadyAdmitted,
  stayChanged,
  wardMissing,
} from "./hospitalizations.errors.ts";
import { mayBeBed, placesOf } from "../../mixins/fhir/rules/encounter-places.ts";
import { lastMoveOf, stayOf } from "./hospitalizations.model.ts";
import { type AdmissionRequest, requestOf } from "./requests.contract.ts";
import { swap } from "./stays.model.ts";
import { pendingIn } from "./transfers.model.ts";

/** Attempts of one admission, transfer or discharge while others change the stay; each waits for up to two seconds. */
const ATTEMPTS = 4;

type Known = Encounter & { id: string };

/**
 * Writes a stay, and what changes with it, in one step; a visit that becomes a stay moves here from another service. The occupied beds
 * follow from the open stays.
 * @throws 409 BED_OCCUPIED, PATIENT_ALREADY_ADMITTED, STAY_CHANGED, and refusals by rules
 */
export async function carryOut(ctx: Context, stay: Known, ...others: (Known | (Patient & { id: string }))[]): Promise<Stay> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const [result] = await transactions.process(ctx, { text: transactionOf(entryOf(stay), ...others.map(entryOf)), base: "" });
      if (!result) throw new Error("A transaction has answered without the result of its first entry.");
      return stayOf(stay, result.version);
    } catch (error) {
      // The lock was not free in time: runs again, since the unique key then names the holder.
      if (isType(error, "LOCKED") && attempt < ATTEMPTS) continue;
      if (isType(error, BED_OCCUPIED)) throw bedOccupied(placesOf(stay)[0] ?? "");
      if (isType(error, PATIENT_ALREADY_ADMITTED)) throw patientAlreadyAdmitted(stay.subject?.reference ?? "");
      if (isType(error, "STALE_VERSION")) throw stayChanged();
      throw error;
    }
  }
}

/**
 * Swaps the beds of two patients, in one write.
 * @throws 409 NOT_A_BED, ALREADY_DISCHARGED, STAY_CHANGED
 */
export async function swapBeds(
  { fhir, mesh }: Pick<WithFhir, "fhir"> & { mesh: QueryContext },
  [first, second]: [Stored<Encounter>, Stored<Encounter>],
  happened: OccurrenceTime,
): Promise<[Stay, Stay]> {
  const [one, other] = [lastMoveOf(first), lastMoveOf(second)];
  const [since, sinceOther] = [one, other].map(({ time }) => (time !== undefined && intervalOf(time)?.[0]) || 0) as [number, number];
  const at = occurrenceTime(happened, { now: new Date(), after: since > sinceOther ? one : other });
  for (const stay of [first, second]) if (placesOf(stay).length === 0) throw notABed(`Encounter/${stay.id}`);
  const [here = "", there = ""] = [first, second].map((stay) => placesOf(stay)[0]);
  const pending = await Promise.all([leftOpen(mesh, first, there), leftOpen(mesh, second, here)]);
  const swapped = swap(first, second, at, pending).map((stay) => withLateReason(stay, happened));
  const results = await fhir.write(swapped.map(change)).catch((error: unknown) => {
    throw isType(error, "STALE_VERSION") ? stayChanged() : error;
  });
  return swapped.map((stay, index) => stayOf(stay, nonNull(results[index]).version)) as [Stay, Stay];
}

/** Writes a hand-over note for the next shift, with the signed-in person as its sender. */
export async function handOver(ctx: Context, stay: Stored<Encounter>, said: { text: string } & OccurrenceTime): Promise<HandOver> {
  const sender = whoAsks(ctx);
  const at = occurrenceTime(said, { now: new Date(), after: { what: `Encounter/${stay.id}`, time: stay.period?.start } });
  const note = withLateReason(handOverNote(stay, { text: said.text, ...(sender !== undefined && { sender }) }, at), said);
  const entry = { resource: note, request: { method: "POST" as const, url: "Communication" } };
  const [made] = await transactions.process(ctx, { text: transactionOf(entry), base: "" });
  return { note: `Communication/${made?.id}`, stay: `Encounter/${stay.id}`, sentAt: note.sent ?? "" };
}

/** Writes the next version of a request. @throws 409 STAY_CHANGED */
export async function changed({ fhir }: WithFhir, request: Known): Promise<AdmissionRequest> {
  const { version } = await fhir.update(request).catch((error: unknown) => {
    throw isType(error, "STALE_VERSION") ? stayChanged() : error;
  });
  return requestOf(request, version);
}

/** The record of a stay's patient; undefined if no service owns patients here. */
export async function patientOf(mesh: QueryContext, { subject }: Encounter): Promise<Stored<Patient> | undefined> {
  return subject?.reference === undefined ? undefined : readIfServed<Patient>(mesh, subject.reference);
}

/** A physician, with the name if it is known here. */
export async function physicianOf(mesh: QueryContext, physician: string): Promise<{ physician: string; name?: string }> {
  const [official] = (await readIfServed<Practitioner>(mesh, physician))?.name ?? [];
  const name = official?.text ?? [...(official?.given ?? []), official?.family ?? ""].join(" ").trim();
  return { physician, ...(name !== "" && { name }) };
}

/** The bed, or the room or ward, to which a patient is moved. @throws 409 WARD_MISSING, and as `requireBed` */
export async function whereTo(mesh: QueryContext, { bed, ward }: { bed?: string; ward?: string }): Promise<string> {
  if (bed !== undefined) await requireBed(mesh, bed);
  else if (ward !== undefined) await requireReference(mesh, ward);
  else throw wardMissing();
  return bed ?? ward ?? "";
}

/** Levels from a bed up to the place to which a transfer is requested: room, ward, building, site, campus. */
const MAX_ABOVE = 5;

/** The requested transfer that a move leaves open: it is carried out by a move to its place, or to one within that. */
export async function leftOpen(mesh: QueryContext, stay: Encounter, place: string): Promise<NonNullable<Encounter["location"]>> {
  const pending = pendingIn(stay);
  let at: string | undefined = pending.length > 0 ? place : undefined;
  for (let above = 0; at !== undefined && above <= MAX_ABOVE; above += 1) {
    if (pending.some(({ location }) => location.reference === at)) return [];
    at = localReference((await readIfServed<Location>(mesh, at))?.partOf?.reference);
  }
  return pending;
}

/** Refuses a location that is not a bed. @throws 404 NOT_FOUND; 409 NOT_A_BED for a room or a ward; 503 when its owner is down */
export async function requireBed(mesh: QueryContext, bed: string): Promise<void> {
  const place = await readIfServed<Location>(mesh, bed);
  if (place && !mayBeBed(place)) throw notABed(bed);
}

/** The write of a resource, refused if it is no longer in the version that was read. */
function entryOf(resource: (Encounter | Patient) & { id: string }): TransactionEntry {
  const version = resource.meta?.versionId;
  return {
    resource,
    request: { method: "PUT", url: `${resource.resourceType}/${resource.id}`, ...(version !== undefined && { ifMatch: `W/"${version}"` }) },
  };
}
