import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

/** Type of `wardAlreadyOpen`, for callers and for the unique key. */
export const WARD_ALREADY_OPEN = "WARD_ALREADY_OPEN";

/** Type of `bedNameTaken`, for callers and for the unique key. */
export const BED_NAME_TAKEN = "BED_NAME_TAKEN";

/** 409: bed names are unique within a room. */
export const bedNameTaken = () =>
  new MoleculerClientError("A bed of this room has this name already: choose another.", 409, BED_NAME_TAKEN);

/** 409: names of active wards are unique. */
export const wardAlreadyOpen = () =>
  new MoleculerClientError("An open ward has this name already: choose another, or close that one first.", 409, WARD_ALREADY_OPEN);

/** 404: there is no such ward, room or bed. */
export const placeNotFound = (location: string) =>
  new MoleculerClientError("No ward, room or bed has this id.", 404, "PLACE_NOT_FOUND", { location });

/** 409: rooms can only be added to wards. */
export const notAWard = (location: string) =>
  new MoleculerClientError("This location is no ward: name the ward.", 409, "NOT_A_WARD", { location });

/** 409: beds can only be added to rooms. */
export const notARoom = (location: string) =>
  new MoleculerClientError("This location is no room: name the room to which the beds belong.", 409, "NOT_A_ROOM", { location });

/** 409: only beds have a cleaning status. */
export const notAWardBed = (location: string) =>
  new MoleculerClientError("This location is no bed: name a bed.", 409, "NOT_A_WARD_BED", { location });

/** 409: nothing can be added to a closed place. */
export const wardIsClosed = (location: string) =>
  new MoleculerClientError("The room or the ward is closed: open it again first.", 409, "WARD_IS_CLOSED", { location });

/** 409: a dirty bed is being cleaned before it is clean. */
export const cleaningStep = (location: string) =>
  new MoleculerClientError("A dirty bed must be in cleaning before it is clean.", 409, "CLEANING_STEP", { location });

/** 409: a patient is there. `data.beds` names the beds. */
export const stillOccupied = (location: string, beds: string[]) =>
  new MoleculerClientError("A patient is still there: transfer or discharge the patient first.", 409, "STILL_OCCUPIED", { location, beds });

/** 409: a concurrent write came first. @param version the stored one, if it is known */
export const placeChanged = (location: string, version?: number) =>
  new MoleculerClientError("Another person has changed it meanwhile: read it, combine both changes, and try again.", 409, "PLACE_CHANGED", {
    location,
    ...(version !== undefined && { version }),
  });

/** 409: invalid period of a census. */
export const daysImpossible = () =>
  new MoleculerClientError("`to` must not be before `from`, and at most 92 days may be between them.", 409, "DAYS_IMPOSSIBLE");

/** 409: too many stays in the period. */
export const censusTooLarge = () =>
  new MoleculerClientError("Too many stays in these days: ask for fewer days at once.", 409, "CENSUS_TOO_LARGE");
