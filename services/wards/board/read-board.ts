/** Reads a board for one caller. */
import type { Context } from "moleculer";
import type { QueryContext } from "../../../federation/query-context.ts";
import { accessOf, asSystem, type Rights } from "../../../mesh/access/access.ts";
import { placeOf } from "../../../mixins/fhir/rules/common.ts";
import { pharmacy } from "../../pharmacy/pharmacy.contract.ts";
import { type Board, BoardPart } from "../board.contract.ts";
import { isStay, placesTakenBy } from "../occupancy.ts";
import { boardOf, conditionsOf } from "./board.model.ts";
import { bedsIn, type HouseWard } from "./house.ts";
import { type Answers, ask, ASKED_MS, hiddenFrom, isFailure, patientQuestions, stayQuestions } from "./board-sources.ts";
import type { Versions } from "./versions.ts";

/** The caller's rights; undefined if everything is permitted. */
function rightsOf(ctx: Context): Rights | undefined {
  const access = accessOf(ctx.broker);
  return access.isOpen ? undefined : access.rightsOf(access.identityOf(ctx));
}

/** What is needed to read a board. */
export interface BoardSources extends Pick<QueryContext, "directory"> {
  /** The wards to show. */
  house: HouseWard[];
  versions: Versions;
}

/** @param ward the only ward to show, "Location/…" */
export async function readBoard(ctx: Context, { directory, house, versions }: BoardSources, ward: string | undefined): Promise<Board> {
  const now = new Date();
  const hidden = hiddenFrom(rightsOf(ctx));
  const isHidden = new Set(hidden);
  const mesh: QueryContext = { caller: ctx, directory };
  // All who may see the board may know whether a bed is occupied; by whom depends on the caller's rights.
  const seesStays = !isHidden.has(BoardPart.stays);
  const asked = seesStays ? mesh : { ...mesh, caller: asSystem(ctx, "wards") };
  const stays = await ask(asked, stayQuestions(ward === undefined ? undefined : placesIn(house), bedsIn(house)), versions);
  const encounters = stays.of("Encounter");
  const present = encounters.filter(({ resource }) => resource.status !== "planned");
  // A visit makes its bed occupied, without a line of its own.
  const taken = new Set(present.flatMap(({ resource }) => placesTakenBy(resource, now)));
  const open = present.filter(({ resource }) => isStay(resource));
  const [inside, planned] = seesStays ? [open, encounters.filter(({ resource }) => resource.status === "planned")] : [[], []];
  const of = [...new Set([...inside, ...planned].flatMap(({ resource }) => placeOf(resource.subject) ?? []))];
  const questions = patientQuestions(of, conditionsOf(inside)).filter(({ part }) => !isHidden.has(part));
  const [more, doses]: [Answers, Counts] = await Promise.all([ask(mesh, questions, versions), dosesOf(mesh, of, isHidden)]);
  const unknown = [...new Set([...stays.unknown, ...more.unknown, ...(doses === undefined ? [BoardPart.doses] : [])])];
  const silent = [...new Set([...stays.silent, ...more.silent, ...(doses === undefined ? ["pharmacy"] : [])])].sort();
  const board = boardOf(
    { house, ...(ward !== undefined && { ward }), taken, isOccupancyKnown: !stays.unknown.has(BoardPart.stays), now },
    {
      stays: inside,
      planned,
      patients: more.of("Patient"),
      allergies: more.of("AllergyIntolerance"),
      flags: more.of("Flag"),
      conditions: more.of("Condition"),
      requests: more.of("ServiceRequest"),
      results: countsOf(more.of("Observation").map(({ resource }) => placeOf(resource.subject))),
      doses: new Map(Object.entries(doses ?? {})),
    },
  );
  return {
    ...(ward !== undefined && { ward }),
    at: now.toISOString(),
    isComplete: unknown.length === 0,
    unknown,
    silent,
    hidden,
    ...board,
  };
}

function countsOf(patients: (string | undefined)[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const patient of patients) if (patient !== undefined) counts.set(patient, (counts.get(patient) ?? 0) + 1);
  return counts;
}

type Counts = Record<string, number> | undefined;

/** Number of doses due by patient; undefined: unknown now. */
async function dosesOf(mesh: QueryContext, patients: string[], isHidden: ReadonlySet<BoardPart>): Promise<Counts> {
  const { caller, directory } = mesh;
  const isKept = directory.services().some(({ service }) => service === "pharmacy");
  if (!isKept || patients.length === 0 || isHidden.has(BoardPart.doses)) return {};
  if (directory.isDown("pharmacy")) return undefined;
  return pharmacy.countDue(caller, { patients }, { timeout: ASKED_MS }).catch((error: unknown) => {
    if (isFailure(error)) return undefined;
    throw error;
  });
}

const placesIn = (house: HouseWard[]): string[] =>
  house.flatMap(({ location, rooms }) => [location, ...rooms.flatMap((room) => [room.location, ...room.beds.map((bed) => bed.location)])]);
