/** Makes a board from the known wards, stays and patients. Plain data in, plain data out; time is passed in. */
import type { AllergyIntolerance, Condition, Encounter, FhirResource, Flag, Patient, Reference, ServiceRequest } from "../../../fhir/r4.ts";
import { currentAllergies } from "../../../fhir/clinical-status.ts";
import { attendingOf } from "../../../fhir/open-encounters.ts";
import { intervalOf } from "../../../fhir/dates.ts";
import { dayOf } from "../../../fhir/time-zone.ts";
import { placeOf as readPlace } from "../../../mixins/fhir/rules/common.ts";
import { isThere } from "../../../mixins/fhir/rules/encounter.ts";
import { requestOf } from "../../hospitalizations/requests.contract.ts";
import { transferOf } from "../../hospitalizations/transfers.contract.ts";
import { BedStatus } from "../wards.contract.ts";
import type { Board, BoardBed, BoardStay, BoardWard, WaitingRequest } from "../board.contract.ts";
import type { BedPlace, WardPlace } from "./ward-tree.ts";
import { personOf } from "./patient-line.ts";
import type { Found } from "./versions.ts";

/** What is known of the patients in the hospital. */
export interface Known {
  stays: Found<Encounter>[];
  planned: Found<Encounter>[];
  patients: Found<Patient>[];
  allergies: Found<AllergyIntolerance>[];
  flags: Found<Flag>[];
  conditions: Found<Condition>[];
  requests: Found<ServiceRequest>[];
  /** By patient, "Patient/…". */
  results: ReadonlyMap<string, number>;
  doses: ReadonlyMap<string, number>;
}

/** What is shown to whom. */
export interface View {
  tree: WardPlace[];
  ward?: string;
  /** Occupied beds. */
  taken: ReadonlySet<string>;
  isOccupancyKnown: boolean;
  now: Date;
}

const places = new WeakMap<object, string | undefined>();

/** The target of a reference, computed once for cached versions. */
function placeOf(reference: Reference | undefined): string | undefined {
  if (!reference || places.has(reference)) return reference && places.get(reference);
  const place = readPlace(reference);
  places.set(reference, place);
  return place;
}

const ISOLATION = "40174006"; // SNOMED CT: isolation procedure

const active = new WeakMap<Encounter, string[]>();

/** The present place of a patient: the bed, and room and ward if they are recorded beside it. */
function placesOf(stay: Encounter): string[] {
  const known = active.get(stay);
  if (known) return known;
  const found = (stay.location ?? []).flatMap((it) => (isThere(it) ? (placeOf(it.location) ?? []) : []));
  active.set(stay, found);
  return found;
}

/** Diagnoses of stays that are resources of their own, "Condition/…". */
export const conditionsOf = (stays: Found<Encounter>[]): string[] => [
  ...new Set(
    stays.flatMap(({ resource }) => {
      const first = resource.diagnosis?.[0]?.condition;
      const place = first?.display === undefined ? placeOf(first) : undefined;
      return place?.startsWith("Condition/") ? [place] : [];
    }),
  ),
];

/** The wards, the waiting requests, and the patients who are to be transferred here. */
export function boardOf(view: View, known: Known): Pick<Board, "wards" | "waiting" | "coming"> {
  const byPlace = new Map<string, BoardStay>();
  const lines = linesOf(known, view.now);
  for (const stay of known.stays) for (const place of placesOf(stay.resource)) byPlace.set(place, lines.of(stay));
  const inBeds = new Set<BoardStay>();
  const wards = view.tree.map((ward): BoardWard => {
    const rooms = ward.rooms.map(({ beds, ...room }) => ({
      ...room,
      beds: beds.map((bed) => {
        const stay = byPlace.get(bed.location);
        if (stay) inBeds.add(stay);
        return bedOf(bed, { ...view, isOpen: ward.status === "open" }, stay);
      }),
    }));
    return { ...ward, rooms, withoutBed: [] };
  });
  for (const ward of wards) ward.withoutBed = withoutBed(ward, known.stays, inBeds, lines.of);
  return { wards, waiting: waitingOf(known, lines.person, view.ward), coming: comingTo(view.tree, known.stays).map(lines.of) };
}

