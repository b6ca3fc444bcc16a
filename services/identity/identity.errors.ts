import { Errors } from "moleculer";

const { MoleculerClientError, MoleculerRetryableError } = Errors;

/** Nobody has this login name or id. */
export const userNotFound = (user: string) =>
  new MoleculerClientError("No account has this login name or id.", 404, "USER_NOT_FOUND", { user });

/** Another account has this login name. */
export const loginTaken = (login: string) =>
  new MoleculerClientError("Another account has this login name: choose another.", 409, "LOGIN_TAKEN", { login });

/** Another account is this practitioner's. */
export const practitionerTaken = (practitioner: string) =>
  new MoleculerClientError("Another account belongs to this practitioner: close that first.", 409, "PRACTITIONER_TAKEN", { practitioner });

/** Another person has changed the account meanwhile. */
export const userChanged = (user: string) =>
  new MoleculerClientError("The account has been changed meanwhile: read it again, and say its version.", 409, "USER_CHANGED", { user });

/** Without an administrator nobody could make one. */
export const lastAdministrator = (user: string) =>
  new MoleculerClientError("This is the last administrator: make another first.", 409, "LAST_ADMINISTRATOR", { user });

/** The password would be guessed. */
export const passwordWeak = () =>
  new MoleculerClientError("The password must have 12 to 256 characters and must not be the login name.", 422, "PASSWORD_WEAK");

/** No client has this id. */
export const clientNotFound = (id: string) => new MoleculerClientError("No client has this id.", 404, "CLIENT_NOT_FOUND", { id });

/** There is no such patient for this person. */
export const patientNotFound = (patient: string) =>
  new MoleculerClientError("No patient has this id, or you may not see it.", 404, "PATIENT_NOT_FOUND", { patient });

/** Another client has this id. */
export const clientTaken = (id: string) =>
  new MoleculerClientError("Another client has this id: choose another.", 409, "CLIENT_TAKEN", { id });

/** What is said of the client does not go together. */
export const clientInvalid = (id: string, why: string) => new MoleculerClientError(why, 422, "CLIENT_INVALID", { id });

/** More people sign in than passwords can be checked. */
export const signInBusy = () =>
  new MoleculerRetryableError("Too many people sign in at this moment: try again in a few seconds.", 503, "SIGN_IN_BUSY", {
    retryAfter: 5,
  });

/** The machine's keys are not those that other machines sign with. */
export const keysDiffer = (folder: string) =>
  new MoleculerClientError(
    `The signing keys in ${folder} are not those of the other machines: give IDENTITY_KEYS the same files on each.`,
    500,
    "KEYS_DIFFER",
  );

/** No role has this name, or no change of it this version. */
export const roleNotFound = (role: string) =>
  new MoleculerClientError("There is no such role, or no such change of it.", 404, "ROLE_NOT_FOUND", { role });

/** An account or a client would have a role that gives nothing. */
export const roleUnknown = (roles: string[], known: string[]) =>
  new MoleculerClientError(`No role is named ${roles.join(", ")}. There are: ${known.join(", ")}.`, 422, "ROLE_UNKNOWN", { roles });

/** What is said of the role does not go together. */
export const roleInvalid = (role: string, why: string) =>
  new MoleculerClientError(`The role cannot be so: ${why}.`, 422, "ROLE_INVALID", { role });

/** Another person has changed the role meanwhile. */
export const roleStale = (role: string) =>
  new MoleculerClientError("The role has been changed meanwhile: read it again, and say its version.", 409, "ROLE_STALE", { role });

/** Nobody could change a role any more. */
export const roleLocksOut = () =>
  new MoleculerClientError('Administrators must keep "identity.*": otherwise nobody could change a role any more.', 409, "ROLE_LOCKS_OUT");

/** A change is confirmed by another person than who has made it. */
export const otherPersonNeeded = (role: string) =>
  new MoleculerClientError("Another administrator must confirm this change, or an operator (npm run admin).", 409, "OTHER_PERSON_NEEDED", {
    role,
  });

/** A change is decided upon once, and as long as no later one has been made. */
export const changeNotWaiting = (role: string) =>
  new MoleculerClientError("This change does not wait for anybody (any more).", 409, "CHANGE_NOT_WAITING", { role });
