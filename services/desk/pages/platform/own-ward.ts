/** The ward in which a person works: the one last chosen in this browser. */
import type { Board, BoardStay, BoardWard } from "../../../wards/board.contract.ts";
import type { wards as wardsContract } from "../../../wards/wards.contract.ts";
import { actionsOf } from "./api.ts";
import { type Loaded, useLoad } from "./load.ts";
import { person } from "./sign-in.ts";

const wards = actionsOf<typeof wardsContract>("wards");
const KEPT_AS = "desk.ward";

let asking: Promise<Board> | undefined;

/** The current board of all wards. Concurrent requests by parts of a page share one answer: for a large hospital it is the most expensive one. */
export function boardOfAllWards(): Promise<Board> {
  if (!asking) {
    asking = wards.board({});
    setTimeout(() => {
      asking = undefined; // later requests may follow a change
    });
  }
  return asking;
}

/** The current board of all wards: to choose a ward, and for the names of places. */
export const useAllWards = (): Loaded<Board> => useLoad("all wards", boardOfAllWards);

/** "Location/…"; undefined if none was chosen in this browser yet. */
export function ownWard(): string | undefined {
  const id = localStorage.getItem(KEPT_AS);
  return id === null ? undefined : `Location/${id}`;
}

/** @param location "Location/…" */
export const chooseWard = (location: string): void => localStorage.setItem(KEPT_AS, location.split("/")[1] ?? "");

const isInhabited = ({ rooms, withoutBed }: BoardWard): boolean =>
  withoutBed.length > 0 || rooms.some(({ beds }) => beds.some(({ stay }) => stay !== undefined));

/** The requested ward if it exists, else the own one, else the first with patients. */
export const wardOf = (wards: BoardWard[], wished = ownWard()): BoardWard | undefined =>
  wards.find(({ location }) => location === wished) ?? wards.find(isInhabited) ?? wards[0];

/** Whether a place is the ward, or one of its rooms and beds. @param place "Location/…" */
export const isIn = ({ location, rooms }: Pick<BoardWard, "location" | "rooms">, place: string): boolean =>
  location === place || rooms.some((room) => room.location === place || room.beds.some((bed) => bed.location === place));

/** All patients in a ward, in beds or not. */
export const staysIn = ({ rooms, withoutBed }: Pick<BoardWard, "rooms" | "withoutBed">) => [
  ...withoutBed,
  ...rooms.flatMap(({ beds }) => beds.flatMap(({ stay }) => stay ?? [])),
];

/** Whether the signed-in person is the responsible physician. */
export const isOwn = ({ physician }: BoardStay): boolean => physician !== undefined && physician === person.value?.fhirUser;
