/** The ward that somebody works in: the one that was chosen last in this browser. */
import type { Board, BoardStay, BoardWard } from "../../../wards/board.contract.ts";
import type { wards as wardsContract } from "../../../wards/wards.contract.ts";
import { actionsOf } from "./api.ts";
import { type Loaded, useLoad } from "./load.ts";
import { person } from "./sign-in.ts";

const wards = actionsOf<typeof wardsContract>("wards");
const KEPT_AS = "desk.ward";

let asking: Promise<Board> | undefined;

/** All wards as they stand now. Parts of a page that ask in one moment have one answer: of a big house it is the heaviest of all. */
export function houseBoard(): Promise<Board> {
  if (!asking) {
    asking = wards.board({});
    setTimeout(() => {
      asking = undefined; // who asks later may have heard of a change
    });
  }
  return asking;
}

/** All wards as they stand now: to choose one, and for the names of places. */
export const useHouse = (): Loaded<Board> => useLoad("wards of the house", houseBoard);

/** "Location/…"; undefined: none was chosen in this browser yet. */
export function ownWard(): string | undefined {
  const id = localStorage.getItem(KEPT_AS);
  return id === null ? undefined : `Location/${id}`;
}

/** @param location "Location/…" */
export const chooseWard = (location: string): void => localStorage.setItem(KEPT_AS, location.split("/")[1] ?? "");

const isInhabited = ({ rooms, withoutBed }: BoardWard): boolean =>
  withoutBed.length > 0 || rooms.some(({ beds }) => beds.some(({ stay }) => stay !== undefined));

/** One of these: the one that is wished for, else the own, else the first with somebody in it. */
export const wardOf = (wards: BoardWard[], wished = ownWard()): BoardWard | undefined =>
  wards.find(({ location }) => location === wished) ?? wards.find(isInhabited) ?? wards[0];

/** Whether a place is the ward, or one of its rooms and beds. @param place "Location/…" */
export const isIn = ({ location, rooms }: BoardWard, place: string): boolean =>
  location === place || rooms.some((room) => room.location === place || room.beds.some((bed) => bed.location === place));

/** Everybody who is in a ward, in a bed or not. */
export const staysIn = ({ rooms, withoutBed }: BoardWard) => [
  ...withoutBed,
  ...rooms.flatMap(({ beds }) => beds.flatMap(({ stay }) => stay ?? [])),
];

/** Whether who has signed in is the physician who is responsible for it. */
export const isOwn = ({ physician }: BoardStay): boolean => physician !== undefined && physician === person.value?.fhirUser;
