import { Errors } from "moleculer";

const { MoleculerClientError, MoleculerRetryableError } = Errors;

/** 404: no account with this login name or id. */
export const userNotFound = (user: string) =>
  new MoleculerClientError("No account has this login name or id.", 404, "USER_NOT_FOUND", { user });

/** 409: another account has this login name. */
export const loginTaken = (login: string) =>
  new MoleculerClientError("Another account has this login name: choose another.", 409, "LOGIN_TAKEN", { login });

/** 409: another account belongs to this practitioner. */
export const practitionerTaken = (practitioner: string) =>
  new MoleculerClientError("Another account belongs to this practitioner: close that first.", 409, "PRACTITIONER_TAKEN", { practitioner });

/** 404: no such practitioner, or one who has left. */
export const practitionerNotFound = (practitioner: string) =>
  new MoleculerClientError("No practitioner who works here has this id: choose another.", 404, "PRACTITIONER_NOT_FOUND", { practitioner });

/** 409: another person has changed the account meanwhile. */
export const userChanged = (user: string) =>
  new MoleculerClientError("The account has changed meanwhile: read it again, and send its new version.", 409, "USER_CHANGED", { user });

/** 409: without an administrator nobody could create another. */
export const lastAdministrator = (user: string) =>
  new MoleculerClientError("This is the last administrator: make another first.", 409, "LAST_ADMINISTRATOR", { user });

/** 422: the password is too easy to guess. */
export const passwordWeak = () =>
  new MoleculerClientError("The password must have 12 to 256 characters and must not be the login name.", 422, "PASSWORD_WEAK");

/** 404: no client with this id. */
export const clientNotFound = (id: string) => new MoleculerClientError("No client has this id.", 404, "CLIENT_NOT_FOUND", { id });

/** 404: no such patient, or not visible to this person. */
export const patientNotFound = (patient: string) =>
  new MoleculerClientError("No patient has this id, or you may not see it.", 404, "PATIENT_NOT_FOUND", { patient });

/** 409: another client has this id. */
export const clientTaken = (id: string) =>
  new MoleculerClientError("Another client has this id: choose another.", 409, "CLIENT_TAKEN", { id });

/** 422: the properties of the client contradict each other. */
export const clientInvalid = (id: string, why: string) => new MoleculerClientError(why, 422, "CLIENT_INVALID", { id });

/** 503: more people sign in than passwords can be checked. */
export const signInBusy = () =>
  new MoleculerRetryableError("Too many people sign in at this moment: try again in a few seconds.", 503, "SIGN_IN_BUSY", {
    retryAfter: 5,
  });

/** 500: this machine's keys differ from those with which other machines sign. */
export const keysDiffer = (folder: string) =>
  new MoleculerClientError(
    `The signing keys in ${folder} are not those of the other machines: give IDENTITY_KEYS the same files on each.`,
    500,
    "KEYS_DIFFER",
  );

/** 404: no role with this name, or no change of it with this version. */
export const roleNotFound = (role: string) =>
  new MoleculerClientError("There is no such role, or no such change of it.", 404, "ROLE_NOT_FOUND", { role });

/** 422: an account or a client would have a role without rights. */
export const roleUnknown = (roles: string[], known: string[]) =>
  new MoleculerClientError(`No role is named ${roles.join(", ")}. There are: ${known.join(", ")}.`, 422, "ROLE_UNKNOWN", { roles });

/** 422: the rights of the role contradict each other. */
export const roleInvalid = (role: string, why: string) =>
  new MoleculerClientError(`The role is not valid: ${why}.`, 422, "ROLE_INVALID", { role });

/** 422: actions that do not exist would give the role less than was meant. */
export const actionUnknown = (role: string, actions: string[], nearest: string[]) =>
  new MoleculerClientError(
    `No service has the action ${actions.join(", ")}${nearest.length > 0 ? `: it may be ${nearest.join(", ")}` : ", and none is called similarly"}.`,
    422,
    "ACTION_UNKNOWN",
    { role, actions, nearest },
  );

/** 409: another person has changed the role meanwhile. */
export const roleStale = (role: string) =>
  new MoleculerClientError("The role has changed meanwhile: read it again, and send its new version.", 409, "ROLE_STALE", { role });

/** 409: nobody could change a role any more. */
export const roleLocksOut = () =>
  new MoleculerClientError('Administrators must keep "identity.*": otherwise nobody could change a role any more.', 409, "ROLE_LOCKS_OUT");

/** 409: a change must be confirmed by another person than its author. */
export const otherPersonNeeded = (role: string) =>
  new MoleculerClientError("Another administrator must confirm this change, or an operator (npm run admin).", 409, "OTHER_PERSON_NEEDED", {
    role,
  });

/** 409: a change can be decided once, while it is the last one. */
export const changeNotWaiting = (role: string) =>
  new MoleculerClientError(
    "This change does not wait for confirmation, or no longer: list the roles to see what does.",
    409,
    "CHANGE_NOT_WAITING",
    { role },
  );
