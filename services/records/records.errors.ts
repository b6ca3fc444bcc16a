import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

/** 409: a draft is not signed. */
export const notFinished = (reference: string) =>
  new MoleculerClientError("It is not finished: make it final (a prescription: active) before you sign it.", 409, "NOT_FINISHED", {
    reference,
  });

/** 403: a signature is a Practitioner's. */
export const noPractitioner = () =>
  new MoleculerClientError("Your account belongs to no Practitioner: an administrator can say which one you are.", 403, "NO_PRACTITIONER");

/** 409: there is more than can be looked at. */
export const tooManySignatures = (reference: string) =>
  new MoleculerClientError("It has more signatures than are verified at once: ask for the Provenances.", 409, "TOO_MANY_SIGNATURES", {
    reference,
  });