/** Stays with a requested transfer from another ward to one of these. */
function comingTo(tree: WardPlace[], stays: Found<Encounter>[]): Found<Encounter>[] {
  const wardAt = new Map<string, string>();
  for (const { location: ward, rooms } of tree) {
    const inside = [ward, ...rooms.flatMap((room) => [room.location, ...room.beds.map((bed) => bed.location)])];
    for (const place of inside) wardAt.set(place, ward);
  }
  return stays.filter(({ resource }) => {
    const transfer = transferOf(resource);
    const to = transfer && transfer.status !== "denied" ? wardAt.get(transfer.to) : undefined;
    return to !== undefined && placesOf(resource).every((place) => wardAt.get(place) !== to);
  });
}

function bedOf(
  { isUsable, ...bed }: BedPlace,
  { taken, isOccupancyKnown, isOpen }: View & { isOpen: boolean },
  stay?: BoardStay,
): BoardBed {
  const isTaken = taken.has(bed.location);
  const free = isUsable && isOpen ? BedStatus.free : BedStatus.closed;
  const status = isTaken ? BedStatus.taken : isOccupancyKnown || free === BedStatus.closed ? free : "unknown";
  const { cleaning, ...rest } = bed;
  // A bed with a patient is no longer clean.
  return { ...rest, status, ...(cleaning && !(isTaken && cleaning === "clean") && { cleaning }), ...(stay && { stay }) };
}

/** Patients in the ward or in one of its rooms without a bed. */
function withoutBed(
  ward: BoardWard,
  stays: Found<Encounter>[],
  inBeds: ReadonlySet<BoardStay>,
  line: (stay: Found<Encounter>) => BoardStay,
): BoardStay[] {
  const places = new Set([ward.location, ...ward.rooms.map(({ location }) => location)]);
  return stays
    .filter(({ resource }) => placesOf(resource).some((place) => places.has(place)))
    .map(line)
    .filter((it) => !inBeds.has(it));
}

type Lines = { of(stay: Found<Encounter>): BoardStay; person(patient: string): ReturnType<typeof personOf> };

function linesOf(known: Known, now: Date): Lines {
  const patients = new Map(known.patients.map(({ resource }) => [`Patient/${resource.id}`, resource]));
  const person = (patient: string) => personOf(patient, patients.get(patient), now);
  const allergies = by(known.allergies, ({ patient }) => placeOf(patient));
  const flags = by(known.flags, ({ subject }) => placeOf(subject));
  const requests = by(known.requests, ({ subject }) => placeOf(subject));
  const conditions = new Map(known.conditions.map(({ resource }) => [`Condition/${resource.id}`, resource]));
  const made = new Map<string, BoardStay>();
  const of = ({ resource: stay, version }: Found<Encounter>): BoardStay => {
    const there = made.get(stay.id);
    if (there) return there;
    const patient = placeOf(stay.subject) ?? "";
    const admittedAt = stay.period?.start ?? "";
    const diagnosis = diagnosisOf(stay, conditions);
    const isolation = (flags.get(patient) ?? []).flatMap((flag) => isolationOf(flag, now) ?? [])[0];
    const physician = attendingOf(stay)?.individual;
    const transfer = transferOf(stay);
    const [reference, physicianName] = [placeOf(physician), physician?.display];
    const orders = (requests.get(patient) ?? []).filter(({ encounter }) => !encounter || placeOf(encounter) === `Encounter/${stay.id}`);
    const line: BoardStay = {
      stay: `Encounter/${stay.id}`,
      version,
      ...person(patient),
      admittedAt,
      days: daysSince(admittedAt, now),
      ...(diagnosis !== undefined && { diagnosis }),
      ...(isolation !== undefined && { isolation }),
      allergies: [...new Set(currentAllergies(allergies.get(patient) ?? []).map(({ code }) => textOf(code) ?? "?"))],
      ...(reference !== undefined && { physician: reference }),
      ...(physicianName !== undefined && { physicianName }),
      ...(transfer && { transfer }),
      ...(stay.status === "onleave" && { leave: { since: leftAt(stay) ?? admittedAt } }),
      waits: {
        results: known.results.get(patient) ?? 0,
        doses: known.doses.get(patient) ?? 0,
        transfers: (stay.location ?? []).filter(({ status }) => status === "planned" || status === "reserved").length,
        requests: orders.length,
      },
    };
    made.set(stay.id, line);
    return line;
  };
  return { of, person };
}

