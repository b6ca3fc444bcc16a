/** Work in the wards: for the nurses of one, and for a physician in all of them. */
import type { pharmacy as pharmacyContract } from "../../../../pharmacy/pharmacy.contract.ts";
import type { Board, BoardPart, BoardStay, BoardWard } from "../../../../wards/board.contract.ts";
import { actionsOf } from "../../platform/api.ts";
import { boardOfAllWards, isIn, isOwn, ownWard, staysIn, wardOf } from "../../platform/own-ward.ts";
import { t } from "../../platform/texts.ts";
import { ownDrafts } from "../mine/own-drafts.ts";
import type { Counted, Source } from "./work.ts";

const pharmacy = actionsOf<typeof pharmacyContract>("pharmacy");
/** As on the round, minutes. */
const AHEAD_MINUTES = 60;
const ON_BOARD = ["Encounter", "Location", "Observation"];

const sum = (stays: BoardStay[], of: keyof BoardStay["waits"]): number => stays.reduce((all, { waits }) => all + waits[of], 0);

/** A number that is known only if this part of the board is. */
const ifKnown = ({ unknown }: Board, part: BoardPart, n: number): Pick<Counted, "n"> => (unknown.includes(part) ? {} : { n });

/** Of a hospital without wards nothing is unknown: what waits is listed without one. */
const NO_WARD: Pick<BoardWard, "location" | "rooms" | "withoutBed"> = { location: "", rooms: [], withoutBed: [] };

function inWard(board: Board, ward: typeof NO_WARD) {
  const id = ward.location;
  const requests = board.waiting.filter((one) => one.ward === undefined || one.ward === id);
  const emergencies = requests.filter(({ kind }) => kind === "emergency").length;
  const unclean = ward.rooms.flatMap(({ beds }) => beds).filter(({ cleaning }) => cleaning === "dirty" || cleaning === "cleaning").length;
  const results = ifKnown(board, "results", sum(staysIn(ward), "results"));
  return {
    "work.requests": {
      ...ifKnown(board, "stays", requests.length),
      ...(emergencies > 0 && { says: () => t("work.emergencies", { n: emergencies }), isUrgent: true }),
      place: ["ward", id, "waiting"],
    },
    "work.coming": {
      ...ifKnown(board, "stays", board.coming.filter(({ transfer }) => transfer && isIn(ward, transfer.to)).length),
      place: ["ward", id, "waiting"],
    },
    "work.results": { ...results, isUrgent: (results.n ?? 0) > 0, place: ["ward", id, "results"] },
    "work.cleaning": { n: unclean, place: ["ward", id, "cleaning"] },
  } as const;
}

/** The ward of a person who has not chosen one yet. */
const firstWard = async (): Promise<string | undefined> => wardOf((await boardOfAllWards()).wards)?.location;

/** In the order in which they are shown. */
export const careSources: readonly Source[] = [
  {
    name: "work of the ward",
    roles: ["nurse", "midwife"],
    types: ON_BOARD,
    isOfWard: true,
    works: ["work.requests", "work.coming", "work.results", "work.cleaning"],
    async read() {
      const board = await boardOfAllWards();
      return inWard(board, wardOf(board.wards) ?? NO_WARD);
    },
  },
  {
    name: "doses of the ward",
    roles: ["nurse", "midwife"],
    types: ["Encounter", "MedicationAdministration", "MedicationRequest"],
    isOfWard: true,
    works: ["work.doses"],
    async read() {
      const ward = ownWard() ?? (await firstWard());
      if (ward === undefined) return { "work.doses": { n: 0, place: ["round"] } };
      const doses = await pharmacy.due({ ward, aheadMinutes: AHEAD_MINUTES });
      const late = doses.filter(({ isLate }) => isLate).length;
      return {
        "work.doses": {
          n: doses.length,
          ...(late > 0 && { says: () => t("work.late", { n: late }), isUrgent: true }),
          place: ["round", ward],
        },
      };
    },
  },
  {
    name: "own patients",
    roles: ["physician"],
    types: ON_BOARD,
    works: ["work.mine", "work.myResults"],
    async read() {
      const board = await boardOfAllWards();
      const mine = board.wards.flatMap(staysIn).filter(isOwn);
      const results = ifKnown(board, "results", sum(mine, "results"));
      return {
        "work.mine": { ...ifKnown(board, "stays", mine.length), place: ["mine"] },
        "work.myResults": { ...results, isUrgent: (results.n ?? 0) > 0, place: ["mine", "", "critical"] },
      };
    },
  },
  {
    name: "own notes",
    roles: ["physician"],
    types: ["DocumentReference"],
    works: ["work.notes"],
    read: async () => ({ "work.notes": { n: (await ownDrafts()).all.length, place: ["mine", "", "notes"] } }),
  },
];
