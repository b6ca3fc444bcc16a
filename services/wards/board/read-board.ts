/** Reads a board for one caller. */
import type { Context } from "moleculer";
import type { QueryContext } from "../../../federation/query-context.ts";
import type { Encounter } from "../../../fhir/r4.ts";
import { accessOf, asSystem, type Rights } from "../../../mesh/access/access.ts";
import { placeOf } from "../../../mixins/fhir/rules/common.ts";
import { pharmacy } from "../../pharmacy/pharmacy.contract.ts";
import { type Board, BoardPart } from "../board.contract.ts";
import { isStay, placesTakenBy } from "../occupancy.ts";
import { boardOf, conditionsOf } from "./board.model.ts";
import { bedsIn, type WardPlace } from "./ward-tree.ts";
import {
  type Answers,
  ask,
  ASKED_MS,
  type BoardQuestion,
  hiddenFrom,
  isFailure,
  lastAnswers,
  patientQuestions,
  stayQuestions,
  withMore,
} from "./board-sources.ts";
import type { Found, Versions } from "./versions.ts";

/** The caller's rights; undefined if everything is permitted. */
function rightsOf(ctx: Context): Rights | undefined {
  const access = accessOf(ctx.broker);
  return access.isOpen ? undefined : access.rightsOf(access.identityOf(ctx));
}

/** What is needed to read a board. */
export interface BoardSources extends Pick<QueryContext, "directory"> {
  /** The wards to show. */
  tree: WardPlace[];
  versions: Versions;
}

/** The stays and requests on a board, their patients ("Patient/…"), and their diagnoses ("Condition/…"). */
interface Shown {
  stays: Found<Encounter>[];
  planned: Found<Encounter>[];
  patients: string[];
  conditions: string[];
}

function shownOf(encounters: Found<Encounter>[]): Shown {
  const planned = encounters.filter(({ resource }) => resource.status === "planned");
  const stays = encounters.filter(({ resource }) => resource.status !== "planned" && isStay(resource));
  const patients = new Set([...stays, ...planned].flatMap(({ resource }) => placeOf(resource.subject) ?? []));
  return { stays, planned, patients: [...patients], conditions: conditionsOf(stays) };
}

/** What is known of the patients. */
interface Facts {
  answers: Answers;
  /** Number of doses due, by patient. */
  doses: Record<string, number>;
}

/**
 * The stays are asked for together with the facts about the patients of the last answer, each service once. A second round asks about those only who
 * have come since then.
 * @param ward the only ward to show, "Location/…"
 */
export async function readBoard(ctx: Context, { directory, tree, versions }: BoardSources, ward: string | undefined): Promise<Board> {
  const now = new Date();
  const hidden = hiddenFrom(rightsOf(ctx));
  // All who may see the board may know whether a bed is occupied; by whom depends on the caller's rights.
  const seesStays = !hidden.includes(BoardPart.stays);
  const mesh: QueryContext = { caller: seesStays ? ctx : asSystem(ctx, "wards"), directory };
  const about = async (patients: string[], conditions: string[], more: BoardQuestion[] = []): Promise<Facts> => {
    const questions = patientQuestions(patients, conditions).filter(({ part }) => !hidden.includes(part));
    const [answers, doses] = await Promise.all([ask(mesh, [...more, ...questions], versions), dosesOf(mesh, patients, hidden)]);
    if (!doses) answers.unknown.set(BoardPart.doses, new Set(["pharmacy"]));
    return { answers, doses: doses ?? {} };
  };
  const questions = stayQuestions(ward === undefined ? undefined : placesIn(tree), bedsIn(tree));
  const expected = shownOf(seesStays ? lastAnswers(mesh, questions, versions) : []);
  let { answers, doses } = await about(expected.patients, expected.conditions, questions);
  const encounters = answers.of("Encounter");
  const shown = shownOf(seesStays ? encounters : []);
  const came = [without(shown.patients, expected.patients), without(shown.conditions, expected.conditions)] as const;
  if (came.flat().length > 0) {
    const more = await about(...came);
    answers = withMore(answers, more.answers);
    doses = { ...doses, ...more.doses };
  }
  const present = encounters.filter(({ resource }) => resource.status !== "planned");
  // A visit makes its bed occupied, without a line of its own.
  const taken = new Set(present.flatMap(({ resource }) => placesTakenBy(resource, now)));
  // Nothing is unknown about patients who have left.
  const unknown = [...answers.unknown.keys()].filter((part) => part === BoardPart.stays || shown.patients.length > 0);
  const silent = [...new Set(unknown.flatMap((part) => [...(answers.unknown.get(part) ?? [])]))].sort();
  const board = boardOf(
    { tree, ...(ward !== undefined && { ward }), taken, isOccupancyKnown: !unknown.includes(BoardPart.stays), now },
    {
      stays: shown.stays,
      planned: shown.planned,
      patients: answers.of("Patient"),
      allergies: answers.of("AllergyIntolerance"),
      flags: answers.of("Flag"),
      conditions: answers.of("Condition"),
      requests: answers.of("ServiceRequest"),
      results: countsOf(answers.of("Observation").map(({ resource }) => placeOf(resource.subject))),
      doses: new Map(Object.entries(doses)),
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

function without(all: string[], known: string[]): string[] {
  const left = new Set(known);
  return all.filter((it) => !left.has(it));
}

function countsOf(patients: (string | undefined)[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const patient of patients) if (patient !== undefined) counts.set(patient, (counts.get(patient) ?? 0) + 1);
  return counts;
}

type Counts = Record<string, number> | undefined;

/** Number of doses due by patient; undefined: unknown now. */
async function dosesOf(mesh: QueryContext, patients: string[], hidden: BoardPart[]): Promise<Counts> {
  const { caller, directory } = mesh;
  const isKept = directory.services().some(({ service }) => service === "pharmacy");
  if (!isKept || patients.length === 0 || hidden.includes(BoardPart.doses)) return {};
  if (directory.isDown("pharmacy")) return undefined;
  return pharmacy.countDue(caller, { patients }, { timeout: ASKED_MS }).catch((error: unknown) => {
    if (isFailure(error)) return undefined;
    throw error;
  });
}

const placesIn = (tree: WardPlace[]): string[] =>
  tree.flatMap(({ location, rooms }) => [location, ...rooms.flatMap((room) => [room.location, ...room.beds.map((bed) => bed.location)])]);