/** Midnights since then, by the hospital's clock. */
function daysSince(time: string, now: Date): number {
  const [start = now.getTime()] = intervalOf(time) ?? [];
  return Math.max(0, dayOf(now.getTime()) - dayOf(start));
}

const leftAt = ({ statusHistory = [] }: Encounter): string | undefined =>
  statusHistory.findLast(({ period }) => period.end !== undefined)?.period.end;

function diagnosisOf({ diagnosis = [], reasonCode = [] }: Encounter, conditions: ReadonlyMap<string, Condition>): string | undefined {
  const [first] = diagnosis;
  const place = placeOf(first?.condition);
  const recorded = place === undefined ? undefined : textOf(conditions.get(place)?.code);
  return first?.condition.display ?? recorded ?? reasonCode.flatMap((it) => textOf(it) ?? [])[0];
}

interface Concept {
  text?: string;
  coding?: { code?: string; display?: string }[];
}

const textOf = (concept: Concept | undefined): string | undefined =>
  concept?.text ?? concept?.coding?.find(({ display }) => display !== undefined)?.display ?? concept?.coding?.[0]?.code;

const has = (concept: Concept | undefined, codes: string[]): boolean =>
  concept?.coding?.some(({ code = "" }) => codes.includes(code)) ?? false;

function isolationOf({ status, code, category, period }: Flag, now: Date): string | undefined {
  const [, end = Number.POSITIVE_INFINITY] = (period?.end !== undefined && intervalOf(period.end)) || [];
  if (status !== "active" || end < now.getTime()) return undefined;
  const isIsolation = [code, ...(category ?? [])].some((it) => has(it, [ISOLATION]));
  return isIsolation ? textOf(code) : undefined;
}

function by<Of extends FhirResource>(found: Found<Of>[], key: (resource: Of) => string | undefined): Map<string, Of[]> {
  const groups = new Map<string, Of[]>();
  for (const { resource } of found) {
    const name = key(resource);
    if (name === undefined) continue;
    const group = groups.get(name);
    if (group) group.push(resource);
    else groups.set(name, [resource]);
  }
  return groups;
}

const URGENCY = { emergency: 0, newborn: 1, planned: 2 } as const;

/** The requests for this ward, or for any; the most urgent first, then the earliest. */
function waitingOf({ planned }: Known, person: Lines["person"], ward: string | undefined): WaitingRequest[] {
  const all = planned.map(({ resource, version }): WaitingRequest => {
    const request = requestOf(resource, version);
    return { ...person(placeOf(resource.subject) ?? ""), ...request, patient: placeOf(resource.subject) ?? "" };
  });
  const here = ward === undefined ? all : all.filter((it) => it.ward === undefined || it.ward === ward);
  const order = (a: WaitingRequest, b: WaitingRequest) =>
    URGENCY[a.kind] - URGENCY[b.kind] || (a.plannedFor ?? a.requestedAt).localeCompare(b.plannedFor ?? b.requestedAt);
  return here.sort(order);
}
